"""What a checkout's log calls its intents: what was asked for, in the words of the shop.

An intent says that something was asked for, and nothing about whether it happened: only outcomes do
(`StepSucceeded`, `StepFailed`, `StepCompensated`…). What comes after the point of no return has no name of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

from eventlab.codec import event
from eventlab.sagas.events import CompensationRequested, StepRequested


@event("OrderCreationRequested")
@dataclass(frozen=True, slots=True)
class OrderCreationRequested(StepRequested):
    """The order is about to be created."""


@event("PaymentReservationRequested")
@dataclass(frozen=True, slots=True)
class PaymentReservationRequested(StepRequested):
    """The money is about to be reserved."""


@event("InventoryReservationRequested")
@dataclass(frozen=True, slots=True)
class InventoryReservationRequested(StepRequested):
    """The stock is about to be reserved."""


@event("ShippingScheduleRequested")
@dataclass(frozen=True, slots=True)
class ShippingScheduleRequested(StepRequested):
    """The parcel is about to be scheduled."""


@event("ShippingCancellationRequested")
@dataclass(frozen=True, slots=True)
class ShippingCancellationRequested(CompensationRequested):
    """The parcel is about to be cancelled."""


@event("InventoryReleaseRequested")
@dataclass(frozen=True, slots=True)
class InventoryReleaseRequested(CompensationRequested):
    """The stock is about to be released."""


@event("PaymentReleaseRequested")
@dataclass(frozen=True, slots=True)
class PaymentReleaseRequested(CompensationRequested):
    """The money is about to be released."""


@event("OrderCancellationRequested")
@dataclass(frozen=True, slots=True)
class OrderCancellationRequested(CompensationRequested):
    """The order is about to be cancelled."""


INTENTS: dict[str, tuple[type[StepRequested], type[CompensationRequested]]] = {
    "create_order": (OrderCreationRequested, OrderCancellationRequested),
    "reserve_payment": (PaymentReservationRequested, PaymentReleaseRequested),
    "reserve_inventory": (InventoryReservationRequested, InventoryReleaseRequested),
    "schedule_shipping": (ShippingScheduleRequested, ShippingCancellationRequested),
}
"""Step → what asking for it is called, and asking to undo it."""
