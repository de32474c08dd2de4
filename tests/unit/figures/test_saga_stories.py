"""What the lanes of a saga tell beside its tries: who else had a hand in it, and which laws held meanwhile."""

from __future__ import annotations

import pytest

from eventlab import hooks
from eventlab.figures import describe_in_between, describe_saga_lanes, draw_saga_lanes, saga_story, style
from eventlab.figures.outcome_counts import outcomes
from eventlab.figures.pictures import drawn
from eventlab.figures.saga_story import Phase
from eventlab.figures.saga_world import World, world_of
from eventlab.history import AnyHappening, Entry
from eventlab.hooks import SAGA_PHASES
from eventlab.shop.in_between import Moment
from tests.unit.figures.made_up_run import MadeUpRun


def history(*happened: tuple[float, AnyHappening]) -> MadeUpRun:
    return MadeUpRun([Entry(at, "orders", what) for at, what in happened])


def moved(phase: str, step: str = "", detail: str = "") -> hooks.SagaMoved:
    return hooks.SagaMoved("o-1", "checkout", phase, step, 1, detail)


def looked(*broken: str) -> hooks.Observed:
    return hooks.Observed("books", {"broken": list(broken)})


STUCK = (
    (1.0, moved("started")),
    (1.0, moved("requested", "reserve")),
    (2.0, moved("timed_out", "reserve", "no answer")),
    (2.0, moved("compensating", "", "reserve is in doubt")),
    (2.0, moved("compensation_requested", "reserve")),
    (3.0, moved("compensation_failed", "reserve", "no answer")),
    (3.0, moved("stuck", "reserve", "tried for 1 s")),
)
RETRIED = history(
    *STUCK,
    (8.0, moved("retried", "", "the disk has room")),
    (8.0, moved("compensation_requested", "reserve")),
    (9.0, moved("compensated", "reserve")),
    (9.0, moved("compensation_completed")),
)


def test_a_saga_that_was_helped_goes_on_as_it_was_going_before() -> None:
    assert saga_story.tell(RETRIED).phases == (
        Phase("running", 1.0, 2.0),
        Phase("compensating", 2.0, 3.0),
        Phase("stuck", 3.0, 8.0),
        Phase("compensating", 8.0, 9.0),
        Phase("compensated", 9.0, 9.0),
    )
    assert (
        describe_saga_lanes(RETRIED)
        .split(". ", 3)[3]
        .startswith(
            "Undone, last step first: reserve at 9.00 s in 2 attempts. It was stuck from 3.00 s on. "
            "By hand it was retried at 8.00 s."
        )
    )


@pytest.mark.parametrize(("phase", "words"), [("skipped_by_hand", "skipped"), ("resolved", "resolved")])
def test_a_step_that_a_person_settles_is_in_doubt_no_more(phase: str, words: str) -> None:
    told = history(*STUCK, (8.0, moved(phase, "reserve")), (9.0, moved("compensation_completed")))
    (lane,) = saga_story.tell(told).lanes
    assert (lane.in_doubt, lane.passed_over) == ((2.0, 8.0), ((8.0, f"{words} by hand"),))
    assert f"reserve was {words} by hand at 8.00 s." in describe_saga_lanes(told)


def test_a_step_that_is_not_called_for_has_its_lane() -> None:
    told = history((0.0, moved("started")), (0.5, moved("skipped", "gift_wrap")), (1.0, moved("completed")))
    assert [(lane.step, lane.attempts, lane.passed_over) for lane in saga_story.tell(told).lanes] == [
        ("gift_wrap", (), ((0.5, "skipped"),))
    ]


def test_a_saga_that_is_taken_up_says_so_and_its_cut_attempt_was_in_doubt() -> None:
    asked = moved("requested", "pay")
    told = history((0.0, asked), (4.0, moved("taken_up", "", "pay")), (4.0, asked), (5.0, moved("succeeded", "pay")))
    story = saga_story.tell(told)
    assert (story.taken_up, [tried.outcome for tried in story.lanes[0].attempts]) == ((4.0,), ["unknown", "ok"])
    assert "Another driver took it up at 4.00 s." in describe_saga_lanes(told)


def test_back_at_a_save_point_a_saga_runs_again() -> None:
    told = history(
        (0.0, moved("started")), (1.0, moved("compensating")), (2.0, moved("rolled_back")), (3.0, moved("completed"))
    )
    assert [phase.state for phase in saga_story.tell(told).phases] == [
        "running",
        "compensating",
        "running",
        "completed",
    ]


@pytest.mark.parametrize(
    ("phase", "state", "counted"), [("cancelled", "cancelled", "compensated"), ("abandoned", "abandoned", "stuck")]
)
def test_cancelled_has_no_effect_and_abandoned_is_stuck_for_good(phase: str, state: str, counted: str) -> None:
    told = history(*STUCK, (9.0, moved(phase)))
    assert saga_story.tell(told).state == state
    assert outcomes(told).ended[counted] == (9.0,)


@pytest.mark.parametrize("phase", SAGA_PHASES)
def test_no_phase_is_too_new_to_be_drawn(phase: str) -> None:
    told = history(*STUCK, (8.0, moved(phase, "reserve")), (9.0, moved("compensation_completed")))
    with drawn(draw_saga_lanes, told) as figure:
        assert style.png(figure)
    assert describe_saga_lanes(told).endswith(".")


def test_laws_that_do_not_hold_are_in_between_until_the_saga_ends_and_then_broken() -> None:
    told = history(
        (0.0, looked()),
        STUCK[0],
        (1.5, looked("money", "stock")),
        (9.0, moved("completed")),
        (9.5, looked("stock")),
    )
    assert world_of(told, saga_story.tell(told)) == [
        World((), 1.0, 1.5, False),
        World(("money", "stock"), 1.5, 9.0, False),
        World(("money", "stock"), 9.0, 9.5, True),
        World(("stock",), 9.5, 9.5, True),
    ]
    assert describe_saga_lanes(told).endswith(
        "In between, from 1.50 s to 9.00 s, up to 2 laws did not hold (money, stock). In the end is broken: stock. "
        "No fault was in force."
    )


def test_where_nobody_looked_there_is_no_strip() -> None:
    assert world_of(RETRIED, saga_story.tell(RETRIED)) == []
    names = [[label.get_text() for label in draw_saga_lanes(run).get_yticklabels()]
             for run in (RETRIED, history(*STUCK, (9.0, looked())))]  # fmt: skip
    assert [found[-1] for found in names] == ["saga", "laws"]


def test_lanes_may_be_named_where_the_history_does_not_tell_them() -> None:
    lanes = saga_story.tell(RETRIED, steps={"reserve": "stock", "ship": "parcels"}).lanes
    assert [(lane.step, lane.service) for lane in lanes] == [("reserve", "stock"), ("ship", "parcels")]


def test_money_that_is_in_neither_account_is_counted_and_money_that_is_gone_is_told() -> None:
    whole = [Moment(0.0, 50, 50, 0), Moment(1.0, 20, 50, 30), Moment(2.0, 20, 80, 0)]
    gone = [Moment(0.0, 50, 50, 0), Moment(1.0, 20, 50, 0)]
    assert describe_in_between({"saga": whole, "thief": gone, "still": whole[:1]}) == (
        "saga: at 1 of 3 moments both accounts hold less than 1.00, at the least 0.70 at 1.00 s; with what is in "
        "transit it is always all of it. thief: at 1 of 2 moments both accounts hold less than 1.00, at the least 0.70 "
        "at 1.00 s; with what is in transit it is not all of it either. still: at all 1 moment both accounts hold 1.00."
    )
