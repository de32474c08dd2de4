"""The shop's checkout as it is usually first written, twice, in front of the sound services.

Each is an orders service that can stand in for the shop's own, in the same
world, under the same seed and the same fault::

    run_cell("reserve_inventory", "reply lost", services={**SERVICES, "orders": HastyOrders})

`RequestingOrders` drives `eventlab.naive.saga`: it asks, and takes the asking for the having.
What is wrong with it is said there. When nothing comes back it ships what nobody has paid for.
When it *listens*, the usual repair, an answer that does not come turns it back, and then it
asks for the first cancellation over and over.

`HastyOrders` waits for each answer, and undoes what it was told:

- no answer is taken for a no. What was done all the same, and only its reply was
  lost, is never undone: money stays reserved, pieces are missing from the shelf;
- what it has done is a list in memory. A crash, and nobody goes on, in either direction;
- an undoing that fails is passed over, and the customer is told that all is undone;
- what comes after the capture is treated like what comes before it: when dispatching
  fails, paid orders are cancelled, and the money is kept.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from eventlab.errors import EventlabError
from eventlab.naive import saga as naive
from eventlab.services import Call, handles
from eventlab.shop import messages as ask
from eventlab.shop import ordering
from eventlab.shop.keeping import ServiceContext
from eventlab.shop.orders import OrdersService
from eventlab.shop.profiles import customer_stream
from eventlab.store import StreamId

RUNS_MAX = 60
"""How often a saga that never ends is run, so that a world with one in it ends."""

Act = Callable[[], Awaitable[Any]]


class NaiveOrders(OrdersService):
    """Orders whose checkouts leave no log, so that there is nothing to take up again."""

    async def start(self) -> None:
        pass

    async def create_order(self, wish: ask.Checkout) -> None:
        order, customer = ordering.order_stream(wish.order_id), customer_stream(wish.customer_id)
        await self.decide(ordering.CreateOrder(order, customer, wish.order_id, wish.customer_id, wish.lines))

    async def cancel_order(self, wish: ask.Checkout) -> None:
        await self.decide(ordering.CancelOrder(ordering.order_stream(wish.order_id), wish.order_id))

    async def confirm_order(self, wish: ask.Checkout) -> None:
        await self.decide(ordering.ConfirmOrder(ordering.order_stream(wish.order_id), wish.order_id))


class RequestingOrders(NaiveOrders):
    """Drives the saga of requests. With *listens*, a request that fails sets ``compensation_needed``."""

    def __init__(self, context: ServiceContext, *, listens: bool = False) -> None:
        super().__init__(context)
        self.listens = listens

    @handles(ask.Checkout)
    async def checkout(self, request: ask.Checkout, call: Call) -> ask.CheckoutResult:
        order_id, cents = request.order_id, sum(line.total_cents for line in request.lines)
        saga, failed = StreamId(f"saga-{order_id}"), False

        async def send(step: object) -> None:
            nonlocal failed
            try:
                await self._carry_out(step, request)
            except EventlabError:  # nothing comes back
                failed = failed or self.listens

        for _ in range(RUNS_MAX):
            run = naive.DistributedOrderSaga(saga, order_id, request.customer_id, cents, compensation_needed=failed)
            done = await naive.run_once(self.store, run, send)
            if isinstance(done, naive.SagaCompleted):
                return ask.CheckoutResult(order_id, "completed")
            if isinstance(done, naive.CompensationCompleted):
                return ask.CheckoutResult(order_id, "compensated")
        return ask.CheckoutResult(order_id, "compensating", f"after {RUNS_MAX} runs")

    async def _carry_out(self, step: object, wish: ask.Checkout) -> None:
        order_id, call = wish.order_id, self.client.call
        items = tuple(ask.Item(line.title, line.quantity) for line in wish.lines)
        match step:
            case naive.OrderCreationRequested():
                await self.create_order(wish)
            case naive.PaymentReservationRequested(customer_id, cents):
                await call("payments", ask.ReservePayment(order_id, customer_id, cents))
            case naive.InventoryReservationRequested():
                await call("inventory", ask.ReserveInventory(order_id, items))
            case naive.ShippingScheduleRequested():
                await call("shipping", ask.ScheduleShipping(order_id, ""))
            case naive.SagaCompleted():
                await self._finish(wish)
            case naive.ShippingCancellationRequested():
                await call("shipping", ask.CancelShipping(order_id))
            case naive.InventoryReleaseRequested():
                await call("inventory", ask.ReleaseInventory(order_id))
            case naive.PaymentReleaseRequested():
                await call("payments", ask.ReleasePayment(order_id))
            case naive.OrderCancellationRequested():
                await self.cancel_order(wish)

    async def _finish(self, wish: ask.Checkout) -> None:
        """What follows from a completed saga: each is asked for, and none waits for another."""
        for target, request in (
            ("payments", ask.CapturePayment(wish.order_id)),
            ("shipping", ask.DispatchShipment(wish.order_id)),
        ):
            with suppress(EventlabError):
                await self.client.call(target, request)
        await self.confirm_order(wish)


class HastyOrders(NaiveOrders):
    """Does one step after the other, and on the first error undoes what it was told had happened."""

    @handles(ask.Checkout)
    async def checkout(self, request: ask.Checkout, call: Call) -> ask.CheckoutResult:
        done: list[Act] = []
        try:
            for act, undo in self._steps(request):
                await act()
                done.append(undo)
        except EventlabError as error:
            for undo in reversed(done):
                with suppress(EventlabError):
                    await undo()
            return ask.CheckoutResult(request.order_id, "compensated", str(error))
        return ask.CheckoutResult(request.order_id, "completed")

    def _steps(self, wish: ask.Checkout) -> list[tuple[Act, Act]]:
        order_id, cents = wish.order_id, sum(line.total_cents for line in wish.lines)
        items = tuple(ask.Item(line.title, line.quantity) for line in wish.lines)

        def asking(target: str, request: Any) -> Act:
            return lambda: self.client.call(target, request)

        return [
            (lambda: self.create_order(wish), lambda: self.cancel_order(wish)),
            (
                asking("payments", ask.ReservePayment(order_id, wish.customer_id, cents)),
                asking("payments", ask.ReleasePayment(order_id)),
            ),
            (
                asking("inventory", ask.ReserveInventory(order_id, items)),
                asking("inventory", ask.ReleaseInventory(order_id)),
            ),
            (
                asking("shipping", ask.ScheduleShipping(order_id, "")),
                asking("shipping", ask.CancelShipping(order_id)),
            ),
            (asking("payments", ask.CapturePayment(order_id)), asking("payments", ask.ReleasePayment(order_id))),
            (asking("shipping", ask.DispatchShipment(order_id)), asking("shipping", ask.CancelShipping(order_id))),
            (lambda: self.confirm_order(wish), lambda: self.cancel_order(wish)),
        ]
