"""What a figure reads out of a history, before anything is drawn. Literal histories, whole results."""

from __future__ import annotations

import pytest

from eventlab import hooks
from eventlab.figures import (
    breaker_story,
    describe_breaker_strip,
    describe_outcomes,
    describe_saga_lanes,
    draw_breaker_strip,
    saga_story,
)
from eventlab.figures.breaker_story import Stretch
from eventlab.figures.faults import FaultSpan, fault_spans
from eventlab.figures.labels import Placed, place
from eventlab.figures.outcome_counts import outcomes
from eventlab.figures.saga_story import Attempt, Phase
from eventlab.history import AnyHappening, Entry
from tests.unit.figures.made_up_run import MadeUpRun, made_up_run


def history(*happened: tuple[float, AnyHappening]) -> MadeUpRun:
    return MadeUpRun([Entry(at, "orders", what) for at, what in happened])


def moved(phase: str, step: str = "", detail: str = "") -> hooks.SagaMoved:
    return hooks.SagaMoved("o-1", "checkout", phase, step, 1, detail)


UNDONE = history(
    (1.0, moved("started")),
    (1.0, moved("requested", "reserve")),
    (2.0, moved("timed_out", "reserve", "no answer")),
    (3.0, moved("compensating", "", "reserve given up")),
    (3.0, moved("compensation_requested", "reserve")),
    (4.0, moved("compensated", "reserve")),
    (4.0, moved("compensation_completed")),
)


def test_a_step_without_an_answer_is_in_doubt_until_it_is_undone() -> None:
    story = saga_story.tell(UNDONE)
    assert story.lanes[0].attempts == (
        Attempt("reserve", "forward", 1.0, 2.0, "unknown", "no answer"),
        Attempt("reserve", "backward", 3.0, 4.0, "ok", ""),
    )
    assert story.lanes[0].in_doubt == (2.0, 4.0)
    assert story.phases == (
        Phase("running", 1.0, 3.0),
        Phase("compensating", 3.0, 4.0),
        Phase("compensated", 4.0, 4.0),
    )


def test_a_request_repeated_before_its_outcome_was_left_in_doubt() -> None:
    """A driver that crashed after logging its intent: another one asks again."""
    asked = moved("requested", "pay")
    crashed = history((0.0, asked), (5.0, asked), (6.0, moved("succeeded", "pay")))
    assert [tried.outcome for tried in saga_story.tell(crashed).lanes[0].attempts] == ["unknown", "ok"]


def test_a_request_that_the_history_ends_in_stays_open() -> None:
    cut = history((0.0, moved("requested", "pay")), (2.0, moved("requested", "ship")))
    assert [lane.attempts[-1].outcome for lane in saga_story.tell(cut).lanes] == ["open", "open"]


def test_the_pivot_is_the_step_whose_request_says_so() -> None:
    assert saga_story.tell(history((0.0, moved("requested", "capture", "pivot")))).pivot == "capture"
    assert saga_story.tell(UNDONE).pivot == ""
    assert saga_story.tell(UNDONE, pivot="reserve").pivot == "reserve"


def test_the_most_telling_saga_was_undone_while_a_fault_held() -> None:
    run = made_up_run(orders=200)
    story = saga_story.tell(run)
    assert story.state == "compensated"
    assert story.began_s < 90 and story.ended_s > 60
    assert any(lane.in_doubt for lane in story.lanes)


def test_an_unknown_saga_is_named_in_the_error() -> None:
    with pytest.raises(LookupError, match="'o-9'"):
        describe_saga_lanes(UNDONE, saga="o-9")
    with pytest.raises(LookupError, match="no sagas"):
        describe_saga_lanes(history())


def test_saga_words_tell_the_steps_the_doubt_and_the_undoing() -> None:
    assert describe_saga_lanes(UNDONE) == (
        "Saga o-1 (checkout) began at 1.00 s and was compensated at 4.00 s, 3.00 s later. "
        "0 of 1 step succeeded (none); reserve did not, in 1 attempt (no answer). "
        "reserve was in doubt for 2.00 s. "
        "Undone, last step first: reserve at 4.00 s in 1 attempt. No fault was in force."
    )


