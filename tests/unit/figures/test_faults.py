"""Faults that hold at one time can be told apart: their names stand below one another, their bands have edges."""

from __future__ import annotations

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from eventlab.figures.faults import NAMES_MAX, FaultSpan, shade


@pytest.fixture
def panel() -> Axes:
    axes = Figure(figsize=(7, 3)).add_subplot()
    axes.set_xlim(0, 100)
    return axes


def span(name: str, began_s: float, ended_s: float) -> FaultSpan:
    return FaultSpan(name, "", began_s, ended_s, True)


def heights(panel: Axes) -> dict[str, float]:
    return {text.get_text(): text.get_position()[1] for text in panel.texts}


def test_names_of_faults_at_one_time_stand_below_one_another(panel: Axes) -> None:
    spans = [span("cut", 10, 50), span("crash", 20, 30), span("slow", 25, 60), span("pause", 70, 90)]
    shade([panel], spans, label_on=panel)
    at = heights(panel)
    assert at["cut"] == at["pause"] > at["crash"] > at["slow"]
    assert len(panel.lines) == 2 * 3  # the pause is by itself


def test_faults_that_only_touch_are_not_at_one_time(panel: Axes) -> None:
    shade([panel], [span("cut", 10, 50), span("crash", 50, 90)], label_on=panel)
    assert len(set(heights(panel).values())) == 1 and not panel.lines


def test_more_names_than_there_is_room_for_are_left_to_the_words(panel: Axes) -> None:
    shade([panel], [span(str(number), 10, 50) for number in range(NAMES_MAX + 2)], label_on=panel)
    assert list(heights(panel)) == [str(number) for number in range(NAMES_MAX)]


def test_names_leave_most_of_a_low_panel_to_what_it_shows() -> None:
    low = Figure(figsize=(7, 0.6)).add_subplot()
    low.set_xlim(0, 100)
    shade([low], [span("cut", 10, 50), span("crash", 20, 30)], label_on=low)
    assert list(heights(low)) == ["cut"]
