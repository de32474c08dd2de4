"""The naive saga and the sound one under the same laws: the first breaks every one, the second none."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from eventlab.errors import SagaInputDiffers, Unavailable
from eventlab.naive import saga as naive
from eventlab.resilience.backoff import Constant
from eventlab.sagas import Saga, SagaEngine, Status, StepContext, step
from eventlab.simulation import World
from eventlab.store import MemoryStore, StreamId

ASKED = naive.DistributedOrderSaga(StreamId("saga-1"), "order-1", "ada", 3499)
STEPS = ["order", "payment", "inventory", "shipping"]
NAMES: dict[type[Any], str] = {
    naive.OrderCreationRequested: "order",
    naive.PaymentReservationRequested: "payment",
    naive.InventoryReservationRequested: "inventory",
    naive.ShippingScheduleRequested: "shipping",
    naive.ShippingCancellationRequested: "undo shipping",
    naive.InventoryReleaseRequested: "undo inventory",
    naive.PaymentReleaseRequested: "undo payment",
    naive.OrderCancellationRequested: "undo order",
}


@dataclass
class Outside:
    """The other services: what they did, and who of them does not answer."""

    down: str = ""
    done: list[str] = field(default_factory=list)
    amounts: list[int] = field(default_factory=list)

    async def carry_out(self, request: object) -> None:
        """How a naive saga's requests end: nobody hears of it."""
        name = NAMES.get(type(request))
        if isinstance(request, naive.PaymentReservationRequested):
            self.amounts.append(request.amount_cents)
        if name is not None and name != self.down:
            self.done.append(name)

    def sound(self) -> Saga:
        def forward(name: str) -> Any:
            async def act(ctx: StepContext) -> None:
                if name == self.down:
                    raise Unavailable(name, "nobody there")
                if name == "payment":
                    self.amounts.append(ctx.input)
                self.done.append(name)

            return act

        def backward(name: str) -> Any:
            async def undo(ctx: StepContext, result: Any) -> None:
                if name in self.done:
                    self.done.append(f"undo {name}")

            return undo

        quick = {"backoff": Constant(0.1), "undo_backoff": Constant(0.1)}
        return Saga("order", [step(name, forward(name), backward(name), **quick) for name in STEPS])


def naive_runs(outside: Outside, runs: int, asked: naive.DistributedOrderSaga = ASKED) -> list[str]:
    """The names of what that many runs requested."""

    async def main() -> list[str]:
        store = MemoryStore()
        return [type(await naive.run_once(store, asked, outside.carry_out)).__name__ for _ in range(runs)]

    return World(1).run(main)


def sound_run(outside: Outside, again: int = 0) -> tuple[Status, list[str]]:
    """The sound saga's status, and its log."""

    async def main() -> tuple[Status, list[str]]:
        store = MemoryStore()
        engine = SagaEngine(store, [outside.sound()])
        state = await engine.run("order", "1", 3499)
        for _ in range(again):
            state = await engine.drive("1")
        return state.status, [stored.type for stored in await store.read("saga-1")]

    return World(1).run(main)


def test_completed_means_that_every_step_was_done() -> None:
    outside = Outside(down="payment")
    assert naive_runs(outside, 5)[-1] == "SagaCompleted"
    assert "payment" not in outside.done, "it says completed, and nobody has paid"

    outside = Outside(down="payment")
    assert sound_run(outside)[0] is Status.COMPENSATED
    assert outside.done == ["order", "undo order"]


def test_a_saga_completes_once() -> None:
    assert naive_runs(Outside(), 8)[4:] == ["SagaCompleted"] * 4
    status, log = sound_run(Outside(), again=3)
    assert (status, log.count("SagaCompleted")) == (Status.COMPLETED, 1)


def test_undoing_comes_to_an_end() -> None:
    async def naively() -> list[str]:
        store, outside = MemoryStore(), Outside()
        for _ in range(4):
            await naive.run_once(store, ASKED, outside.carry_out)
        undo = replace(ASKED, compensation_needed=True)
        return [type(await naive.run_once(store, undo, outside.carry_out)).__name__ for _ in range(50)]

    assert World(1).run(naively) == ["ShippingCancellationRequested"] * 50

    outside = Outside(down="shipping")
    status, log = sound_run(outside)
    assert (status, log[-1]) == (Status.COMPENSATED, "CompensationCompleted")
    assert outside.done == [*STEPS[:3], "undo inventory", "undo payment", "undo order"]


def test_a_failed_step_is_known_by_name() -> None:
    async def naively() -> naive.DistributedSagaState:
        store, outside = MemoryStore(), Outside(down="payment")
        for _ in range(5):
            await naive.run_once(store, ASKED, outside.carry_out)
        state = ASKED.initial()
        for stored in await store.read("saga-1"):
            state = ASKED.apply(state, stored)
        return state

    state = World(1).run(naively)
    assert (state.compensation_needed, state.failed_step, state.payment_reserved) == (False, None, True)
    assert "StepUnreached" in sound_run(Outside(down="payment"))[1]


def test_the_input_is_what_it_was_at_the_start() -> None:
    outside = Outside()

    async def naively() -> None:
        store = MemoryStore()
        await naive.run_once(store, ASKED, outside.carry_out)
        await naive.run_once(store, replace(ASKED, amount_cents=1), outside.carry_out)

    World(1).run(naively)
    assert outside.amounts == [1], "a later run has changed the amount"

    async def soundly() -> None:
        engine = SagaEngine(MemoryStore(), [Outside().sound()])
        await engine.start("order", "1", 3499)
        with pytest.raises(SagaInputDiffers):
            await engine.run("order", "1", 1)

    World(1).run(soundly)
