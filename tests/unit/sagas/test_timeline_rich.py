"""What became of sagas with groups, save-points, conditions, people who helped, and drivers that died."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventlab.errors import Refused
from eventlab.resilience.backoff import Constant
from eventlab.sagas import Saga, SagaEngine, Status, StepStatus, fold, parallel, pivot, savepoint, step
from eventlab.sagas.attempts import Outcome
from eventlab.sagas.events import StepRequested
from eventlab.sagas.step import StepContext
from eventlab.sagas.timeline import Timeline, read_timeline, timeline
from tests.unit.sagas.toys import QUICK, Bench, Cut, Toys, in_world

WHO = {"by": "grace", "why": "the warehouse called"}


def rich(toys: Toys) -> Saga:
    """A save-point, a group, a step that is not wanted, and the point of no return."""
    return Saga(
        "trip",
        [
            toys.step("a"),
            savepoint("chosen", backoff=Constant(60.0)),
            parallel(toys.step("b"), toys.step("c", after="b"), toys.step("d")),
            step("gift", toys.forward("gift"), when=lambda ctx: False),
            pivot("p", toys.forward("p"), **QUICK),
        ],
    )


def bench_of(**trouble: Any) -> Bench:
    bench = Bench(Toys(**trouble))
    bench.saga = rich(bench.toys)
    return bench


def told(bench: Bench) -> Timeline:
    return in_world(lambda: read_timeline(bench.store, "1"))


def outcomes(story: Timeline) -> list[Outcome]:
    return [each.outcome for step in story.steps for each in (*step.attempts, *step.undo_attempts)]


def test_the_log_alone_tells_the_classes_and_what_waits_for_what() -> None:
    bench = bench_of()
    in_world(bench.run)
    assert [(step.name, step.kind, step.needs) for step in told(bench).steps] == [
        ("a", "compensatable", ()),
        ("b", "compensatable", ("a",)),
        ("c", "compensatable", ("b",)),
        ("d", "compensatable", ("a",)),
        ("gift", "compensatable", ("b", "c", "d")),
        ("p", "pivot", ("gift",)),
    ]


def test_a_step_that_was_not_wanted_has_no_attempt_and_says_why() -> None:
    bench = bench_of()
    in_world(bench.run)
    gift = told(bench).step("gift")
    assert (gift.status, gift.attempts) == (StepStatus.SKIPPED, ())
    assert gift.since is not None


def test_attempts_of_earlier_rounds_stay_in_the_story() -> None:
    bench = bench_of(unreachable={"d": 3})
    in_world(bench.run)
    story = told(bench)
    assert (story.status, story.state.rolled_back) == (Status.COMPLETED, {"chosen": 1})
    d, b = story.step("d"), story.step("b")
    assert [(each.round, each.outcome) for each in d.attempts] == [
        *[(1, Outcome.UNREACHED)] * 3,
        (2, Outcome.SUCCEEDED),
    ]
    assert (b.is_again, [each.round for each in b.undo_attempts]) == (True, [1])
    assert [phase.status for phase in story.phases] == [
        Status.RUNNING,
        Status.COMPENSATING,
        Status.RUNNING,
        Status.COMPLETED,
    ]
    assert story.turned_back_because == ""


def test_the_same_refusal_in_every_round_is_told_at_the_end() -> None:
    async def refuse(ctx: StepContext) -> None:
        raise Refused("no", "no room")

    bench = Bench()
    bench.saga = Saga("trip", [savepoint("chosen", backoff=Constant(60.0)), step("room", refuse)])
    in_world(bench.run)
    story = told(bench)
    assert (story.status, story.state.rolled_back) == (Status.COMPENSATED, {"chosen": 1})
    assert (story.reason, story.state.reason) == ("room: refused (no): no room", "refused (no): no room")


def test_what_people_did_is_told_with_who_and_why() -> None:
    bench = bench_of(lose_replies={"p": 10**9})
    in_world(bench.run)
    assert (told(bench).reason, told(bench).state.stuck_step) == (told(bench).state.reason, "p")
    in_world(lambda: SagaEngine(bench.store).resolve("1", "succeeded", result={"made": "p"}, **WHO))
    in_world(lambda: bench.engine().drive("1"))
    story = told(bench)
    (verb,) = story.verbs
    assert (verb.event, verb.step, verb.outcome, verb.by, verb.why) == ("StepResolved", "p", "succeeded", *WHO.values())
    assert (story.status, story.reason, story.step("p").result) == (Status.COMPLETED, "", {"made": "p"})


def test_why_it_turned_back_is_still_told_when_it_got_stuck_in_that() -> None:
    bench = bench_of(refuse="p", unreachable={"undo d": 10**9})
    in_world(bench.run)
    stuck = told(bench)
    assert (stuck.status, stuck.turned_back_because) == (Status.STUCK, "p: refused (no): p said no")
    assert stuck.reason.startswith("d: undo d was not reached")
    in_world(lambda: SagaEngine(bench.store).skip("1", **WHO))
    assert (told(bench).status, told(bench).reason) == (Status.COMPENSATING, "p: refused (no): p said no")
    assert told(bench).step("d").status is StepStatus.LEFT


def test_a_saga_that_somebody_turned_back_says_so() -> None:
    bench = bench_of()
    in_world(lambda: bench.engine().start("trip", "1", {}))
    in_world(lambda: bench.engine().cancel("1", **WHO))
    assert told(bench).reason == "cancelled: the warehouse called"


def test_a_driver_that_died_leaves_an_attempt_that_was_cut_short_when_the_next_one_came() -> None:
    bench = bench_of()
    bench.cut_at(4)
    with pytest.raises(Cut):
        in_world(bench.run)
    assert Outcome.OPEN in outcomes(told(bench))
    bench.cut_at(0)
    in_world(lambda: bench.engine().drive("1"))
    events = in_world(lambda: bench.store.read("saga-1"))
    taken_up = next(stored for stored in events if stored.type == "SagaTakenUp")
    assert outcomes(timeline(events, to=taken_up.version)).count(Outcome.OPEN) == 0
    for name in taken_up.event.steps:
        first, second, *_ = told(bench).step(name).attempts
        assert (first.outcome, first.ended_at) == (Outcome.CUT_SHORT, taken_up.occurred_at)
        assert second.version > taken_up.version


def test_wherever_a_driver_dies_what_it_had_asked_for_is_told_as_cut_short() -> None:
    """On the way back as on the way forward."""
    cut_short = []
    for point in range(1, 100):
        bench = bench_of(refuse="p")
        bench.cut_at(point)
        try:
            in_world(bench.run)
            break
        except Cut:
            bench.cut_at(0)
        in_world(lambda bench=bench: bench.engine().run("trip", "1", {"size": 3}))  # type: ignore[misc]
        story = told(bench)
        assert Outcome.OPEN not in outcomes(story)
        cut_short += [
            (each.undo, step.name)
            for step in story.steps
            for each in (*step.attempts, *step.undo_attempts)
            if each.outcome is Outcome.CUT_SHORT
        ]
    assert sorted(dict.fromkeys(cut_short)) == [
        *[(False, name) for name in ("a", "b", "c", "d", "p")],
        *[(True, name) for name in ("a", "b", "c", "d")],
    ]


TROUBLES = st.fixed_dictionaries(
    {},
    optional={
        "refuse": st.sampled_from("abcdp"),
        "lose_replies": st.dictionaries(st.sampled_from(["a", "b", "c", "undo a", "undo b"]), st.integers(1, 4)),
        "unreachable": st.dictionaries(st.sampled_from(["b", "d", "undo d", "undo c"]), st.integers(1, 4)),
        "takes_s": st.dictionaries(st.sampled_from("bcd"), st.sampled_from([0.5, 3.0])),
    },
)


@settings(max_examples=40, deadline=None)
@given(TROUBLES)
def test_every_intent_is_an_attempt_and_every_story_is_that_of_its_log(trouble: dict[str, Any]) -> None:
    bench = bench_of(**trouble)
    in_world(bench.run)
    events = in_world(lambda: bench.store.read("saga-1"))
    for version in range(1, len(events) + 1):
        past = [stored.event for stored in events[:version]]
        story = timeline(events, to=version)
        tries = [each for step in story.steps for each in (*step.attempts, *step.undo_attempts)]
        asked = [n + 1 for n, event in enumerate(past) if "Requested" in type(event).__name__]
        assert sorted(each.version for each in tries) == asked
        assert story.state == fold(past)
        forward = [each.version for step in story.steps for each in step.attempts]
        assert sorted(forward) == [n + 1 for n, event in enumerate(past) if isinstance(event, StepRequested)]
    assert Outcome.OPEN not in [each.outcome for each in tries]
    assert all(each.ended_at is not None and each.ended_at >= each.asked_at for each in tries)
