"""What became of a saga: its steps, attempts, timings and doubts, now and at any version of the past."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from eventlab.errors import UnknownSaga
from eventlab.sagas import Status, StepStatus, fold
from eventlab.sagas.attempts import Outcome
from eventlab.sagas.timeline import Timeline, read_timeline, timeline
from eventlab.store import StoredEvent, archive
from tests.unit.sagas.toys import Bench, Cut, in_world


def told(change: Callable[[Bench], object] = lambda bench: None) -> tuple[list[StoredEvent], Timeline]:
    """The log of one saga, and its story."""
    bench = Bench()
    change(bench)
    in_world(bench.run)
    events = in_world(lambda: bench.store.read("saga-1"))
    return events, timeline(events)


def doubtful(bench: Bench) -> None:
    """One lost answer, then a refusal, then an undoing that is not reached at first."""
    bench.toys.lose_replies, bench.toys.refuse, bench.toys.unreachable = {"b": 1}, "c", {"undo a": 2}


def tries(story: Timeline) -> dict[str, list[str]]:
    return {
        step.name: [each.outcome.value for each in step.attempts]
        + [f"undo {e.outcome.value}" for e in step.undo_attempts]
        for step in story.steps
    }


def test_each_step_tells_its_attempts_and_how_each_ended() -> None:
    _, story = told(doubtful)
    assert (story.status, story.state.failed_step) == (Status.COMPENSATED, "c")
    assert {name: of for name, of in tries(story).items() if of} == {
        "a": ["succeeded", "undo failed", "undo failed", "undo succeeded"],
        "b": ["timed out", "succeeded", "undo succeeded"],
        "c": ["refused"],
    }
    assert [each.number for each in story.step("a").undo_attempts] == [1, 2, 3]
    assert story.step("c").attempts[0].reason == "no: c said no"


def test_times_are_those_of_the_events_and_pauses_are_seen() -> None:
    events, story = told(doubtful)
    first, second = story.step("b").attempts
    assert second.asked_at - first.ended_at == timedelta(seconds=0.1)  # type: ignore[operator]
    assert story.step("b").took_s == pytest.approx(0.1)
    assert (story.started_at, story.since) == (events[0].occurred_at, events[-1].occurred_at)
    assert story.took_s == pytest.approx(0.1 + 2 * 0.1)
    assert [phase.status for phase in story.phases] == [Status.RUNNING, Status.COMPENSATING, Status.COMPENSATED]


def test_at_every_version_of_the_past_the_story_is_that_of_the_log_so_far() -> None:
    events, _ = told(doubtful)
    for version in range(1, len(events) + 1):
        story = timeline(events, to=version)
        assert story == timeline(events[:version])
        assert story.state == fold(each.event for each in events[:version])
        asked = [each for step in story.steps for each in (*step.attempts, *step.undo_attempts)]
        still_open = [each for each in asked if each.outcome is Outcome.OPEN]
        assert len(still_open) == (1 if events[version - 1].type.endswith("Requested") else 0)
        assert all((each.ended_at is None) == (each.outcome is Outcome.OPEN) for each in asked)


def test_at_a_moment_it_is_what_had_occurred_by_then() -> None:
    events, _ = told(doubtful)
    between = next(each for each in events if each.type == "StepTimedOut")
    story = timeline(events, at=between.occurred_at + timedelta(seconds=0.05))
    assert (story.version, story.in_doubt, story.took_s) == (between.version, ("b",), None)
    assert timeline(events, at=between.occurred_at) == story
    with pytest.raises(UnknownSaga, match="had happened by then"):
        timeline(events, at=events[0].occurred_at - timedelta(seconds=1))


def test_an_attempt_that_a_crash_cut_short_says_so() -> None:
    bench = Bench()
    bench.cut_at(4)  # the effect of b is there, its outcome is not
    with pytest.raises(Cut):
        in_world(bench.run)
    cut = in_world(lambda: read_timeline(bench.store, "1"))
    assert (tries(cut)["b"], cut.in_doubt) == (["open"], ("b",))
    bench.cut_at(0)
    in_world(lambda: bench.engine().drive("1"))
    story = in_world(lambda: read_timeline(bench.store, "1"))
    assert (tries(story)["b"], story.status) == (["cut short", "succeeded"], Status.COMPLETED)


def test_a_saga_set_aside_is_told_as_it_ended() -> None:
    bench = Bench()
    in_world(bench.run)
    in_world(lambda: archive(bench.store, "saga-1"))
    story = in_world(lambda: read_timeline(bench.store, "1"))
    assert (story.status, story.is_set_aside) == (Status.COMPLETED, True)
    assert story.version == story.state.version


def test_a_saga_that_nobody_started_is_unknown() -> None:
    bench = Bench()
    with pytest.raises(UnknownSaga, match="no saga '1'"):
        in_world(lambda: read_timeline(bench.store, "1"))


def test_a_table_has_a_row_for_each_attempt_in_the_order_of_asking() -> None:
    _, story = told(doubtful)
    frame = story.to_frame()
    assert list(frame["step"]) == ["a", "b", "b", "c", "b", "a", "a", "a"]
    assert list(frame["direction"]) == ["forward"] * 4 + ["backward"] * 4
    assert frame["asked_at"].is_monotonic_increasing
    assert frame.loc[1, "outcome"] == "timed out" and frame["took_s"].notna().all()


def test_results_and_status_come_from_the_fold() -> None:
    _, story = told()
    assert [step.result for step in story.steps] == [{"made": name} for name in "abcpz"]
    assert {step.status for step in story.steps} == {StepStatus.SUCCEEDED}
