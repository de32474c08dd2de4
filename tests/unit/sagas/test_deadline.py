"""A saga's deadline: absolute, durable, and without power past the point of no return."""

from __future__ import annotations

import asyncio

import pytest

from eventlab import runtime
from eventlab.errors import SagaMisdefined
from eventlab.resilience.backoff import Constant
from eventlab.resilience.deadline import remaining_s
from eventlab.sagas import Saga, SagaState, Status, StepContext, pivot, retriable, step
from tests.unit.sagas.toys import QUICK, Bench, in_world


def bench_of(deadline_s: float = 10.0) -> Bench:
    bench = Bench()
    toys = bench.toys
    steps = [toys.step("a"), toys.step("b"), pivot("p", toys.forward("p"), **QUICK)]
    bench.saga = Saga("trip", [*steps, retriable("z", toys.forward("z"), **QUICK)], deadline_s=deadline_s)
    return bench


def timed(bench: Bench) -> tuple[SagaState, float]:
    async def main() -> tuple[SagaState, float]:
        return await bench.run(), runtime.monotonic()

    return in_world(main)


def test_a_saga_that_is_late_turns_back_and_the_step_under_way_is_undone_as_well() -> None:
    bench = bench_of()
    bench.toys.takes_s = {"b": 60.0}
    state, ended_s = timed(bench)
    assert (state.status, state.reason, ended_s) == (Status.COMPENSATED, "its deadline has passed", 10.0)
    assert bench.toys.effects == ["T a", "C a"]
    assert "b" in bench.toys.cancelled


def test_it_is_not_waited_for_a_further_attempt_beyond_the_deadline() -> None:
    bench = bench_of()
    slow = {**QUICK, "backoff": Constant(600.0)}
    bench.saga = Saga("trip", [step("a", bench.toys.forward("a"), bench.toys.backward("a"), **slow)], deadline_s=10.0)
    bench.toys.unreachable = {"a": 1}
    state, ended_s = timed(bench)
    assert (state.status, ended_s, bench.toys.calls) == (Status.COMPENSATED, pytest.approx(10.0), ["a"])


def test_past_the_point_of_no_return_it_takes_as_long_as_it_takes() -> None:
    bench = bench_of()
    bench.toys.takes_s = {"p": 20.0, "z": 60.0}
    state, ended_s = timed(bench)
    assert (state.status, ended_s) == (Status.COMPLETED, 80.0)


def test_the_deadline_survives_a_restart() -> None:
    """Counted from the start of the saga, not from that of the driver."""
    bench = bench_of()

    async def main() -> tuple[Status, float]:
        bench.toys.takes_s = {"b": 60.0}
        task = asyncio.create_task(bench.run())
        await asyncio.sleep(7)
        task.cancel()
        await asyncio.sleep(1)
        state = await bench.engine().drive("1")
        return state.status, runtime.monotonic()

    assert in_world(main) == (Status.COMPENSATED, pytest.approx(10.0))


def test_undoing_knows_no_deadline() -> None:
    bench = bench_of()
    bench.toys.takes_s = {"b": 60.0, "undo a": 100.0}
    state, ended_s = timed(bench)
    assert (state.status, ended_s) == (Status.COMPENSATED, 110.0)


def test_a_retry_is_due_when_it_was_due_before_the_restart() -> None:
    """An attempt's number and the moment of the next one are in the log."""
    bench = Bench()
    slow = {**QUICK, "backoff": Constant(100.0)}
    bench.saga = Saga("trip", [step("a", bench.toys.forward("a"), bench.toys.backward("a"), **slow)])
    bench.toys.unreachable = {"a": 1}

    async def main() -> tuple[int, float]:
        task = asyncio.create_task(bench.run())
        await asyncio.sleep(70)
        task.cancel()
        await asyncio.sleep(10)
        state = await bench.engine().drive("1")
        return state.steps["a"].attempts, runtime.monotonic()

    assert in_world(main) == (2, pytest.approx(100.0))


def test_a_step_within_a_limit_can_ask_how_long_it_has() -> None:
    seen: list[float | None] = []

    async def look(ctx: StepContext) -> None:
        seen.append(remaining_s())

    bench = Bench()
    bench.saga = Saga("trip", [step("a", look), step("b", look, timeout_s=3.0)], deadline_s=10.0)
    in_world(bench.run)
    assert seen == [pytest.approx(10.0), pytest.approx(3.0)]


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
def test_a_deadline_that_is_none_is_refused(seconds: float) -> None:
    with pytest.raises(SagaMisdefined, match="deadline_s"):
        Saga("trip", [Bench().toys.step("a")], deadline_s=seconds)
