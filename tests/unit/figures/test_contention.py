"""Measured shares beside the formula, and waiting with and without jitter."""

from __future__ import annotations

import math

import pytest

from eventlab.figures import (
    BackoffPoint,
    describe_backoffs,
    describe_conflict_rates,
    describe_of,
    describe_waits,
    draw_backoffs,
    draw_conflict_rates,
    draw_waits,
    drawn,
    style,
)
from eventlab.figures.contention import Share, Sweep, student
from eventlab.figures.contention_waits import Waits, percentile
from eventlab.simulation.statistics import Estimate


def erlang(load: float) -> float:
    return load / (1 + load)


def measured(clerks: int, hold_s: float) -> Share:
    middle = erlang(clerks * hold_s)
    return Share(clerks, hold_s, 1.0, (middle - 0.02, middle - 0.01, middle, middle + 0.01, middle + 0.02, middle))


def estimate(mean: float) -> Estimate:
    return Estimate(mean, mean / 10, 0.95, 8)


SWEEP = Sweep((measured(5, 0.1), measured(40, 0.1)), (measured(10, 0.05), measured(10, 0.4)), erlang)

WAITS = tuple(
    Waits(policy, tuple(0.01 * factor**step for step in range(10)), tuple(range(1, 11)))
    for policy, factor in (("no jitter", 2.0), ("± 20 %", 1.7), ("full jitter", 1.4))
)


BACKOFFS = [
    BackoffPoint(service_ms, jitter, clients, estimate(10 * clients * rank), estimate(clients * (6 - rank)))
    for service_ms in (0.0, 5.0)
    for rank, jitter in enumerate(("none", "exponential", "equal", "full", "decorrelated"), start=1)
    for clients in (10, 100)
]


@pytest.mark.parametrize(("freedom", "quantile", "table"), [(19, 0.995, 2.861), (9, 0.975, 2.262), (19, 0.9995, 3.883)])
def test_students_t_is_that_of_the_tables(freedom: int, quantile: float, table: float) -> None:
    assert student(freedom, quantile) == pytest.approx(table, rel=2e-3)


def test_an_interval_narrows_with_the_number_of_runs_and_widens_with_confidence() -> None:
    few = Share(5, 0.1, 1.0, (0.2, 0.3) * 5)
    assert Share(5, 0.1, 1.0, (0.2, 0.3) * 20).within < few.within < few._replace(confidence=0.999).within
    assert few.load == 0.5 and few.mean == pytest.approx(0.25)


def test_words_say_how_many_intervals_hold_the_formula() -> None:
    words = describe_conflict_rates(SWEEP)
    assert "inside 4 of 4 intervals; 1 − e⁻ᵃ, inside 0." in words
    wrong = SWEEP._replace(formula=lambda load: 1 - math.exp(-load))
    assert "inside 0 of 4 intervals" in describe_conflict_rates(wrong)


def test_a_percentile_is_one_of_the_values() -> None:
    assert [percentile([3.0, 1.0, 2.0, 4.0], share) for share in (0.0, 0.5, 0.51, 0.99, 1.0)] == [1, 2, 3, 4, 4]


def test_words_give_a_mean_only_with_its_percentiles() -> None:
    words = describe_waits(WAITS)
    assert words.startswith(
        "No jitter: half had written after 160 ms, 95 % after 5,120 ms, 99 % after 5,120 ms, the mean"
    )
    assert words.count("attempts each on average") == 3


@pytest.mark.parametrize(
    ("draw", "subject"),
    [(draw_conflict_rates, SWEEP), (draw_waits, WAITS), (draw_backoffs, BACKOFFS)],
    ids=["rates", "waits", "backoffs"],
)
def test_a_picture_is_the_same_each_time_small_and_has_its_words(draw: object, subject: object) -> None:
    with drawn(draw, subject) as once, drawn(draw, subject) as again:  # type: ignore[arg-type]
        assert style.png(once) == style.png(again)
        assert len(style.png(once)) < 60_000
        labels = [text.get_text() for ax in once.axes for text in ax.texts]
    assert len(labels) >= 3
    assert describe_of(draw)(subject).endswith(".")  # type: ignore[arg-type]


def test_backoffs_are_told_with_their_intervals_the_quickest_first() -> None:
    words = describe_backoffs(BACKOFFS)
    assert words.startswith(
        "Means of 8 runs with 95 % confidence, 100 clients that begin at once. A store that answers"
    )
    assert words.count("±") == 20
    assert words.index("decorrelated 100 ± 10 s with 5,000 ± 500 writes tried") < words.index("none 500 ± 50 s")
    assert "A store that serves 200 a second: decorrelated" in words


def test_all_fit_into_given_axes() -> None:
    with style.house_style():
        figure = style.new_figure(8, 9)
        upper, lower, lowest = figure.subplots(3, 1)
    assert draw_conflict_rates(SWEEP, ax=upper).get_figure(root=True) is figure
    assert draw_waits(WAITS, ax=lower).get_figure(root=True) is figure
    assert draw_backoffs(BACKOFFS, ax=lowest).get_figure(root=True) is figure
