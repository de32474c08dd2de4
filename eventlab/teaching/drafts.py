"""A first draft of a saga, which logs what it asks for, and the sound one: four steps, and the services outside."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from eventlab.errors import Refused
from eventlab.naive import saga as naive
from eventlab.resilience.backoff import Constant
from eventlab.runtime import new_id
from eventlab.sagas import Saga, SagaEngine, StepContext, step
from eventlab.store import MemoryStore, StreamId

ORDER, CENTS = "order-1", 3499
ANSWERS_AFTER_S = 1.0
STEPS = ("order", "payment", "inventory", "shipping")
ASKS: dict[type[Any], str] = {
    naive.OrderCreationRequested: "order",
    naive.PaymentReservationRequested: "payment",
    naive.InventoryReservationRequested: "inventory",
    naive.ShippingScheduleRequested: "shipping",
    naive.ShippingCancellationRequested: "undo shipping",
}


class Outside:
    """The other services: what they were asked, under which keys, and for how much. *refuses* is a step."""

    def __init__(self, refuses: str = "") -> None:
        self.refuses, self.asked, self.keys, self.cents = refuses, list[str](), set[str](), 0
        self.store = MemoryStore()

    async def answer(self, name: str, cents: int = 0, key: str = "") -> None:
        self.asked.append(name)
        self.keys |= {key} - {""}
        self.cents = cents if name == "payment" else self.cents
        await asyncio.sleep(ANSWERS_AFTER_S)
        if name == self.refuses:
            raise Refused("no", name)

    async def ends(self) -> int:
        """How often any saga is said to be completed, or undone to the end."""
        return sum(stored.type.endswith("Completed") for stored in await self.store.read_all(limit=1000))


class FirstDraft(Outside):
    """`eventlab.naive.saga`, which logs what it asks for. A run takes one step."""

    async def again(self, cents: int = CENTS, *, saga: str = ORDER, turned: bool = False, worker: int = 0) -> None:
        asked = naive.DistributedOrderSaga(StreamId(f"saga-{saga}"), ORDER, "ada", cents, compensation_needed=turned)

        async def send(request: object) -> None:
            if name := ASKS.get(type(request)):
                await self.answer(name, cents)

        await naive.run_once(self.store, asked, send)

    def new_name(self) -> str:
        return str(new_id())


class Sound(Outside):
    """`eventlab.sagas`, with two workers on one log. A run goes to the end."""

    def __init__(self, refuses: str = "") -> None:
        super().__init__(refuses)
        quick = {"backoff": Constant(0.1), "undo_backoff": Constant(0.1)}
        saga = Saga("purchase", [step(name, self._act(name), self._undo(name), **quick) for name in STEPS])
        self._workers = [SagaEngine(self.store, [saga]) for _ in range(2)]

    def _act(self, name: str) -> Callable[[StepContext], Awaitable[None]]:
        return lambda ctx: self.answer(name, ctx.input, ctx.key)

    def _undo(self, name: str) -> Callable[[StepContext, Any], Awaitable[None]]:
        return lambda ctx, result: self.answer(f"undo {name}")

    async def again(self, cents: int = CENTS, *, saga: str = ORDER, turned: bool = False, worker: int = 0) -> None:
        await self._workers[worker].submit("purchase", saga, cents)

    def new_name(self) -> str:
        return ORDER
