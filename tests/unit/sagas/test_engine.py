from __future__ import annotations

import asyncio
from typing import Any

from eventlab import hooks
from eventlab.sagas import Saga, Status, StepContext, step
from tests.unit.sagas.toys import FORWARD, QUICK, Bench, in_world, undone_from


def test_every_step_in_order_then_completed_once() -> None:
    bench = Bench()
    state = in_world(bench.run)
    assert (state.status, bench.toys.effects) == (Status.COMPLETED, FORWARD)
    assert in_world(bench.types) == [
        "SagaStarted",
        *["StepRequested", "StepSucceeded"] * 5,
        "SagaCompleted",
    ]


def test_an_outcome_and_the_next_intent_share_one_append() -> None:
    bench = Bench()
    in_world(bench.run)
    assert bench.store.appends == 1 + 4 + 1


def test_a_refusal_undoes_what_was_done_in_reverse() -> None:
    bench = Bench()
    bench.toys.refuse = "c"
    state = in_world(bench.run)
    assert (state.status, state.failed_step) == (Status.COMPENSATED, "c")
    assert bench.toys.effects == undone_from("b")
    assert state.reason == "refused (no): c said no"


def test_a_refused_pivot_undoes_everything_before_it() -> None:
    bench = Bench()
    bench.toys.refuse = "p"
    assert in_world(bench.run).status is Status.COMPENSATED
    assert bench.toys.effects == undone_from("c")


def test_a_lost_answer_is_asked_for_again_under_the_same_key() -> None:
    bench = Bench()
    bench.toys.lose_replies = {"b": 2}
    assert in_world(bench.run).status is Status.COMPLETED
    assert (bench.toys.calls.count("b"), bench.toys.effects) == (3, FORWARD)


def test_a_step_that_stays_in_doubt_is_undone_as_well() -> None:
    """It was applied each time; only the answers were lost."""
    bench = Bench()
    bench.toys.lose_replies = {"b": 99}
    assert in_world(bench.run).status is Status.COMPENSATED
    assert (bench.toys.calls.count("b"), bench.toys.effects) == (3, undone_from("b"))


def test_a_step_that_never_arrived_is_cancelled_so_that_it_cannot_arrive_later() -> None:
    bench = Bench()
    bench.toys.lose_requests = {"b": 3}
    assert in_world(bench.run).status is Status.COMPENSATED
    assert bench.toys.effects == undone_from("a")
    assert "b" in bench.toys.cancelled


def test_a_step_that_was_surely_not_reached_is_not_undone() -> None:
    bench = Bench()
    bench.toys.unreachable = {"b": 3}
    assert in_world(bench.run).status is Status.COMPENSATED
    assert bench.toys.effects == undone_from("a")
    assert "undo b" not in bench.toys.calls
    assert in_world(bench.types).count("StepUnreached") == 3


def test_a_rejection_does_not_clear_the_doubt_of_an_earlier_attempt() -> None:
    bench = Bench()
    bench.toys.lose_requests, bench.toys.unreachable_after = {"b": 1}, {"b": 2}
    assert in_world(bench.run).status is Status.COMPENSATED
    assert "undo b" in bench.toys.calls


def test_a_pivot_in_doubt_is_asked_until_it_is_known_and_nothing_is_undone_meanwhile() -> None:
    bench = Bench()
    bench.toys.lose_replies = {"p": 20}
    assert in_world(bench.run).status is Status.COMPLETED
    assert bench.toys.effects == FORWARD


def test_after_the_pivot_a_saga_only_goes_forward() -> None:
    bench = Bench()
    bench.toys.unreachable = {"z": 20}
    assert in_world(bench.run).status is Status.COMPLETED
    assert bench.toys.effects == FORWARD


def test_a_refusal_after_the_pivot_turns_nothing_back_but_gets_stuck_visibly() -> None:
    bench = Bench()
    bench.toys.refuse = "z"
    state = in_world(bench.run)
    assert (state.status, bench.toys.effects) == (Status.STUCK, FORWARD[:4])
    assert "z: refused (no): z said no, after" in state.reason
    assert in_world(lambda: bench.engine().unfinished()) == []


def test_a_compensation_is_tried_until_it_succeeds() -> None:
    bench = Bench()
    bench.toys.refuse = "c"
    bench.toys.unreachable = {"undo b": 30}
    assert in_world(bench.run).status is Status.COMPENSATED
    assert bench.toys.effects == undone_from("b")


def test_a_compensation_that_cannot_succeed_leaves_the_saga_stuck_and_the_earlier_steps_alone() -> None:
    bench = Bench()
    bench.toys.refuse = "c"
    bench.toys.unreachable = {"undo b": 10**9}
    state = in_world(bench.run)
    assert state.status is Status.STUCK
    assert bench.toys.effects == ["T a", "T b"]
    assert in_world(bench.types)[-2:] == ["CompensationFailed", "SagaStuck"]


def test_a_broken_handler_leaves_doubt_not_certainty() -> None:
    bench = Bench()

    async def breaks(ctx: StepContext) -> None:
        await bench.toys.do("x", ctx)
        raise KeyError("after the effect")

    async def undo(ctx: StepContext, result: Any) -> None:
        await bench.toys.undo("x", ctx, result)

    bench.saga = Saga("trip", [step("x", breaks, undo, **QUICK)])
    assert in_world(bench.run).status is Status.COMPENSATED
    assert bench.toys.effects == ["T x", "C x"]


def test_a_step_gets_the_results_before_it_and_a_compensation_its_own() -> None:
    seen: list[Any] = []

    async def first(ctx: StepContext) -> tuple[int, int]:
        return (1, 2)

    async def second(ctx: StepContext) -> None:
        seen.append(ctx.results)
        raise KeyError

    async def undo(ctx: StepContext, result: Any) -> None:
        seen.append(result)

    bench = Bench()
    bench.saga = Saga("trip", [step("one", first, undo, **QUICK), step("two", second, undo, attempts_max=1, **QUICK)])
    in_world(bench.run)
    assert seen == [{"one": [1, 2]}, None, [1, 2]]


def test_a_step_that_takes_too_long_is_in_doubt() -> None:
    async def slow(ctx: StepContext) -> None:
        await asyncio.sleep(5)

    bench = Bench()
    bench.saga = Saga("trip", [step("slow", slow, timeout_s=1.0, attempts_max=1)])
    state = in_world(bench.run)
    assert (state.status, state.reason) == (Status.COMPENSATED, "not done within 1 s; the outcome is unknown")


def test_the_planted_bug_says_compensated_and_undoes_nothing() -> None:
    bench = Bench()
    bench.toys.refuse = "c"
    state = in_world(lambda: bench.run(compensate=False))
    assert (state.status, bench.toys.effects) == (Status.COMPENSATED, ["T a", "T b"])


def test_every_append_is_told() -> None:
    bench = Bench()
    bench.toys.refuse = "b"
    told: list[Any] = []
    with hooks.listen(told.append):
        in_world(bench.run)
    moves = [(m.phase, m.step, m.attempt, m.detail) for m in told if isinstance(m, hooks.SagaMoved)]
    assert moves == [
        ("started", "", 0, ""),
        ("requested", "a", 1, "compensatable"),
        ("succeeded", "a", 1, ""),
        ("requested", "b", 1, "compensatable"),
        ("failed", "b", 1, "no"),
        ("compensating", "", 0, "b was refused"),
        ("compensation_requested", "a", 1, ""),
        ("compensated", "a", 1, ""),
        ("compensation_completed", "", 0, ""),
    ]
    assert {phase for phase, *_ in moves} <= {*hooks.SAGA_PHASES}
