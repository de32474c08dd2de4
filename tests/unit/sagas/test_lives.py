"""Drivers that are two, are cancelled, or leave; sagas that are submitted, and taken up."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from eventlab.resilience.deadline import deadline, remaining_s
from eventlab.sagas import Saga, SagaEngine, Status, StepContext, step
from tests.unit.sagas.toys import FORWARD, QUICK, Bench, in_world, undone_from


def test_of_two_drivers_one_stops_without_an_effect() -> None:
    bench = Bench()
    inside, go_on = asyncio.Event(), asyncio.Event()

    async def waits(ctx: StepContext) -> None:
        inside.set()
        await go_on.wait()
        await bench.toys.do("b", ctx)

    bench.saga = Saga("trip", [bench.toys.step("a"), step("b", waits, **QUICK), bench.toys.step("c")])

    async def main() -> None:
        slow = asyncio.create_task(bench.run())
        await inside.wait()
        quick = asyncio.create_task(bench.engine().drive("1"))
        await asyncio.sleep(1)
        go_on.set()
        assert (await quick).status is Status.COMPLETED
        assert (await slow).definition == "trip"

    in_world(main)
    assert bench.toys.effects == FORWARD[:3]
    assert (bench.toys.calls.count("b"), bench.toys.calls.count("c")) == (2, 1)
    assert in_world(bench.types).count("SagaCompleted") == 1


def test_a_cancelled_driver_leaves_the_saga_to_be_driven_on() -> None:
    bench = Bench()
    bench.toys.lose_replies = {"p": 10**9}

    async def main() -> None:
        driving = asyncio.create_task(bench.run())
        await asyncio.sleep(5)
        driving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await driving
        bench.toys.lose_replies = {}
        assert await bench.engine().unfinished() == ["1"]
        (state,) = await bench.engine().recover()
        assert state.status is Status.COMPLETED

    in_world(main)
    assert bench.toys.effects == FORWARD


def test_compensation_goes_on_when_whoever_waited_has_left() -> None:
    bench = Bench()
    bench.toys.refuse = "c"
    bench.toys.unreachable = {"undo b": 20}

    async def main() -> None:
        engine = bench.engine()
        driving = asyncio.create_task(engine.run("trip", "1", None))
        await asyncio.sleep(1)
        driving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await driving
        await asyncio.sleep(30)
        assert (await engine.state("1")).status is Status.COMPENSATED

    in_world(main)
    assert bench.toys.effects == undone_from("b")


def test_a_deadline_binds_the_way_forward_but_not_the_way_back() -> None:
    left: list[float | None] = []

    async def look(ctx: StepContext) -> None:
        left.append(remaining_s())

    async def fail(ctx: StepContext) -> None:
        raise KeyError

    async def undo(ctx: StepContext, result: Any) -> None:
        left.append(remaining_s())

    bench = Bench()
    bench.saga = Saga("trip", [step("look", look, undo), step("fail", fail, attempts_max=1)])

    async def main() -> None:
        with deadline(5):
            await bench.run()

    in_world(main)
    assert left == [5, None]


def test_a_submitted_saga_outlives_its_caller_and_is_driven_once() -> None:
    bench = Bench()
    bench.toys.unreachable = {"z": 10}

    async def main() -> None:
        engine = bench.engine()
        impatient = asyncio.create_task(engine.submit("trip", "1", None))
        await asyncio.sleep(0.5)
        impatient.cancel()
        await asyncio.sleep(0)
        both = await asyncio.gather(engine.submit("trip", "1", None), engine.go("1"))
        assert [state.status for state in both] == [Status.COMPLETED] * 2

    in_world(main)
    assert bench.toys.calls.count("z") == 11
    assert bench.toys.effects == FORWARD


class _AnyKey(dict[str, str]):
    def setdefault(self, name: str, key: str = "") -> str:
        return key


def test_recovery_drives_all_that_is_unfinished_oldest_first() -> None:
    bench = Bench()

    async def main() -> None:
        engine = bench.engine(recovering_max=2)
        for saga_id in ("3", "1", "2"):
            await engine.start("trip", saga_id, None)
        assert await engine.unfinished() == ["3", "1", "2"]
        assert sorted(state.saga_id for state in await engine.recover()) == ["1", "2", "3"]
        assert await engine.unfinished() == []

    # Only the first saga has effects: the toys know steps by name alone.
    bench.toys.keys = _AnyKey()
    in_world(main)


def test_a_saga_that_cannot_be_driven_does_not_stop_the_recovery_of_the_others() -> None:
    bench = Bench()

    async def main() -> None:
        newer = SagaEngine(bench.store, [Saga("trip", bench.saga.steps, version=2)], recovering_max=1)
        await bench.engine().start("trip", "old", None)
        await newer.start("trip", "new", None)
        assert [state.saga_id for state in await newer.recover()] == ["new"]
        assert await newer.unfinished() == ["old"]

    in_world(main)


@pytest.mark.parametrize("way", ["run", "submit"])
def test_recovery_leaves_alone_what_the_same_engine_drives_already(way: str) -> None:
    async def main() -> tuple[str, list[str], list[str]]:
        bench = Bench()
        bench.toys.takes_s["b"] = 1.0
        engine = bench.engine()
        driving = asyncio.create_task(getattr(engine, way)("trip", "1", {"size": 3}))
        await asyncio.sleep(0.5)
        await engine.recover()
        state = await driving
        return state.status.value, bench.toys.calls, await bench.types()

    status, calls, log = in_world(main)
    assert (status, calls, "SagaTakenUp" in log) == ("completed", list("abcpz"), False)
