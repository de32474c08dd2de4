"""Save-points: back to them, and forward again; conditions: steps that are not wanted."""

from __future__ import annotations

import pytest

from eventlab import runtime
from eventlab.errors import SagaMisdefined
from eventlab.resilience.backoff import Constant
from eventlab.sagas import Saga, SagaState, Status, StepStatus, pivot, retriable, savepoint
from tests.unit.sagas.toys import QUICK, Bench, in_world


def bench_of(refuse: str = "", rounds_max: int = 1) -> Bench:
    bench = Bench()
    toys = bench.toys
    toys.refuse = refuse
    point = savepoint("chosen", rounds_max=rounds_max, backoff=Constant(60.0))
    steps = [toys.step("a"), point, toys.step("b"), toys.step("c"), pivot("p", toys.forward("p"), **QUICK)]
    bench.saga = Saga("trip", steps)
    return bench


def test_a_failure_after_a_savepoint_goes_back_to_it_and_forward_again() -> None:
    bench = bench_of(refuse="c")

    async def once(**_: object) -> SagaState:
        state = await bench.engine().start("trip", "1", {"size": 3})
        assert state
        bench.toys.refuse = "c"
        return await bench.engine().drive("1")

    state = in_world(once)
    assert bench.toys.effects == ["T a", "T b", "C b", "T b#2", "C b#2", "C a"]
    assert (state.status, state.failed_step, state.rolled_back) == (Status.COMPENSATED, "c", {"chosen": 1})


def test_the_second_round_may_succeed() -> None:
    bench = bench_of()

    async def main() -> tuple[SagaState, float]:
        bench.toys.unreachable = {"c": 3}
        return await bench.run(), runtime.monotonic()

    state, ended_s = in_world(main)
    assert (state.status, state.failed_step) == (Status.COMPLETED, None)
    assert bench.toys.effects == ["T a", "T b", "C b", "T b#2", "T c#2", "T p#2"]
    assert ended_s > 60.0


def test_rounds_are_counted_and_then_everything_is_undone() -> None:
    bench = bench_of(refuse="c", rounds_max=3)
    state = in_world(bench.run)
    assert (state.status, state.rolled_back) == (Status.COMPENSATED, {"chosen": 3})
    assert bench.toys.effects[-1] == "C a"
    assert [effect for effect in bench.toys.effects if effect.startswith("T b")] == ["T b", "T b#2", "T b#3", "T b#4"]


def test_a_failure_before_the_savepoint_knows_nothing_of_it() -> None:
    bench = bench_of(refuse="a")
    state = in_world(bench.run)
    assert (state.status, state.rolled_back, bench.toys.effects) == (Status.COMPENSATED, {}, [])


def test_a_step_whose_condition_does_not_hold_is_skipped_and_nothing_is_undone_for_it() -> None:
    bench = Bench()
    toys = bench.toys
    toys.refuse = "c"
    gift = toys.step("gift", when=lambda ctx: ctx.input["size"] > 5)
    small = toys.step("small", when=lambda ctx: ctx.results["a"] == {"made": "a"})
    bench.saga = Saga("trip", [toys.step("a"), gift, small, toys.step("c")])
    state = in_world(bench.run)
    assert toys.effects == ["T a", "T small", "C small", "C a"]
    assert state.steps["gift"].status is StepStatus.SKIPPED


def test_all_steps_may_be_skipped() -> None:
    bench = Bench()
    bench.saga = Saga("trip", [bench.toys.step("a", when=lambda ctx: False)])
    assert in_world(bench.run).status is Status.COMPLETED
    assert in_world(bench.types) == ["SagaStarted", "StepSkipped", "SagaCompleted"]


def test_a_condition_that_breaks_is_seen() -> None:
    bench = Bench()
    bench.saga = Saga("trip", [bench.toys.step("a", when=lambda ctx: ctx.input["nothing"])])
    state = in_world(bench.run)
    assert (state.status, state.reason) == (Status.STUCK, "a: its condition raised KeyError: 'nothing'")


@pytest.mark.parametrize("after", [[], ["z"]])
def test_a_savepoint_before_nothing_that_could_fail_is_refused(after: list[str]) -> None:
    toys = Bench().toys
    last = [retriable(name, toys.forward(name)) for name in after]
    with pytest.raises(SagaMisdefined, match="nothing that could fail comes after"):
        Saga("trip", [pivot("p", toys.forward("p")), savepoint("late"), *last])