def test_faults_pair_their_ends_and_an_unlifted_one_lasts_to_the_end() -> None:
    run = history(
        (1.0, hooks.FaultBegan("partition", "a | b")),
        (2.0, hooks.FaultBegan("partition", "c | d")),
        (3.0, hooks.FaultEnded("partition", "a | b")),
        (9.0, moved("started")),
    )
    assert fault_spans(run) == [
        FaultSpan("partition", "a | b", 1.0, 3.0, True),
        FaultSpan("partition", "c | d", 2.0, 9.0, False),
    ]


BROKEN = history(
    (1.0, hooks.CallEnded(1, "orders", "payments", "Reserve", "unknown", 1.0)),
    (1.0, hooks.CallEnded(2, "front", "payments", "Reserve", "ok", 0.1)),
    (1.0, hooks.BreakerCounted("orders→payments", 1, None)),
    (2.0, hooks.BreakerCounted("orders→payments", 10, 0.6)),
    (2.0, hooks.BreakerChanged("orders→payments", "closed", "open", "6 of 10 calls failed (60 % ≥ 50 %)")),
    (3.0, hooks.CallEnded(3, "orders", "payments", "Reserve", "rejected", 0.0)),
)


def test_a_breakers_story_has_its_states_its_own_calls_and_its_threshold() -> None:
    story = breaker_story.tell(BROKEN)
    assert story.stretches == (
        Stretch("closed", 0.0, 2.0, ""),
        Stretch("open", 2.0, 3.0, "6 of 10 calls failed (60 % ≥ 50 %)"),
    )
    assert [(call.at_s, call.outcome) for call in story.calls] == [(1.0, "unknown"), (3.0, "rejected")]
    assert story.threshold == 0.5


def test_a_breaker_named_after_its_target_guards_all_calls_to_it() -> None:
    renamed = history((1.0, hooks.BreakerCounted("payments", 1, None)), *((e.at, e.what) for e in BROKEN.entries[:2]))
    assert len(breaker_story.tell(renamed).calls) == 2


def test_a_breaker_before_several_guards_the_calls_to_all_of_them_and_one_of_many_says_whose_it_shows() -> None:
    ended = [
        (1.0, hooks.CallEnded(1, "page", "a", "Work", "ok", 0.1)),
        (2.0, hooks.CallEnded(2, "page", "b", "Work", "unknown", 0.5)),
        (3.0, hooks.CallEnded(3, "front", "b", "Work", "ok", 0.1)),
    ]
    told = {
        name: history(*ended, (4.0, hooks.BreakerChanged(name, "closed", "open", "")), (5.0, ended[0][1]))
        for name in ("page→a+b", "page/7→b", "a")
    }
    assert {name: [call.at_s for call in breaker_story.tell(run).calls] for name, run in told.items()} == {
        "page→a+b": [1.0, 2.0, 5.0],
        "page/7→b": [2.0],
        "a": [1.0, 5.0],
    }
    assert "Of 1 call of all that page has in that time: 1 unknown." in describe_breaker_strip(
        told["page/7→b"], window_s=(0.0, 5.0)
    )


def test_a_breaker_that_was_open_when_its_service_crashed_is_gone_with_it_and_the_next_one_is_closed() -> None:
    crashed = history(
        (1.0, hooks.NodeChanged("payments", "crashed", 1)),  # another's crash is nothing to it
        (2.0, hooks.BreakerChanged("orders→payments", "closed", "open", "6 of 10 calls failed (60 % ≥ 50 %)")),
        (3.0, hooks.NodeChanged("orders", "crashed", 1)),
        (5.0, hooks.NodeChanged("orders", "up", 2)),
        (7.0, hooks.NodeChanged("orders", "crashed", 2)),  # closed it was, and closed it will be
        (9.0, hooks.NodeChanged("orders", "up", 3)),
    )
    assert breaker_story.tell(crashed).stretches == (
        Stretch("closed", 0.0, 2.0, ""),
        Stretch("open", 2.0, 3.0, "6 of 10 calls failed (60 % ≥ 50 %)"),
        Stretch("down", 3.0, 5.0, "orders crashed"),
        Stretch("closed", 5.0, 9.0, "orders was started again"),
    )
    assert "It opened 1 time: open at 2.00 s" in describe_breaker_strip(crashed)


