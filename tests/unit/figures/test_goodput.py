"""What was asked in each second, what was answered of it, and since when not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from eventlab import hooks
from eventlab.figures import describe_goodput, draw_goodput, style
from eventlab.figures.goodput import goodput_of
from eventlab.figures.style import close
from eventlab.history import Entry


class Run(NamedTuple):
    entries: list[Entry]


def asked(
    seconds: Iterable[tuple[int, int]],
    late_s: float = 0.5,
    faults: tuple[tuple[float, float], ...] = (),
    rejects: bool = False,
) -> Run:
    """For each second, how many asked, and how many of them were answered, *late_s* after they had asked."""
    entries, number = [], 0
    for at, (asks, answers) in enumerate(seconds):
        for nth in range(asks):
            number += 1
            asked_s = at + nth / (asks + 1)
            outcome = "ok" if nth < answers else "failed"
            entries.append(Entry(asked_s, "front", hooks.OperationInvoked(number, "shop", "work", f"{number}", None)))
            entries.append(Entry(asked_s, "front", hooks.CallStarted(number, "front", "shop", "Work")))
            entries.append(Entry(asked_s, "shop", hooks.CallStarted(number, "shop", "stock", "Work")))
            if rejects:
                entries.append(Entry(asked_s, "shop", hooks.CallStarted(-number, "shop", "stock", "Work")))
                ended = hooks.CallEnded(-number, "shop", "stock", "Work", "rejected", 0.0)
                entries.append(Entry(asked_s, "shop", ended))
            entries.append(Entry(asked_s + late_s, "front", hooks.OperationEnded(number, outcome, None)))
    for began_s, ended_s in faults:
        entries.append(Entry(began_s, "world", hooks.FaultBegan("crash", "shop")))
        entries.append(Entry(ended_s, "world", hooks.FaultEnded("crash", "shop")))
    return Run(sorted(entries, key=lambda entry: entry.at))


OUTAGE = [(10, 10), (10, 10), (10, 3), (10, 0), (10, 9), (10, 10)]


def test_an_answer_counts_for_the_second_in_which_it_was_asked_for() -> None:
    told = goodput_of("late", asked(OUTAGE, late_s=30))
    assert (told.asked, told.answered, told.calls) == ([10] * 6, [10, 10, 3, 0, 9, 10], 60)


def test_calls_that_were_kept_back_are_not_made_and_those_of_the_asking_are_theirs() -> None:
    assert goodput_of("", asked(OUTAGE, rejects=True)).calls == 60


def test_it_is_down_where_less_than_nine_tenths_were_answered() -> None:
    assert goodput_of("", asked(OUTAGE)).down_s == (2, 4)
    assert goodput_of("", asked([(10, 9)] * 5)).down_s is None
    assert goodput_of("", asked([(10, 10), (0, 0), (10, 10)])).down_s is None


def test_what_is_down_within_the_last_two_seconds_is_not_said_to_have_come_back() -> None:
    assert goodput_of("", asked([(10, 10)] * 3 + [(10, 0)])).down_s == (3, None)
    assert goodput_of("", asked([(10, 10)] * 3 + [(10, 0), (10, 10)])).down_s == (3, None)
    assert goodput_of("", asked([(10, 10)] * 3 + [(10, 0), (10, 10), (10, 10)])).down_s == (3, 4)


def test_it_is_told_in_words() -> None:
    runs = {"naive": asked([(10, 10), (10, 0), (10, 0)], faults=((1.0, 2.0),)), "sound": asked([(10, 10)] * 3)}
    assert describe_goodput(runs) == (
        "naive: 10 of 30 answered, under 90 % from 1.00 s to the end; 3.0 calls for each answer. "
        "sound: 30 of 30 answered, never under 90 %; 1.0 calls for each answer. "
        "Fault in force: crash (shop) from 1.00 s to 2.00 s."
    )


def test_nothing_answered_and_nothing_asked_are_told_too() -> None:
    runs = {"dead": asked([(10, 0)] * 3), "idle": asked([])}
    assert describe_goodput(runs) == (
        "dead: 0 of 30 answered, under 90 % from 0.00 s to the end; no answer. "
        "idle: 0 of 0 answered, never under 90 %; no answer."
    )
    close(draw_goodput(runs).figure)  # type: ignore[arg-type]


def test_where_no_service_calls_another_nothing_is_said_of_calls() -> None:
    alone = Run([entry for entry in asked([(10, 10)] * 3).entries if getattr(entry.what, "source", "") != "shop"])
    assert describe_goodput({"desk": alone}) == "desk: 30 of 30 answered, never under 90 %."


def test_all_runs_share_their_axes_and_a_peak_that_does_not_fit_is_told() -> None:
    runs = {"one": asked([(10, 10), (200, 20), (10, 10)]), "other": asked([(10, 10), (200, 0), (10, 10)])}
    figure = draw_goodput(runs).figure
    panels = figure.axes  # type: ignore[union-attr]
    assert len({(panel.get_xlim(), panel.get_ylim()) for panel in panels}) == 1
    assert panels[0].get_ylim()[1] < 200
    assert [sum("200 asked" in text.get_text() for text in panel.texts) for panel in panels] == [1, 1]
    close(figure)  # type: ignore[arg-type]


def test_the_same_runs_give_the_same_bytes() -> None:
    pictures = []
    for _ in range(2):
        figure = draw_goodput({"one": asked(OUTAGE, faults=((2.0, 4.0),))}).figure
        pictures.append(style.png(figure))  # type: ignore[arg-type]
        close(figure)  # type: ignore[arg-type]
    assert pictures[0] == pictures[1]
