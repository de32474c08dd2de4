"""What operators may do: each verb an event, with who and why, and refused where it would do harm."""

from __future__ import annotations

from typing import Any

import pytest

from eventlab.errors import SagaVerbRefused, UnknownSaga
from eventlab.sagas import Saga, SagaEngine, SagaState, Status, StepStatus, retriable
from eventlab.sagas.verbs import possible
from tests.unit.sagas.toys import FORWARD, QUICK, Bench, in_world, undone_from

WHO = {"by": "grace", "why": "the warehouse called"}


def stuck(**faults: Any) -> Bench:
    """A saga that has got stuck, at the step that the faults say."""
    bench = Bench()
    for name, value in faults.items():
        setattr(bench.toys, name, value)
    assert in_world(bench.run).status is Status.STUCK
    for name, value in faults.items():
        setattr(bench.toys, name, type(value)())
    return bench


UNDOING: dict[str, Any] = {"refuse": "c", "unreachable": {"undo b": 10**9}}
AFTER_PIVOT: dict[str, Any] = {"refuse": "z"}
PIVOT: dict[str, Any] = {"lose_replies": {"p": 10**9}}


def helped(bench: Bench, verb: str, *args: Any, **options: Any) -> SagaState:
    """The verb comes from a process that has no definitions; then somebody drives the saga on."""

    async def main() -> SagaState:
        await getattr(SagaEngine(bench.store), verb)("1", *args, **WHO, **options)
        return await bench.engine().drive("1")

    return in_world(main)


def test_retry_gives_new_patience() -> None:
    bench = stuck(**UNDOING)
    assert helped(bench, "retry").status is Status.COMPENSATED
    assert bench.toys.effects == undone_from("b")


def test_retry_gets_stuck_again_only_after_as_long_again() -> None:
    bench = stuck(**UNDOING)
    before = bench.toys.calls.count("undo b")
    bench.toys.unreachable = {"undo b": 10**9}
    assert helped(bench, "retry").status is Status.STUCK
    assert bench.toys.calls.count("undo b") - before == pytest.approx(before, rel=0.1)


def test_skip_leaves_what_cannot_be_undone_and_undoes_the_rest() -> None:
    bench = stuck(**UNDOING)
    state = helped(bench, "skip")
    assert (state.status, state.steps["b"].status) == (Status.COMPENSATED, StepStatus.LEFT)
    assert bench.toys.effects == ["T a", "T b", "C a"]


def test_skip_goes_on_without_a_step_after_the_pivot() -> None:
    bench = stuck(**AFTER_PIVOT)
    state = helped(bench, "skip", "z")
    assert (state.status, bench.toys.effects) == (Status.COMPLETED, FORWARD[:-1])


def test_what_was_skipped_after_it_was_tried_may_have_happened_and_nothing_turns_back() -> None:
    """There is no pivot: the first retriable step is the point of no return."""
    bench = Bench()
    toys = bench.toys
    after = [retriable(name, toys.forward(name), **QUICK) for name in "yz"]
    bench.saga = Saga("trip", [toys.step("a"), *after])
    toys.lose_requests = {"y": 10**9}

    async def main() -> None:
        assert (await bench.run()).status is Status.STUCK
        engine = bench.engine()
        await engine.skip("1", **WHO)
        with pytest.raises(SagaVerbRefused, match="passed its point of no return"):
            await engine.cancel("1", **WHO)

    in_world(main)


def test_resolve_says_what_the_step_came_to() -> None:
    bench = stuck(**AFTER_PIVOT)
    state = helped(bench, "resolve", "succeeded", result={"by": "hand"})
    assert (state.status, state.results["z"]) == (Status.COMPLETED, {"by": "hand"})


def test_resolve_says_that_it_is_undone() -> None:
    bench = stuck(**UNDOING)
    state = helped(bench, "resolve", "compensated")
    assert (state.status, bench.toys.effects) == (Status.COMPENSATED, ["T a", "T b", "C a"])


@pytest.mark.parametrize(("outcome", "ends"), [("succeeded", Status.COMPLETED), ("failed", Status.COMPENSATED)])
def test_a_pivot_in_doubt_is_for_somebody_to_decide(outcome: str, ends: Status) -> None:
    bench = stuck(**PIVOT)
    assert helped(bench, "resolve", outcome).status is ends
    assert bench.toys.effects[:4] == FORWARD[:4]
    assert bench.toys.effects[4:] == (["T z"] if outcome == "succeeded" else ["C c", "C b", "C a"])


@pytest.mark.parametrize(
    ("faults", "verb", "args", "reason"),
    [
        (PIVOT, "skip", (), "is the pivot: resolve it"),
        (PIVOT, "compensate", (), "may have, passed its point of no return"),
        (PIVOT, "cancel", (), "may have, passed its point of no return"),
        (AFTER_PIVOT, "compensate", (), "passed its point of no return"),
        (AFTER_PIVOT, "resolve", ("failed",), "nothing turns back"),
        (AFTER_PIVOT, "resolve", ("compensated",), "it can be succeeded or failed"),
        (AFTER_PIVOT, "skip", ("a",), "the step that is stuck is 'z', not 'a'"),
        (UNDOING, "resolve", ("succeeded",), "it can be compensated"),
        (UNDOING, "compensate", (), "it is being undone already"),
    ],
)
def test_what_would_do_harm_is_refused_and_writes_nothing(
    faults: dict[str, Any], verb: str, args: tuple[Any, ...], reason: str
) -> None:
    bench = stuck(**faults)
    before = in_world(bench.types)
    with pytest.raises(SagaVerbRefused, match=reason):
        helped(bench, verb, *args)
    assert in_world(bench.types) == before


@pytest.mark.parametrize("verb", ["retry", "skip", "abandon"])
def test_a_saga_that_is_not_stuck_needs_no_help(verb: str) -> None:
    bench = Bench()
    in_world(bench.run)
    with pytest.raises(SagaVerbRefused, match="it is completed; only a stuck saga"):
        helped(bench, verb)


def test_abandoned_is_an_end() -> None:
    bench = stuck(**UNDOING)
    state = helped(bench, "abandon")
    assert (state.status, state.status.ended) == (Status.ABANDONED, True)
    assert in_world(lambda: bench.engine().unfinished()) == []


def test_every_verb_is_an_event_with_who_and_why() -> None:
    bench = stuck(**UNDOING)
    helped(bench, "skip")
    (event,) = [e.event for e in in_world(lambda: bench.store.read("saga-1")) if e.type == "StepSkippedByHand"]
    assert (event.step, event.by, event.why) == ("b", "grace", "the warehouse called")


def test_nobody_helps_a_saga_that_never_was() -> None:
    with pytest.raises(UnknownSaga):
        helped(Bench(), "retry")


@pytest.mark.parametrize(
    ("faults", "verbs"),
    [
        (UNDOING, ("retry", "skip", "resolve", "abandon")),
        (AFTER_PIVOT, ("retry", "skip", "resolve", "abandon")),
        (PIVOT, ("retry", "resolve", "abandon")),
    ],
)
def test_it_is_told_what_may_be_done(faults: dict[str, Any], verbs: tuple[str, ...]) -> None:
    bench = stuck(**faults)
    assert possible(in_world(lambda: bench.engine().state("1"))) == verbs
