"""The checkout saga: create the order, reserve money and stock, schedule the parcel, then capture the money.

The capture is the point of no return: before it everything can be undone,
after it the parcel is dispatched and the order confirmed, however long it takes.
"""

from __future__ import annotations

from typing import Any

import msgspec

from eventlab.commands import Command, Executed, execute
from eventlab.sagas import Saga, Step, StepContext, pivot, retriable, step
from eventlab.services import Client, Request
from eventlab.shop import messages as ask
from eventlab.shop import ordering
from eventlab.shop.intents import INTENTS
from eventlab.shop.ordering import order_stream
from eventlab.shop.profiles import customer_stream
from eventlab.shop.settings import ShopSettings, StepOrder
from eventlab.store import EventStore

NAMES: dict[StepOrder, str] = {"payment_first": "checkout", "inventory_first": "checkout_inventory_first"}
"""Which of the two commonest refusals is asked for first; each way is a saga of its own name."""


class CheckoutInput(msgspec.Struct, frozen=True):
    """What a checkout is about; fixed when it starts."""

    order_id: str
    customer_id: str
    lines: tuple[ask.Line, ...]

    @property
    def total_cents(self) -> int:
        return sum(line.total_cents for line in self.lines)

    @property
    def items(self) -> tuple[ask.Item, ...]:
        return tuple(ask.Item(line.title, line.quantity) for line in self.lines)


class CheckoutSteps:
    """The steps: some are commands on orders' own store, the others are calls that carry the step's key."""

    def __init__(self, store: EventStore, client: Client, settings: ShopSettings) -> None:
        self._store, self._client, self._settings = store, client, settings

    def sagas(self) -> list[Saga]:
        """Both ways to go about it, so that what was begun one way is finished that way."""
        return [self._saga("payment_first"), self._saga("inventory_first")]

    def _saga(self, order: StepOrder) -> Saga:
        reserving = [
            self._undoable("reserve_payment", self.reserve_payment, self.release_payment),
            self._undoable("reserve_inventory", self.reserve_inventory, self.release_inventory),
        ]
        if order == "inventory_first":
            reserving.reverse()
        pacing: dict[str, Any] = {
            "backoff": self._settings.step_backoff,
            "stuck_after_s": self._settings.stuck_after_s,
        }
        steps = [
            self._undoable("create_order", self.create_order, self.cancel_order),
            *reserving,
            self._undoable("schedule_shipping", self.schedule_shipping, self.cancel_shipping),
            pivot("capture_payment", self.capture_payment, **pacing),
            retriable("dispatch", self.dispatch, **pacing),
            retriable("confirm_order", self.confirm_order, **pacing),
        ]
        return Saga(NAMES[order], steps, input_type=CheckoutInput)

    def _undoable(self, name: str, action: Any, compensation: Any) -> Step:
        settings, (requested, undo_requested) = self._settings, INTENTS[name]
        return step(
            name,
            action,
            compensation,
            requested=requested,
            undo_requested=undo_requested,
            attempts_max=settings.step_attempts,
            backoff=settings.step_backoff,
            undo_backoff=settings.undo_backoff,
            stuck_after_s=settings.stuck_after_s,
        )

    async def create_order(self, ctx: StepContext) -> dict[str, str]:
        wish: CheckoutInput = ctx.input
        order = order_stream(wish.order_id)
        customer = customer_stream(wish.customer_id)
        create = ordering.CreateOrder(order, customer, wish.order_id, wish.customer_id, wish.lines)
        for _, created in (await self._decide(create)).events:
            if isinstance(created, ordering.OrderCreated):
                return {"address": created.address}
        created_before = (await self._store.read(order, limit=1))[0].event
        return {"address": created_before.address}

    async def cancel_order(self, ctx: StepContext, result: Any) -> None:
        await self._decide(ordering.CancelOrder(order_stream(ctx.input.order_id), ctx.input.order_id))

    async def reserve_payment(self, ctx: StepContext) -> None:
        wish: CheckoutInput = ctx.input
        await self._call("payments", ctx, ask.ReservePayment(wish.order_id, wish.customer_id, wish.total_cents))

    async def release_payment(self, ctx: StepContext, result: Any) -> None:
        await self._call("payments", ctx, ask.ReleasePayment(ctx.input.order_id))

    async def reserve_inventory(self, ctx: StepContext) -> None:
        wish: CheckoutInput = ctx.input
        await self._call("inventory", ctx, ask.ReserveInventory(wish.order_id, wish.items))

    async def release_inventory(self, ctx: StepContext, result: Any) -> None:
        await self._call("inventory", ctx, ask.ReleaseInventory(ctx.input.order_id))

    async def schedule_shipping(self, ctx: StepContext) -> None:
        address = ctx.results["create_order"]["address"]
        await self._call("shipping", ctx, ask.ScheduleShipping(ctx.input.order_id, address))

    async def cancel_shipping(self, ctx: StepContext, result: Any) -> None:
        await self._call("shipping", ctx, ask.CancelShipping(ctx.input.order_id))

    async def capture_payment(self, ctx: StepContext) -> None:
        await self._call("payments", ctx, ask.CapturePayment(ctx.input.order_id))

    async def dispatch(self, ctx: StepContext) -> None:
        await self._call("shipping", ctx, ask.DispatchShipment(ctx.input.order_id))

    async def confirm_order(self, ctx: StepContext) -> None:
        await self._decide(ordering.ConfirmOrder(order_stream(ctx.input.order_id), ctx.input.order_id))

    async def _call(self, target: str, ctx: StepContext, request: Request[ask.Done]) -> None:
        await self._client.call(target, request, key=ctx.key)

    async def _decide(self, command: Command[Any]) -> Executed:
        return await execute(self._store, command, retry=self._settings.conflicts)
