from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlab.sagas import Status, StepStatus, advance, fold
from eventlab.sagas import events as e

STARTED = e.SagaStarted("1", "trip", 1, {"size": 3})
STORY = [
    STARTED,
    e.StepRequested("a", 1, 10.0),
    e.StepSucceeded("a", 1, {"made": "a"}),
    e.StepRequested("b", 1, 11.0),
    e.StepTimedOut("b", 1, "no answer"),
    e.StepRequested("b", 2, 12.0),
    e.StepTimedOut("b", 2, "no answer", gave_up=True),
    e.CompensationRequested("b", 1, 13.0),
    e.CompensationFailed("b", 1, "nobody there"),
    e.CompensationRequested("b", 2, 14.0),
    e.StepCompensated("b", 2),
    e.CompensationRequested("a", 1, 15.0),
    e.StepCompensated("a", 1),
    e.CompensationCompleted(),
]


def test_a_request_proves_nothing_but_doubt() -> None:
    state = fold(STORY[:2])
    assert (state.status, state.in_doubt, state.results) == (Status.RUNNING, ("a",), {})


def test_an_outcome_ends_the_doubt() -> None:
    state = fold(STORY[:3])
    assert (state.in_doubt, state.results) == ((), {"a": {"made": "a"}})


def test_a_timeout_leaves_the_doubt_and_only_the_last_one_turns_the_saga_back() -> None:
    assert (fold(STORY[:5]).status, fold(STORY[:5]).in_doubt) == (Status.RUNNING, ("b",))
    state = fold(STORY[:7])
    assert (state.status, state.in_doubt, state.failed_step) == (Status.COMPENSATING, ("b",), "b")
    assert state.steps["b"].to_undo


def test_a_refusal_on_the_first_attempt_leaves_nothing_to_undo_but_a_later_one_does() -> None:
    """The first message may still be under way when the second is refused."""
    first = fold([STARTED, e.StepRequested("a", 1, 0.0), e.StepFailed("a", 1, "no")])
    later = fold([STARTED, e.StepRequested("a", 1, 0.0), e.StepRequested("a", 2, 0.0), e.StepFailed("a", 2, "no")])
    assert (first.steps["a"].to_undo, later.steps["a"].to_undo) == (False, True)


def test_the_whole_story_ends_undone() -> None:
    state = fold(STORY)
    assert state.status is Status.COMPENSATED
    assert state.status.ended
    assert [step.status for step in state.steps.values()] == [StepStatus.COMPENSATED] * 2
    assert state.version == len(STORY)


def test_a_failed_undoing_still_needs_undoing() -> None:
    step = fold(STORY[:9]).steps["b"]
    assert (step.to_undo, step.undo_in_flight, step.undo_attempts, step.since_s) == (True, False, 1, 13.0)


def test_patience_is_counted_from_the_first_attempt() -> None:
    assert fold(STORY[:6]).steps["b"].since_s == 11.0
    assert fold(STORY[:10]).steps["b"].since_s == 13.0


def test_stuck_says_where_and_why() -> None:
    state = fold([*STORY[:9], e.SagaStuck("b", "nobody there")])
    assert (state.status, state.reason) == (Status.STUCK, "b: nobody there")


def test_what_it_was_stuck_with_is_no_reason_once_it_goes_on() -> None:
    stuck = e.SagaStuck("b", "nobody there")
    undone = [*STORY[:9], stuck, e.SagaRetried("back", "grace", 20.0), *STORY[9:]]
    done = [*STORY[:4], stuck, e.StepResolved("b", "succeeded", "seen", "grace", 20.0), e.SagaCompleted()]
    assert [fold(story).reason for story in (STORY, undone, done)] == ["no answer", "no answer", ""]


def test_a_saga_that_goes_on_from_a_savepoint_has_nothing_against_it() -> None:
    back = [*STORY[:-4], e.StepCompensated("b", 1), e.SagaRolledBack("here", ("b",), 20.0)]
    assert (fold(STORY[:8]).reason, fold(back).reason) == ("no answer", "")


@given(cut=st.integers(0, len(STORY)))
def test_folding_in_two_parts_is_folding_at_once(cut: int) -> None:
    before = fold(STORY[:cut])
    kept = (before.version, dict(before.steps))
    assert fold(STORY[cut:], before) == fold(STORY)
    assert (before.version, before.steps) == kept


def test_what_is_no_event_of_a_saga_is_refused() -> None:
    with pytest.raises(TypeError, match="'tea' is no event of a saga"):
        advance(fold([]), "tea")
