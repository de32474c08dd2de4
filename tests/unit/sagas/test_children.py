"""A step that is a saga: completed with it, refused with it, undone with it."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlab.errors import SagaMisdefined
from eventlab.sagas import Kind, Saga, SagaEngine, SagaState, Status, pivot, step, subsaga
from eventlab.sagas.step import child_id, possible_parents
from tests.unit.sagas.toys import QUICK, Bench, in_world


def bench_of(refuse: str = "", **settings: object) -> Bench:
    bench = Bench()
    toys = bench.toys
    toys.refuse = refuse
    child = Saga("leg", [toys.step("x"), toys.step("y")])
    leg = subsaga("leg", child, lambda ctx: {"of": ctx.saga_id}, **QUICK, **settings)  # type: ignore[arg-type]
    bench.saga = Saga("trip", [toys.step("a"), leg, toys.step("b")])
    return bench


def test_a_child_is_carried_through_and_its_results_are_the_steps_result() -> None:
    bench = bench_of()
    state = in_world(bench.run)
    assert (state.status, bench.toys.effects) == (Status.COMPLETED, ["T a", "T x", "T y", "T b"])
    assert state.results["leg"] == {"x": {"made": "x"}, "y": {"made": "y"}}
    assert in_world(lambda: bench.engine().state("1.leg")).input == {"of": "1"}


def test_a_child_that_was_undone_is_a_refused_step() -> None:
    bench = bench_of("y")
    state = in_world(bench.run)
    assert (state.status, state.failed_step) == (Status.COMPENSATED, "leg")
    assert bench.toys.effects == ["T a", "T x", "C x", "C a"]


def test_a_child_that_had_completed_is_undone_with_its_parent() -> None:
    bench = bench_of("b")
    state = in_world(bench.run)
    assert state.status is Status.COMPENSATED
    assert bench.toys.effects == ["T a", "T x", "T y", "C y", "C x", "C a"]
    child = [stored.type for stored in in_world(lambda: bench.store.read("saga-1.leg"))]
    assert (child.count("SagaCompleted"), child.count("CompensationCompleted")) == (1, 1)


def test_a_child_that_may_not_have_begun_never_will() -> None:
    bench = bench_of()

    async def main() -> SagaState:
        engine = bench.engine()
        bench.toys.takes_s = {"x": 60.0}
        waiting = asyncio.create_task(engine.submit("trip", "1", {}))
        await asyncio.sleep(5)
        await engine.cancel("1", by="ada", why="too slow")
        return await waiting

    assert in_world(main).status is Status.COMPENSATED
    assert bench.toys.effects == ["T a", "C a"]
    assert in_world(lambda: bench.engine().state("1.leg")).status is Status.COMPENSATED


def test_a_stuck_child_makes_its_parent_wait_and_then_stick_visibly() -> None:
    bench = bench_of("y")
    bench.toys.unreachable = {"undo x": 10**9}
    state = in_world(bench.run)
    assert (state.status, bench.toys.effects) == (Status.STUCK, ["T a", "T x"])
    assert "saga '1.leg' is stuck" in state.reason


def test_a_parent_that_is_helped_before_its_child_still_says_what_the_child_waits_for() -> None:
    bench = bench_of("b")
    bench.toys.unreachable = {"undo x": 10**9}
    who = {"by": "ada", "why": "the warehouse is back"}

    async def helped(*saga_ids: str) -> SagaState:
        engine = bench.engine()
        for saga_id in saga_ids:
            await engine.retry(saga_id, **who)
            await engine.drive(saga_id)
        return await engine.state("1")

    in_world(bench.run)
    again = in_world(lambda: helped("1"))
    assert (again.status, "saga '1.leg' is stuck: x: undo x was not reached" in again.reason) == (Status.STUCK, True)
    bench.toys.unreachable = {}
    assert in_world(lambda: helped("1.leg", "1")).status is Status.COMPENSATED


def test_killed_with_its_child_both_are_taken_up() -> None:
    bench = bench_of()

    async def main() -> list[SagaState]:
        bench.toys.takes_s = {"x": 60.0}
        engine = bench.engine()
        waiting = asyncio.create_task(engine.submit("trip", "1", {}))
        await asyncio.sleep(5)
        await engine.stop()
        await asyncio.gather(waiting, return_exceptions=True)
        bench.toys.takes_s = {}
        return await bench.engine().recover()

    assert [state.status for state in in_world(main)] == [Status.COMPLETED, Status.COMPLETED]
    assert bench.toys.effects == ["T a", "T x", "T y", "T b"]


@pytest.mark.parametrize("name", ["leg.2", "leg*", "a leg"])
def test_a_step_whose_name_could_not_be_part_of_its_childs_id_is_refused(name: str) -> None:
    """``1.leg.2`` is the second round of ``leg``."""
    child = Saga("leg", [Bench().toys.step("x")])
    with pytest.raises(SagaMisdefined, match="cannot name a step that is a saga"):
        Saga("trip", [subsaga(name, child, lambda ctx: None)])


def test_a_child_is_known_to_the_engine_of_its_parent() -> None:
    bench = bench_of()

    async def main() -> SagaState:
        return await SagaEngine(bench.store, [bench.saga]).run("leg", "alone", {})

    assert in_world(main).status is Status.COMPLETED


def test_a_child_that_cannot_be_undone_may_not_stand_where_it_might_have_to_be() -> None:
    toys = Bench().toys
    child = Saga("leg", [pivot("gone", toys.forward("gone"))])
    with pytest.raises(SagaMisdefined, match=r"goes only forward from 'gone' on\. Make it a pivot or a retriable step"):
        Saga("trip", [subsaga("leg", child, lambda ctx: None)])
    Saga("trip", [step("a", toys.forward("a")), subsaga("leg", child, lambda ctx: None, kind=Kind.PIVOT)])


@given(st.text("abc1-", min_size=1), st.text("abc1-", min_size=1), st.integers(1, 30))
def test_a_childs_id_tells_whose_step_it_is(saga_id: str, step_name: str, round: int) -> None:
    assert (saga_id, step_name) in possible_parents(child_id(saga_id, step_name, round))
