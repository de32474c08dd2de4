from __future__ import annotations

import asyncio
from typing import Any

import pytest

from eventlab import hooks
from eventlab.errors import InvalidValue, SagaInputDiffers, UnknownSaga
from eventlab.resilience.deadline import deadline, remaining_s
from eventlab.sagas import Saga, SagaEngine, Status, StepContext, step
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


def test_driving_an_ended_saga_does_nothing() -> None:
    bench = Bench()
    in_world(bench.run)
    appends = bench.store.appends
    assert in_world(lambda: bench.engine().drive("1")).status is Status.COMPLETED
    assert (bench.store.appends, bench.toys.effects) == (appends, FORWARD)


def test_one_id_is_one_saga() -> None:
    bench = Bench()

    async def main() -> list[bool]:
        engine = bench.engine()
        first = await engine.start("trip", "1", {"size": 3})
        again = await engine.start("trip", "1", {"size": 3})
        await engine.run("trip", "1", {"size": 3})
        await engine.run("trip", "1", {"size": 3})
        return [first, again]

    assert in_world(main) == [True, False]
    assert bench.toys.effects == FORWARD


def test_the_input_is_frozen_at_the_start() -> None:
    bench = Bench()
    in_world(bench.run)
    for again in (bench.engine().start, bench.engine().run, bench.engine().submit):
        with pytest.raises(SagaInputDiffers):
            in_world(lambda again=again: again("trip", "1", {"size": 4}))


def test_a_typed_input_comes_back_typed_after_a_restart() -> None:
    seen: list[Any] = []

    async def look(ctx: StepContext) -> None:
        seen.append(ctx.input)

    bench = Bench()
    bench.saga = Saga("trip", [step("look", look)], input_type=tuple[int, str])

    async def main() -> None:
        await bench.engine().start("trip", "1", (7, "seven"))
        await bench.engine().drive("1")

    in_world(main)
    assert seen == [(7, "seven")]


def test_unknown_sagas_and_definitions_are_named() -> None:
    bench = Bench()
    with pytest.raises(UnknownSaga, match="no definition 'tirp'; there is trip"):
        in_world(lambda: bench.engine().run("tirp", "1", None))
    with pytest.raises(UnknownSaga, match="no saga '1' was started in store 'saga'"):
        in_world(lambda: bench.engine().drive("1"))


def test_a_saga_of_a_version_that_is_not_at_hand_is_parked() -> None:
    bench = Bench()

    async def main() -> None:
        await bench.engine().start("trip", "1", None)
        newer = Saga("trip", bench.saga.steps, version=2)
        assert await SagaEngine(bench.store, [newer]).recover() == []
        assert await SagaEngine(bench.store, [newer]).unfinished() == ["1"]
        (state,) = await SagaEngine(bench.store, [newer, bench.saga]).recover()
        assert state.definition_version == 1

    in_world(main)


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


class _AnyKey(dict[str, str]):
    def setdefault(self, name: str, key: str = "") -> str:
        return key


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


@pytest.mark.parametrize("given", [{"size": "three"}, "three", {3, 4}])
def test_an_input_that_the_saga_does_not_take_is_refused_by_name_and_nothing_is_written(given: Any) -> None:
    bench = Bench()
    bench.saga = Saga("trip", bench.saga.steps, input_type=dict[str, int])

    async def main() -> None:
        with pytest.raises(InvalidValue, match=r"^input of saga '1' is .* takes: "):
            await bench.engine().run("trip", "1", given)

    in_world(main)
    assert in_world(bench.types) == []
