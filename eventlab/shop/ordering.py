"""What orders remember, and how they decide. Who the customer is comes from orders' own copy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import msgspec
from msgspec.structs import replace

from eventlab.codec import event
from eventlab.commands import Command
from eventlab.errors import Refused
from eventlab.sagas.events import SagaStarted
from eventlab.shop.keeping import cancelled, differs, not_possible
from eventlab.shop.messages import Line
from eventlab.shop.owners import ORDERS, named
from eventlab.shop.profiles import CustomerProfileRecorded
from eventlab.store import StoredEvent, StreamId


@event("OrderCreated")
@dataclass(frozen=True, slots=True)
class OrderCreated:
    """*profile_version* says on which version of the customer's profile it rests, and so how old that was."""

    order_id: str
    customer_id: str
    address: str
    lines: tuple[Line, ...]
    total_cents: int
    profile_version: int


@event("OrderConfirmed")
@dataclass(frozen=True, slots=True)
class OrderConfirmed:
    order_id: str


@event("OrderCancelled")
@dataclass(frozen=True, slots=True)
class OrderCancelled:
    """The order is off; if it was not there before, it never will be."""

    order_id: str


class Order(msgspec.Struct, frozen=True):
    """One order, the customer who placed it, and whether its checkout has begun, where that is read as well."""

    status: Literal["unknown", "created", "confirmed", "cancelled"] = "unknown"
    created: OrderCreated | None = None
    customer: CustomerProfileRecorded | None = None
    in_checkout: bool = False

    def after(self, event: object) -> Order:
        match event:
            case OrderCreated():
                return replace(self, status="created", created=event)
            case OrderConfirmed():
                return replace(self, status="confirmed")
            case OrderCancelled():
                return replace(self, status="cancelled")
            case CustomerProfileRecorded():
                return replace(self, customer=event)
            case SagaStarted():
                return replace(self, in_checkout=True)
        return self


class OnOrder(Command[Order]):
    """A command on one order."""

    owner = ORDERS

    def initial(self) -> Order:
        return Order()

    def apply(self, state: Order, stored: StoredEvent) -> Order:
        return state.after(stored.event)


@dataclass(frozen=True)
class CreateOrder(OnOrder):
    """Reads the customer's stream as well: the order rests on the very version that was read."""

    order: StreamId
    customer: StreamId
    order_id: str
    customer_id: str
    lines: tuple[Line, ...]

    def handle(self, state: Order) -> Iterable[tuple[str, object]]:
        if state.status == "cancelled":
            raise cancelled("the creation", self.order_id)
        if state.created is not None:
            if (state.created.customer_id, state.created.lines) != (self.customer_id, self.lines):
                raise differs("the creation", self.order_id)
            return ()
        if state.customer is None:
            raise Refused("unknown_customer", f"nobody knows customer {self.customer_id}")
        self._check_lines()
        total_cents = sum(line.total_cents for line in self.lines)
        address, version = state.customer.address, state.customer.version
        created = OrderCreated(self.order_id, self.customer_id, address, self.lines, total_cents, version)
        return [(self.order, created)]

    def _check_lines(self) -> None:
        if not self.lines:
            raise Refused("no_items", f"order {self.order_id} has no lines")
        for line in self.lines:
            if line.quantity < 1:
                raise Refused("bad_quantity", f"order {self.order_id} wants {line.quantity} of {line.title}")
            if line.total_cents < 0:
                raise Refused("bad_amount", f"order {self.order_id} pays {line.total_cents} cents for {line.title}")


@dataclass(frozen=True)
class ConfirmOrder(OnOrder):
    order: StreamId
    order_id: str

    def handle(self, state: Order) -> Iterable[tuple[str, object]]:
        if state.status in ("unknown", "cancelled"):
            raise not_possible("not_open", "the state", self.order_id, state.status)
        return [(self.order, OrderConfirmed(self.order_id))] if state.status == "created" else ()


@dataclass(frozen=True)
class CancelOrder(OnOrder):
    order: StreamId
    order_id: str

    def handle(self, state: Order) -> Iterable[tuple[str, object]]:
        if state.status == "confirmed":
            raise not_possible("confirmed", "the state", self.order_id, state.status)
        return [(self.order, OrderCancelled(self.order_id))] if state.status != "cancelled" else ()


@dataclass(frozen=True)
class CallOffOrder(CancelOrder):
    """Cancel an order that has no checkout. Reads the checkout's own stream, so none can begin in between."""

    saga: StreamId

    def handle(self, state: Order) -> Iterable[tuple[str, object]]:
        if state.in_checkout and state.status != "cancelled":
            raise Refused(
                "in_checkout",
                f"the checkout of order {self.order_id} has begun, and it alone can undo what it did",
                {"order_id": self.order_id},
            )
        return super().handle(state)


def order_stream(order_id: str) -> StreamId:
    return named("order", order_id)
