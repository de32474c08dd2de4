"""The story of conflicts: who read what, whose append won, and what was never seen."""

from __future__ import annotations

import pytest

from eventlab import hooks
from eventlab.figures import describe_conflicts, draw_conflicts
from eventlab.figures.conflicts import around_break
from eventlab.figures.conflicts_story import rows, tell
from eventlab.history import AnyHappening, Entry
from tests.unit.figures.made_up_rivals import SHOW, made_up_rivals
from tests.unit.figures.made_up_run import MadeUpRun

READ_7 = (("show-lear", 7),)


def history(*happened: tuple[float, str, AnyHappening]) -> MadeUpRun:
    return MadeUpRun([Entry(at, node, what) for at, node, what in happened])


def appended(stream: str, version: int) -> hooks.EventsAppended:
    return hooks.EventsAppended("office", version, ((stream, version, "SeatSold"),))


def tried(number: int, outcome: str, streams: tuple[tuple[str, int], ...], took_s: float) -> hooks.CommandAttempted:
    return hooks.CommandAttempted("SellSeat", number, outcome, streams, duration_s=took_s)


MET = hooks.CommandAttempted("SellSeat", 1, "conflict", READ_7, (("show-lear", 7, 8),), 1.0, 4.0)

LAST_SEAT = history(
    (4.0, "ben", appended("show-lear", 8)),
    (4.0, "ben", tried(1, "written", READ_7, 3.0)),
    (6.0, "ada", MET),
    (9.0, "ada", tried(2, "refused", (("show-lear", 8),), 2.0)),
)

SKEW = history(
    (4.0, "ben", appended("usher-ben", 2)),
    (4.0, "ben", tried(1, "written", (("usher-ada", 1), ("usher-ben", 1)), 3.0)),
    (6.0, "ada", appended("usher-ada", 2)),
    (6.0, "ada", tried(1, "written", (("usher-ada", 1), ("usher-ben", 1)), 4.0)),
)


def test_an_attempt_lasts_from_its_reading_to_its_append() -> None:
    ben, *_ = tell(LAST_SEAT).attempts
    assert (ben.writer, ben.began_s, ben.acted_s, ben.read("show-lear"), ben.wrote("show-lear")) == (
        "ben", 1.0, 4.0, 7, 8,
    )  # fmt: skip


def test_the_append_that_won_is_the_first_after_what_was_read() -> None:
    later = history(
        (1.0, "cleo", appended("show-lear", 8)),
        (2.0, "dora", appended("show-lear", 9)),
        (6.0, "ada", hooks.CommandAttempted("SellSeat", 1, "conflict", READ_7, (("show-lear", 7, 9),), None, 6.0)),
    )
    won = tell(later).winner("show-lear", 7)
    assert won is not None and (won.writer, won.at_s) == ("cleo", 1.0)


def test_an_append_that_went_over_another_has_not_seen_it() -> None:
    blind = history(
        (4.0, "ben", appended("show-lear", 8)),
        (6.0, "ada", appended("show-lear", 9)),
        (6.0, "ada", tried(1, "written", READ_7, 5.0)),
    )
    story = tell(blind)
    assert story.unseen(story.attempts[0], "show-lear") == (("show-lear", 8),)
    assert "ada appended at 6.000 s, having read version 7 of show-lear, and had not seen version 8" in (
        describe_conflicts(blind)
    )


def test_write_skew_is_seen_where_nothing_conflicts() -> None:
    """What changed is the stream that was only read."""
    story = tell(SKEW)
    ben, ada = story.attempts
    assert story.unseen(ada, "usher-ben") == (("usher-ben", 2),)
    assert [story.unseen(ada, "usher-ada"), story.unseen(ben, "usher-ada"), story.unseen(ben, "usher-ben")] == [()] * 3


def test_a_sound_run_leaves_nothing_unseen() -> None:
    story = tell(LAST_SEAT)
    assert [story.unseen(attempt, "show-lear") for attempt in story.attempts] == [()] * 3


def test_one_row_for_each_writer_and_a_next_attempt_on_the_same_one() -> None:
    shown = rows(tell(LAST_SEAT), ["show-lear"], (0.0, 10.0))
    assert [(row.writer, [attempt.number for attempt in row.attempts]) for row in shown] == [
        ("ada", [1, 2]),
        ("ben", [1]),
    ]


def test_a_node_that_attempts_two_things_at_once_gets_two_rows() -> None:
    crowd = history(*((entry.at, "desk", entry.what) for entry in LAST_SEAT.entries))
    shown = rows(tell(crowd), ["show-lear"], (0.0, 10.0))
    assert [(row.writer, [attempt.outcome for attempt in row.attempts]) for row in shown] == [
        ("desk", ["written"]),
        ("desk", ["conflict", "refused"]),
    ]


