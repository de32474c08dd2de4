"""A saga as it is usually first written: it asks, and takes the asking for the having.

What is wrong with it:

- there are only requests and no outcomes, so nothing can ever be known to have failed;
- a flag moves when a step is *requested*: the next run moves on before any answer,
  and the saga completes while nobody answered;
- nothing sets ``compensation_needed``; and if something did, a cancellation moves no
  flag, so the first one is requested again, for ever;
- there is no end: a completed saga completes again on every run;
- order and customer come with every run, so a later run can change them midway;
- the requests carry no key, so nobody can tell a repetition from a new wish.

The sound one is `eventlab.sagas`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace

from eventlab.codec import event
from eventlab.commands import Command, execute
from eventlab.store import EventStore, StoredEvent, StreamId


@event("NaiveOrderCreationRequested")
@dataclass(frozen=True, slots=True)
class OrderCreationRequested:
    order_id: str


@event("NaivePaymentReservationRequested")
@dataclass(frozen=True, slots=True)
class PaymentReservationRequested:
    customer_id: str
    amount_cents: int


@event("NaiveInventoryReservationRequested")
@dataclass(frozen=True, slots=True)
class InventoryReservationRequested:
    order_id: str


@event("NaiveShippingScheduleRequested")
@dataclass(frozen=True, slots=True)
class ShippingScheduleRequested:
    order_id: str


@event("NaiveSagaCompleted")
@dataclass(frozen=True, slots=True)
class SagaCompleted:
    pass


@event("NaiveShippingCancellationRequested")
@dataclass(frozen=True, slots=True)
class ShippingCancellationRequested:
    pass


@event("NaiveInventoryReleaseRequested")
@dataclass(frozen=True, slots=True)
class InventoryReleaseRequested:
    pass


@event("NaivePaymentReleaseRequested")
@dataclass(frozen=True, slots=True)
class PaymentReleaseRequested:
    pass


@event("NaiveOrderCancellationRequested")
@dataclass(frozen=True, slots=True)
class OrderCancellationRequested:
    pass


@event("NaiveCompensationCompleted")
@dataclass(frozen=True, slots=True)
class CompensationCompleted:
    pass


@dataclass(frozen=True)
class DistributedSagaState:
    """Seven fields, of which the last two never change."""

    order_created: bool = False
    payment_reserved: bool = False
    inventory_reserved: bool = False
    shipping_scheduled: bool = False
    completed: bool = False
    compensation_needed: bool = False
    failed_step: str | None = None


@dataclass(frozen=True)
class DistributedOrderSaga(Command[DistributedSagaState]):
    """One run takes one step. *compensation_needed* stands in for the missing code that would set it."""

    saga: StreamId
    order_id: str
    customer_id: str
    amount_cents: int
    compensation_needed: bool = False

    def initial(self) -> DistributedSagaState:
        return DistributedSagaState(compensation_needed=self.compensation_needed)

    def apply(self, state: DistributedSagaState, stored: StoredEvent) -> DistributedSagaState:
        match stored.event:
            case OrderCreationRequested():
                return replace(state, order_created=True)
            case PaymentReservationRequested():
                return replace(state, payment_reserved=True)
            case InventoryReservationRequested():
                return replace(state, inventory_reserved=True)
            case ShippingScheduleRequested():
                return replace(state, shipping_scheduled=True)
            case SagaCompleted():
                return replace(state, completed=True)
        return state

    def handle(self, state: DistributedSagaState) -> Iterable[tuple[str, object]]:
        step = self._compensation(state) if state.compensation_needed else self._forward(state)
        return [(self.saga, step)]

    def _forward(self, state: DistributedSagaState) -> object:
        if not state.order_created:
            return OrderCreationRequested(self.order_id)
        if not state.payment_reserved:
            return PaymentReservationRequested(self.customer_id, self.amount_cents)
        if not state.inventory_reserved:
            return InventoryReservationRequested(self.order_id)
        if not state.shipping_scheduled:
            return ShippingScheduleRequested(self.order_id)
        return SagaCompleted()

    def _compensation(self, state: DistributedSagaState) -> object:
        if state.shipping_scheduled:
            return ShippingCancellationRequested()
        if state.inventory_reserved:
            return InventoryReleaseRequested()
        if state.payment_reserved:
            return PaymentReleaseRequested()
        if state.order_created:
            return OrderCancellationRequested()
        return CompensationCompleted()


Send = Callable[[object], Awaitable[None]]
"""Hands a request to whoever carries it out. Nothing comes back."""


async def run_once(store: EventStore, saga: DistributedOrderSaga, send: Send) -> object:
    """One run: decide on one request, remember it, send it off, and hope. Returns the request."""
    executed = await execute(store, saga)
    ((_, request),) = executed.events
    await send(request)
    return request
