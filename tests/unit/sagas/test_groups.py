"""Parallel groups: under way together, undone in the reverse order of what they build upon."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventlab import hooks, runtime
from eventlab.errors import SagaMisdefined, StoreUnavailable
from eventlab.resilience.backoff import Constant
from eventlab.sagas import Saga, SagaEngine, SagaState, Status, StepStatus, parallel, pivot, retriable, step
from eventlab.store import PassingStore
from tests.unit.sagas.cutting import begin, resume
from tests.unit.sagas.toys import QUICK, Bench, in_world


def bench_of(*groups: object, refuse: str = "") -> Bench:
    """Steps a to d side by side, where c builds upon a; then what is given, then one more that may refuse."""
    bench = Bench()
    toys = bench.toys
    toys.refuse = refuse
    group = parallel(toys.step("a"), toys.step("b"), toys.step("c", after="a"), toys.step("d"))
    bench.saga = Saga("trip", [toys.step("first"), group, toys.step("last")])
    return bench


def test_steps_of_a_group_are_under_way_at_the_same_time() -> None:
    bench = bench_of()
    bench.toys.takes_s = {"a": 2.0, "b": 3.0, "c": 2.0, "d": 1.0}

    async def main() -> float:
        assert (await bench.run()).status is Status.COMPLETED
        return runtime.monotonic()

    assert in_world(main) == pytest.approx(4.0)
    assert bench.toys.effects == ["T first", "T d", "T a", "T b", "T c", "T last"]


def test_intents_that_come_together_share_one_append() -> None:
    bench = bench_of()
    in_world(bench.run)
    types = in_world(bench.types)
    first = types.index("StepRequested", 2)
    assert types[first - 1 : first + 3] == ["StepSucceeded", "StepRequested", "StepRequested", "StepRequested"]


def test_a_failed_group_undoes_what_its_other_steps_did() -> None:
    bench = bench_of(refuse="b")
    bench.toys.takes_s = {"b": 1.0}
    state = in_world(bench.run)
    assert (state.status, state.failed_step) == (Status.COMPENSATED, "b")
    assert bench.toys.effects == ["T first", "T a", "T d", "T c", "C d", "C c", "C a", "C first"]


def test_who_waits_to_try_again_does_not_and_is_not_waited_for_when_another_has_failed() -> None:
    bench = Bench()
    toys = bench.toys
    toys.refuse, toys.takes_s, toys.unreachable = "b", {"b": 5.0}, {"d": 1}
    slow = step("d", toys.forward("d"), toys.backward("d"), backoff=Constant(600.0))
    bench.saga = Saga("trip", [parallel(toys.step("b"), slow)])

    async def main() -> float:
        await bench.run()
        return runtime.monotonic()

    assert in_world(main) == 5.0
    assert (toys.calls, toys.effects) == (["b", "d"], [])


class FailingOnce(PassingStore):
    """Its second append writes nothing."""

    appends = 0

    async def append(self, *args: Any, **options: Any) -> Any:
        self.appends += 1
        if self.appends == 2:
            raise StoreUnavailable(self.name, "nobody there")
        return await super().append(*args, **options)


def test_whose_intent_was_not_written_is_not_called() -> None:
    """All share one append: what fails for the first fails for the others."""
    bench = Bench()
    toys = bench.toys
    bench.saga = Saga("trip", [toys.step("a"), parallel(toys.step("b"), toys.step("c"), toys.step("d"))])

    async def main() -> None:
        with pytest.raises(StoreUnavailable):
            await SagaEngine(FailingOnce(bench.store), [bench.saga]).run("trip", "1", {})

    in_world(main)
    assert toys.calls == ["a"]


def test_of_two_that_fail_the_first_is_the_reason() -> None:
    bench = bench_of()

    async def main() -> str | None:
        bench.toys.unreachable = {"a": 99, "d": 99}
        return (await bench.run()).failed_step

    assert in_world(main) == "a"


@st.composite
def dependencies(draw: st.DrawFn) -> dict[str, tuple[str, ...]]:
    """Up to six steps, each building upon some of those before it."""
    names = "abcdef"[: draw(st.integers(2, 6))]
    earlier = [st.lists(st.sampled_from(names[:i]), unique=True) if i else st.just([]) for i in range(len(names))]
    return {name: tuple(draw(chosen)) for name, chosen in zip(names, earlier, strict=True)}


@settings(max_examples=40, deadline=None)
@given(needs=dependencies(), lasts=st.lists(st.floats(0.0, 3.0), min_size=6, max_size=6), seed=st.integers(0, 9))
def test_undoing_is_the_reverse_of_any_order_of_dependencies(
    needs: dict[str, tuple[str, ...]], lasts: list[float], seed: int
) -> None:
    bench = Bench()
    toys = bench.toys
    toys.refuse = "end"
    for index, name in enumerate(needs):
        toys.takes_s |= {name: lasts[index], f"undo {name}": lasts[-1 - index]}
    steps = [toys.step(name, after=after) for name, after in needs.items()]
    bench.saga = Saga("trip", [parallel(*steps), toys.step("end")])
    assert in_world(bench.run, seed).status is Status.COMPENSATED
    place = {effect: index for index, effect in enumerate(toys.effects)}
    assert len(place) == 2 * len(needs) == len(toys.effects)
    for name, after in needs.items():
        for need in after:
            assert place[f"T {need}"] < place[f"T {name}"] < place[f"C {name}"] < place[f"C {need}"]


class Slow(PassingStore):
    """An append takes a second before it writes."""

    async def append(self, *args: Any, **options: Any) -> Any:
        await asyncio.sleep(1)
        return await super().append(*args, **options)


def test_who_was_cancelled_while_it_wrote_writes_no_more_and_calls_nobody() -> None:
    """One of the group ends while the append of another's intent is under way, and the driver is cancelled."""
    bench = Bench()
    toys = bench.toys
    toys.takes_s = {"b": 5.0, "c": 5.5, "d": 5.5}
    steps = [parallel(toys.step("b"), toys.step("c"), toys.step("d", after="b"), toys.step("e", after="c"))]
    bench.saga = Saga("trip", steps)

    async def main() -> list[str]:
        task = asyncio.create_task(SagaEngine(Slow(bench.store), [bench.saga]).run("trip", "1", {}))
        await asyncio.sleep(6.7)  # d's intent is being written, and c has come back
        task.cancel()
        await asyncio.sleep(30)
        return await bench.types()

    assert in_world(main) == ["SagaStarted", "StepRequested", "StepRequested"]
    assert toys.calls == ["b", "c"]