def test_an_append_without_an_attempt_has_a_row_too() -> None:
    stranger = history(
        (3.0, "cleo", appended("show-lear", 8)), *((e.at, e.node, e.what) for e in LAST_SEAT.entries[2:])
    )
    shown = rows(tell(stranger), ["show-lear"], (0.0, 10.0))
    assert [(row.writer, len(row.attempts), len(row.alone)) for row in shown] == [("ada", 2, 0), ("cleo", 0, 1)]


def test_the_words_tell_the_ends_and_the_first_conflict_with_its_winner() -> None:
    assert describe_conflicts(LAST_SEAT) == (
        "3 attempts by 2 writers on show-lear, from 1.000 to 9.000 s: 1 written, 1 conflict, 1 refused. "
        "First conflict: ada read show-lear at version 7 and at 6.000 s expected 7, found 8; ben had won at 4.000 s. "
        "show-lear went from version 7 to 8."
    )


def test_of_a_long_run_the_densest_conflicts_are_shown() -> None:
    words = describe_conflicts(made_up_rivals(orders=500, cut_s=(60.0, 90.0)))
    began = float(words.split("from ")[1].split(" to")[0])
    assert 60 <= began < 90


def test_of_a_crowd_the_winner_is_shown_first_of_all() -> None:
    crowd = [(4.0, f"clerk-{number}", MET) for number in range(1, 40)]
    figure = draw_conflicts(history((3.0, "late", appended("show-lear", 8)), *crowd)).get_figure(root=True)
    assert figure is not None
    names = [label.get_text() for ax in figure.axes for label in ax.get_yticklabels()]
    assert "late" in names and names.index("clerk-2") < names.index("clerk-10")


def test_it_is_said_how_many_of_a_crowd_are_drawn_and_nothing_is_told_of_the_others() -> None:
    crowd = history(
        (3.0, "late", appended("show-lear", 8)),
        (3.0, "late", tried(1, "written", READ_7, 2.0)),
        *((4.0, f"clerk-{number}", MET) for number in range(1, 40)),
    )
    words = describe_conflicts(crowd)
    assert "40 attempts by 40 writers" in words and "12 of 40 writers are drawn." in words
    figure = draw_conflicts(crowd).get_figure(root=True)
    assert figure is not None and "12 of 40 writers drawn" in figure.axes[0].get_title(loc="left")
    drawn = {label.get_text() for ax in figure.axes for label in ax.get_yticklabels()}
    assert words.split("First conflict: ")[1].split()[0] in drawn
    assert "are drawn" not in describe_conflicts(LAST_SEAT)


@pytest.mark.parametrize("window_s", [(0.0, 5.0), (3.21, 17.4), (61.0, 64.0), (70.3, 71.9)])
def test_what_was_written_in_the_window_is_what_the_versions_went_up_by(window_s: tuple[float, float]) -> None:
    words = describe_conflicts(made_up_rivals(), window_s=window_s)
    began, ended = (int(part) for part in words.rstrip(".").split("from version ")[-1].split(" to "))
    assert f": {ended - began} written" in words


def test_a_break_without_a_conflict_is_found_with_what_was_not_seen() -> None:
    assert around_break(SKEW) == {"streams": ["usher-ada", "usher-ben"], "window_s": (0.0, 11.0)}
    assert around_break(SKEW, 6.0) == around_break(SKEW)
    assert around_break(SKEW, 4.0) == around_break(LAST_SEAT) == {}


def test_pictures_to_be_compared_have_one_axis_of_versions() -> None:
    def axis(run: MadeUpRun) -> tuple[float, float]:
        figure = draw_conflicts(run, window_s=(0, 10), versions=(7, 9)).get_figure(root=True)
        assert figure is not None
        low, high = figure.axes[0].get_ylim()
        return low, high

    blind = history((4.0, "ben", appended("show-lear", 8)), (6.0, "ada", tried(1, "refused", READ_7, 5.0)))
    assert axis(LAST_SEAT) == axis(blind)
    assert axis(LAST_SEAT)[0] < 7 and axis(LAST_SEAT)[1] > 9


def test_what_is_not_there_is_named() -> None:
    with pytest.raises(LookupError, match="no command was attempted"):
        describe_conflicts(history((1.0, "ada", appended(SHOW, 1))))
    with pytest.raises(LookupError, match=r"show-hamlet.*show-lear"):
        draw_conflicts(LAST_SEAT, streams=["show-hamlet"])


def texts(run: MadeUpRun) -> list[str]:
    figure = draw_conflicts(run, window_s=(0, 10)).get_figure(root=True)
    assert figure is not None
    return [text.get_text() for ax in figure.axes for text in ax.texts]


def test_the_picture_says_what_was_read_expected_found_and_written() -> None:
    assert {"read v7", "→ v8", "expected 7, found 8", "read v8", "refused"} <= set(texts(LAST_SEAT))
    assert "only read, v2 unseen" in texts(SKEW)
