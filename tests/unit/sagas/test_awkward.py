"""What actions, conditions, inputs and definitions do that nobody planned for."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from eventlab.errors import CallTimeout, Refused, SagaInputDiffers, SagaMisdefined
from eventlab.sagas import Saga, SagaEngine, SagaWorker, Status, retriable, step
from eventlab.store import MemoryStore, open_store
from tests.unit.sagas.toys import in_world

WHO = {"by": "ada", "why": "changed her mind"}


async def fine(ctx: Any) -> str:
    return "fine"


async def undo(ctx: Any, result: Any) -> None:
    pass


def test_a_saga_is_cancelled_while_an_attempt_that_is_over_its_time_still_cleans_up() -> None:
    async def main() -> None:
        async def lingering(ctx: Any) -> None:
            try:
                await asyncio.sleep(100)
            finally:
                await asyncio.sleep(5)

        engine = SagaEngine(MemoryStore("trips"), [Saga("trip", [step("a", lingering, undo, timeout_s=1.0)])])
        running = asyncio.create_task(engine.run("trip", "1", {}))
        await asyncio.sleep(3)  # its second has passed, its cleaning up has not
        assert (await engine.cancel("1", **WHO)).status is Status.COMPENSATING
        assert (await running).status is Status.COMPENSATED

    in_world(main)


@pytest.mark.parametrize("undoing", [False, True])
def test_what_is_cancelled_within_a_step_is_in_doubt_and_tried_again(undoing: bool) -> None:
    """A client that was closed, for one, cancels whoever waits for it: the driver goes on."""
    tried: list[str] = []

    async def cut_once(what: str) -> None:
        tried.append(what)
        if tried.count(what) == 1:
            raise asyncio.CancelledError

    async def main() -> None:
        async def last(ctx: Any) -> None:
            if undoing:
                raise Refused("no")

        trip = Saga("trip", [step("a", lambda ctx: cut_once("a"), lambda ctx, _: cut_once("un-a")), step("b", last)])
        engine = SagaEngine(MemoryStore("trips"), [trip])
        worker = asyncio.create_task(SagaWorker(engine, worker="w").run())
        await engine.start("trip", "1", {})
        await asyncio.sleep(60)
        state = await engine.state("1")
        worker.cancel()
        assert (state.status, tried) == (
            (Status.COMPENSATED, ["a", "a", "un-a", "un-a"]) if undoing else (Status.COMPLETED, ["a", "a"])
        )

    in_world(main)


def test_one_id_is_one_saga_of_one_definition() -> None:
    async def main() -> None:
        engine = SagaEngine(MemoryStore("trips"), [Saga("trip", [step("a", fine)]), Saga("tour", [step("b", fine)])])
        await engine.run("trip", "1", {})
        for ask in (engine.run, engine.start, engine.submit):
            with pytest.raises(SagaInputDiffers, match="as one of 'trip'"):
                await ask("tour", "1", {})
        newer = SagaEngine(engine.store, [Saga("trip", [step("c", fine)], version=2)])
        assert (await newer.run("trip", "1", {})).status is Status.COMPLETED

    in_world(main)


def test_two_definitions_of_one_name_and_version_are_refused() -> None:
    with pytest.raises(SagaMisdefined, match="two of version 1"):
        SagaEngine(MemoryStore("trips"), [Saga("trip", [step("a", fine)]), Saga("trip", [step("b", fine)])])


def test_recovering_goes_past_sagas_that_wait_for_the_lock_of_a_later_one() -> None:
    """The holder was stuck and is helped on, so it comes last; two wait for it, and two are recovered at a time."""

    async def main() -> None:
        down = ["the bank"]

        async def pay(ctx: Any) -> None:
            if down:
                raise CallTimeout("bank", "Pay", 1.0)

        sale = Saga("sale", [retriable("pay", pay, stuck_after_s=5.0)], locks=lambda wish: ["seat-12"])
        engine = SagaEngine(MemoryStore("sales"), [sale])
        assert (await engine.run("sale", "holder", {})).status is Status.STUCK
        for who in ("first", "second"):
            await engine.start("sale", who, {})
        down.clear()
        await engine.retry("holder", **WHO)

        async with asyncio.timeout(100):
            ended = await SagaEngine(engine.store, [sale], recovering_max=2).recover()
        assert {state.saga_id: state.status for state in ended} == dict.fromkeys(
            ("holder", "first", "second"), Status.COMPLETED
        )

    in_world(main)


@pytest.mark.parametrize(
    "changed",
    [
        Saga("trip", [step("a", fine, when=lambda ctx: ctx.input["no such key"])]),
        Saga("trip", [step("a", fine)], input_type=int),
    ],
    ids=["its condition raises", "its input is none any more"],
)
def test_a_saga_that_a_changed_definition_cannot_read_is_parked_and_keeps_no_other_waiting(changed: Saga) -> None:
    async def main() -> None:
        async def hangs(ctx: Any) -> None:
            await asyncio.sleep(100)

        store, tour = MemoryStore("trips"), Saga("tour", [step("b", fine)])
        before = SagaEngine(store, [Saga("trip", [step("a", hangs)]), tour])
        running = asyncio.create_task(before.run("trip", "1", {}))
        await asyncio.sleep(1)
        running.cancel()
        await before.start("tour", "2", {})

        after = SagaEngine(store, [changed, tour])
        assert [state.saga_id for state in await after.recover()] == ["2"]
        assert "Give the changed definition a new version" in after.parked["1"]

    in_world(main)


@pytest.mark.parametrize("error", [OSError("no file \udcff"), Refused("no", "no file \udcff"), Refused(409)])  # type: ignore[arg-type]
def test_whatever_an_error_says_its_saga_comes_to_an_end(error: Exception, tmp_path: Path) -> None:
    async def main() -> None:
        async def fails(ctx: Any) -> None:
            raise error

        store = open_store(f"sqlite:///{tmp_path}/trips.db")
        engine = SagaEngine(store, [Saga("trip", [step("a", fails, undo, attempts_max=1)])])
        state = await engine.run("trip", "1", {})
        assert (state.status, await engine.state("1")) == (Status.COMPENSATED, state)

    asyncio.run(main())