def test_retriable_steps_may_be_a_group_too() -> None:
    bench = Bench()
    toys = bench.toys
    after = parallel(retriable("y", toys.forward("y"), **QUICK), retriable("z", toys.forward("z"), **QUICK))
    toys.unreachable = {"y": 5}
    bench.saga = Saga("trip", [toys.step("a"), pivot("p", toys.forward("p"), **QUICK), after])
    assert in_world(bench.run).status is Status.COMPLETED
    assert toys.effects == ["T a", "T p", "T z", "T y"]


def one_stuck(direction: str) -> Bench:
    """One of two steps side by side gets stuck after thirty seconds, where the other takes two minutes."""
    bench = Bench()
    toys, slow = bench.toys, {**QUICK, "backoff": Constant(10.0), "undo_backoff": Constant(10.0)}
    if direction == "forward":
        group = parallel(*(retriable(name, toys.forward(name), **slow) for name in "bc"))
        bench.saga = Saga("trip", [toys.step("a"), group])
        toys.unreachable, toys.takes_s = {"b": 10**9}, {"c": 120.0}
    else:
        group = parallel(*(step(name, toys.forward(name), toys.backward(name), **slow) for name in "bc"))
        bench.saga = Saga("trip", [toys.step("a"), group, toys.step("d")])
        toys.refuse, toys.unreachable, toys.takes_s = "d", {"undo b": 10**9}, {"undo c": 120.0}
    return bench


