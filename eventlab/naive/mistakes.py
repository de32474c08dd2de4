"""Six mistakes that examples of event-sourced shops have in common, each as small as it can be.

1. *A failure told as a success* (`PolitePayments`): the decline is recorded, and the answer is ``Done``.
   Whoever listens for an error goes on, and an order ships that nobody has paid for.
2. *Chance in a decision* (`DrawnPayment`): `handle` is asked again after a conflict, and decides otherwise.
3. *A saga id made in a decision* (`StartedAnew`): nobody can derive it, so asking twice makes two sagas,
   and after a crash nobody finds the one.
4. *Foreign streams* (`OnSharedOrder`): all services write to the order's one stream. They get in one
   another's way, and each must know the events of all others, or overlook what they mean.
5. *One stream for everything* (`ReserveFromOne`): every order conflicts with every other,
   though they want different titles.
6. *Unknown stock is one* (`ReserveFromOne` again): what was never received can be sold once.

The sound ones: `eventlab.shop.payments` (1, 2: the limit comes in by the command), `SagaEngine` (3: the
saga has the order's id), an `Owner` for each service (4), `eventlab.shop.stock` (5, 6).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from eventlab.codec import event
from eventlab.commands import Command
from eventlab.errors import Refused
from eventlab.runtime import new_id, random_stream
from eventlab.services import Call, handles
from eventlab.shop import messages as ask
from eventlab.shop.payments import Payment, PaymentDeclined, PaymentReserved, PaymentsService
from eventlab.store import StoredEvent, StreamId


class PolitePayments(PaymentsService):
    """Always says that it was done. What became of it can be read in its events."""

    @handles(ask.ReservePayment)
    async def reserve(self, request: ask.ReservePayment, call: Call) -> ask.Done:
        try:
            return await super().reserve(request, call)
        except Refused:
            return ask.Done(request.order_id)

    @handles(ask.CapturePayment)
    async def capture(self, request: ask.CapturePayment, call: Call) -> ask.Done:
        try:
            return await super().capture(request, call)
        except Refused:
            return ask.Done(request.order_id)


@dataclass(frozen=True)
class DrawnPayment(Command[Payment]):
    """Asks a card processor that is simulated inside of the decision. One in *one_in* is declined."""

    payment: StreamId
    order_id: str
    customer_id: str
    cents: int
    one_in: int = 2

    def initial(self) -> Payment:
        return Payment()

    def apply(self, state: Payment, stored: StoredEvent) -> Payment:
        return state.after(stored.event)

    def handle(self, state: Payment) -> Iterable[tuple[str, object]]:
        if random_stream("naive/cards").randrange(self.one_in) == 0:
            return [(self.payment, PaymentDeclined(self.order_id, self.customer_id, self.cents, 0))]
        return [(self.payment, PaymentReserved(self.order_id, self.customer_id, self.cents))]


@event("NaiveCheckoutStarted")
@dataclass(frozen=True, slots=True)
class CheckoutStarted:
    saga_id: str
    order_id: str


@dataclass(frozen=True)
class StartedAnew(Command[int]):
    """Starts the checkout of an order. The state is how many checkouts there are."""

    checkouts: StreamId
    order_id: str

    def initial(self) -> int:
        return 0

    def apply(self, state: int, stored: StoredEvent) -> int:
        return state + 1

    def handle(self, state: int) -> Iterable[tuple[str, object]]:
        return [(self.checkouts, CheckoutStarted(str(new_id()), self.order_id))]


@event("NaiveOrderMarked")
@dataclass(frozen=True, slots=True)
class OrderMarked:
    by: str
    status: str


@dataclass(frozen=True)
class OnSharedOrder(Command[str]):
    """Service *by* writes how its part stands into the order. The state is what the last one wrote, whoever it was."""

    order: StreamId
    by: str
    status: str

    def initial(self) -> str:
        return "new"

    def apply(self, state: str, stored: StoredEvent) -> str:
        return str(stored.event.status)

    def handle(self, state: str) -> Iterable[tuple[str, object]]:
        return [(self.order, OrderMarked(self.by, self.status))]


@event("NaiveStockReceived")
@dataclass(frozen=True, slots=True)
class StockReceived:
    title: str
    quantity: int


@event("NaiveStockReserved")
@dataclass(frozen=True, slots=True)
class StockReserved:
    title: str
    order_id: str
    quantity: int


@dataclass(frozen=True)
class ReserveFromOne(Command[dict[str, int]]):
    """All titles are in the one stream ``inventory``. The state is how many pieces there are of each."""

    order_id: str
    title: str
    quantity: int = 1
    inventory: StreamId = field(default=StreamId("inventory-all"))

    def initial(self) -> dict[str, int]:
        return {}

    def apply(self, state: dict[str, int], stored: StoredEvent) -> dict[str, int]:
        match stored.event:
            case StockReceived(title, quantity):
                return {**state, title: state.get(title, 0) + quantity}
            case StockReserved(title, _, quantity):
                return {**state, title: state.get(title, 1) - quantity}
        return state

    def handle(self, state: dict[str, int]) -> Iterable[tuple[str, object]]:
        if state.get(self.title, 1) < self.quantity:
            raise Refused("out_of_stock", f"too few of {self.title}", {"title": self.title})
        return [(self.inventory, StockReserved(self.title, self.order_id, self.quantity))]