def test_a_threshold_of_slow_calls_is_not_one_of_failures() -> None:
    reason = "3 of 10 calls were slow, over 2 s (30 % ≥ 30 %)"
    slow = history((2.0, hooks.BreakerChanged("payments", "closed", "open", reason)))
    assert (breaker_story.tell(slow).threshold, breaker_story.tell(slow).slow_threshold) == (None, 0.3)
    assert (breaker_story.tell(BROKEN).threshold, breaker_story.tell(BROKEN).slow_threshold) == (0.5, None)


def test_the_rate_of_slow_calls_is_told_and_drawn_where_the_breaker_knows_of_such() -> None:
    counted = [(1.0, None, None), (2.0, 0.1, 0.2), (3.0, 0.1, 0.35)]
    slow = history(*((at, hooks.BreakerCounted("payments", 9, failed, share)) for at, failed, share in counted))
    assert breaker_story.tell(slow).slow == ((1.0, None), (2.0, 0.2), (3.0, 0.35))
    assert breaker_story.tell(BROKEN).slow == ()
    assert describe_breaker_strip(slow).endswith("At most 35 % of the calls it counted were slow.")
    steps = [line for line in draw_breaker_strip(slow).figure.axes[2].lines if line.get_drawstyle() == "steps-post"]
    assert [list(line.get_ydata()) for line in steps] == [[0.1, 0.1], [0.2, 0.35]]


def test_breaker_words_tell_how_far_it_was_behind_the_fault() -> None:
    words = describe_breaker_strip(made_up_run(orders=250))
    assert "It opened 5 times" in words
    assert "after the fault began" in words and "after the fault ended" in words


def test_breaker_words_say_which_of_several_faults_it_was_behind() -> None:
    faults = [(0.5, hooks.FaultBegan("isolation", "payments")), (1.0, hooks.FaultBegan("slow node", "shipping"))]
    told = describe_breaker_strip(history(*faults, *((entry.at, entry.what) for entry in BROKEN.entries[2:])))
    assert "It opened 1.50 s after the isolation began. It opened 1.00 s after the slow node began." in told
    alike = [(0.5, hooks.FaultBegan("crash", "payments")), (1.0, hooks.FaultBegan("crash", "shipping"))]
    told = describe_breaker_strip(history(*alike, *((entry.at, entry.what) for entry in BROKEN.entries[2:])))
    assert "It opened 1.50 s after the crash of 0.50 s began. It opened 1.00 s after the crash of 1.00 s began." in told


def test_a_run_without_a_breaker_says_so() -> None:
    with pytest.raises(LookupError, match="no circuit breaker"):
        describe_breaker_strip(UNDONE)


def test_outcomes_count_what_began_what_ended_and_the_most_at_once() -> None:
    told = outcomes(made_up_run(orders=250))
    assert len(told.began) == 250
    assert sum(len(times) for times in told.ended.values()) == 250
    assert told.in_flight[-1][1] == 0
    assert describe_outcomes(UNDONE) == (
        "1 saga began in 4.00 s: 1 compensated. No fault was in force. At most 1 were in flight, at 1.00 s."
    )


def test_a_label_over_leaders_to_its_right_is_higher_than_they_are() -> None:
    assert place([(0.0, ["left one"]), (4.0, ["right one"])], (0.0, 100.0), 1.0, 3) == [
        Placed(0.0, 0.0, 1, "left one"),
        Placed(4.0, 4.0, 0, "right one"),
    ]


def test_a_label_without_room_is_shortened_and_then_left_out() -> None:
    crowd = [(float(x), ["a rather long label", "short"]) for x in (0, 8, 10, 12)]
    placed = place(crowd, (0.0, 40.0), 1.0, 2)
    assert [(label.x, label.text) for label in placed] == [
        (0.0, "short"),
        (10.0, "a rather long label"),
        (12.0, "a rather long label"),
    ]