@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_who_is_stuck_is_seen_at_once_and_not_when_the_others_have_ended(direction: str) -> None:
    bench = one_stuck(direction)
    told: list[tuple[float, str]] = []

    def listener(happening: hooks.Happening) -> None:
        if isinstance(happening, hooks.SagaMoved) and happening.phase == "stuck":
            told.append((round(runtime.monotonic()), happening.step))

    async def main() -> tuple[str | None, SagaState]:
        driving = asyncio.create_task(bench.run())
        await asyncio.sleep(60)
        return (await bench.engine().state("1")).stuck_step, await driving

    with hooks.listen(listener):
        stuck_step, state = in_world(main)
    assert (stuck_step, told, state.status) == ("b", [(30, "b")], Status.STUCK)
    stands = StepStatus.SUCCEEDED if direction == "forward" else StepStatus.COMPENSATED
    assert state.steps["c"].status is stands  # it was waited for, and is written behind


def is_whole(bench: Bench, direction: str, state: SagaState) -> bool:
    effects = bench.toys.effects
    if direction == "forward":
        return (state.status, sorted(effects)) == (Status.COMPLETED, ["T a", "T b", "T c"])
    undone = sorted(effects[3:])
    return (state.status, undone, effects[-1]) == (Status.COMPENSATED, ["C a", "C b", "C c"], "C a")


@pytest.mark.parametrize("direction", ["forward", "backward"])
@pytest.mark.parametrize("helped_after_s", [60, 600])
def test_who_is_helped_while_the_others_go_on_ends_as_if_nothing_had_been(direction: str, helped_after_s: int) -> None:
    bench = one_stuck(direction)

    async def main() -> SagaState:
        engine = bench.engine()
        await engine.start("trip", "1", {"size": 3})
        driving = engine.go("1")
        await asyncio.sleep(helped_after_s)
        bench.toys.unreachable = {}
        await engine.retry("1", by="grace", why="the cause is gone")
        await driving
        return await engine.go("1")

    assert is_whole(bench, direction, in_world(main))


@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_cut_anywhere_around_the_moment_at_which_one_is_stuck_it_can_be_helped(direction: str) -> None:
    async def main() -> list[int]:
        flawed = []
        for cut in range(1, await begin(one_stuck(direction), 0) + 1):
            bench = one_stuck(direction)
            await begin(bench, cut)
            await resume(bench, 0)
            bench.toys.unreachable = {}
            await bench.engine().retry("1", by="grace", why="the cause is gone")
            await resume(bench, 0)
            if not is_whole(bench, direction, await bench.engine().state("1")):
                flawed.append(cut)
        return flawed

    assert in_world(main) == []


def test_cancelling_the_waiter_lets_go_of_all_that_is_under_way() -> None:
    bench = bench_of()
    bench.toys.takes_s = dict.fromkeys("abcd", 5.0)

    async def main() -> None:
        task = asyncio.create_task(bench.run())
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.sleep(10)
        assert bench.toys.effects == ["T first"]
        assert (await bench.engine().drive("1")).status is Status.COMPLETED

    in_world(main)


@pytest.mark.parametrize(
    ("group", "reason"),
    [
        (lambda toys: parallel(), "all compensatable or all retriable"),
        (
            lambda toys: parallel(toys.step("a"), retriable("z", toys.forward("z"))),
            "all compensatable or all retriable",
        ),
        (lambda toys: parallel(pivot("p", toys.forward("p"))), "all compensatable or all retriable"),
        (lambda toys: parallel(toys.step("a", after="b"), toys.step("b")), "not before it in its group"),
        (lambda toys: parallel(toys.step("a", after="a")), "not before it in its group"),
        (lambda toys: toys.step("b", after="x"), "is in no parallel group"),
    ],
)
def test_groups_that_could_not_work_are_refused(group: object, reason: str) -> None:
    toys = Bench().toys
    with pytest.raises(SagaMisdefined, match=reason):
        Saga("trip", [toys.step("x"), group(toys)])  # type: ignore[operator]
