"""What can befall a checkout, and where."""

from __future__ import annotations

from typing import NamedTuple

FAULTS: dict[str, str] = {
    "refused": "the answer is no, and nothing was done",
    "failed": "the handler breaks, before it did anything or after it did everything",
    "timeout, applied": "it is done, and the reply comes when the caller has left",
    "timeout, not applied": "the request comes after its deadline, and is not begun",
    "crash before": "caller or service dies before it is done, and comes back",
    "crash after": "caller or service dies after it is done and before that is known, and comes back",
    "reply lost": "it is done, and nobody hears of it",
    "duplicated": "request and reply come twice, the copies late, to a service that knows no deadlines",
    "reordered": "requests come late and overtake one another, to a service that knows no deadlines",
    "partition, request": "the request meets a cut between the two",
    "partition, reply": "it is done, and the reply meets a cut between the two",
}
"""Fault → what befalls a step, until it heals."""


class Place(NamedTuple):
    """Where a step happens: an *operation* of another service, or the event that orders write in their own store."""

    service: str
    operation: str

    @property
    def is_local(self) -> bool:
        return self.service == "orders"


STEPS: dict[str, Place] = {
    "create_order": Place("orders", "OrderCreated"),
    "reserve_payment": Place("payments", "ReservePayment"),
    "reserve_inventory": Place("inventory", "ReserveInventory"),
    "schedule_shipping": Place("shipping", "ScheduleShipping"),
    "capture_payment": Place("payments", "CapturePayment"),
    "dispatch": Place("shipping", "DispatchShipment"),
    "confirm_order": Place("orders", "OrderConfirmed"),
}
"""The steps of the checkout, and where each happens."""

UNDOINGS: dict[str, Place] = {
    "cancel_shipping": Place("shipping", "CancelShipping"),
    "release_inventory": Place("inventory", "ReleaseInventory"),
    "release_payment": Place("payments", "ReleasePayment"),
    "cancel_order": Place("orders", "OrderCancelled"),
}
"""Its compensations, in the order in which they come, and where each happens."""

PLACES: dict[str, Place] = {**STEPS, **UNDOINGS}
