"""Inside a run: its warm-up, batches of a long one, quantiles, and means over time."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlab.errors import InvalidValue
from eventlab.runtime import seeded
from eventlab.simulation.statistics import (
    Estimate,
    Quantile,
    TimeWeighted,
    WarmUp,
    batch_means,
    warm_up,
    welch,
)


def waits(count: int, chance: random.Random, *, load: float = 0.5, first: float | None = None) -> list[float]:
    """Waits in the queue of an M/M/1 with services of 1 s on average, by Lindley's recursion.

    It begins as it goes on, by the stationary law: nobody waits with probability 1 - load, else exponentially.
    """
    wait = first
    if wait is None:
        wait = chance.expovariate(1 - load) if chance.random() < load else 0.0
    found = []
    for _ in range(count):
        found.append(wait)
        wait = max(0.0, wait + chance.expovariate(1) - chance.expovariate(load))
    return found


MEAN_WAIT_S = 1.0
"""ρ/(μ - λ) for a load of one half."""


def close_to(found: int, count: int, part: float) -> bool:
    """Within four standard deviations of a binomial count."""
    return abs(found - count * part) < 4 * math.sqrt(count * part * (1 - part))


def test_replications_of_a_queue_cover_the_mean_that_theory_knows() -> None:
    # Three hundred waits each: means of few waits are skewed, and intervals from them cover less than they say.
    chance, count, load = seeded(1, "M/M/1"), 200, 0.3
    found = [Estimate.of([math.fsum(waits(300, chance, load=load)) / 300 for _ in range(10)]) for _ in range(count)]
    covered = sum(one.covers(load / (1 - load)) for one in found)
    assert close_to(covered, count, 0.95)


def test_single_waits_of_one_run_would_not_because_they_resemble_their_neighbours() -> None:
    chance, count = seeded(2, "naive"), 100
    covered = sum(Estimate.of(waits(500, chance)).covers(MEAN_WAIT_S) for _ in range(count))
    assert covered < 60  # what is promised is 95


def test_batches_of_a_long_run_cover_it_where_their_neighbours_look_independent() -> None:
    chance, count = seeded(3, "batches"), 60
    found = [batch_means(waits(6_000, chance), batches=12) for _ in range(count)]
    trusted = [one for one in found if one.look_independent]
    assert len(trusted) > 45
    assert close_to(sum(one.estimate.covers(MEAN_WAIT_S) for one in trusted), len(trusted), 0.95)
    assert (found[0].size, found[0].estimate.n) == (500, 12)


def test_batches_that_are_too_short_say_so() -> None:
    slow = [math.sin(at / 200) for at in range(4_000)]
    found = batch_means(slow)
    assert not found.look_independent and found.correlation > 0.5
    assert str(found).endswith("batches of 200; neighbouring batches are alike: the run is too short for it")
    assert str(batch_means([1.0, 2.0, 2.0, 3.0], batches=2)) == "2.0 ± 6.4 (95 %, n = 2), batches of 2"


def test_what_fills_no_batch_is_left_out_at_the_beginning() -> None:
    assert batch_means([99.0, 1.0, 1.0, 3.0, 3.0], batches=2).estimate == Estimate.of([1.0, 3.0])


def test_a_planted_warm_up_is_found() -> None:
    chance = seeded(4, "warm-up")
    values = [chance.gauss(10, 1) + (20 * math.exp(-at / 30) if at < 150 else 0) for at in range(1_000)]
    found = warm_up(values)
    assert found.is_found and 60 <= found.skipped <= 150
    kept = values[found.skipped :]
    assert abs(math.fsum(kept) / len(kept) - 10) < 0.15 < abs(math.fsum(values) / len(values) - 10)


def test_where_there_is_none_little_is_cut_and_where_it_never_ends_that_is_said() -> None:
    chance = seeded(5, "steady")
    steady = [warm_up([chance.gauss(10, 1) for _ in range(500)]) for _ in range(40)]
    assert sum(found.skipped <= 50 for found in steady) > 25
    assert warm_up([float(at) for at in range(500)]) == WarmUp(250, False)


def by_definition(values: list[float]) -> int:
    """MSER-5, written as it is defined."""
    means = [sum(values[at : at + 5]) / 5 for at in range(0, len(values) - 4, 5)]

    def error(cut: int) -> float:
        rest = means[cut:]
        return sum((one - sum(rest) / len(rest)) ** 2 for one in rest) / len(rest) ** 2

    return 5 * min(range(len(means) // 2 + 1), key=error)


def test_the_cut_is_where_the_definition_puts_it() -> None:
    chance = seeded(6, "definition")
    series = [[chance.gauss(0, 1) + 10 / (1 + at) for at in range(83)] for _ in range(50)]
    assert [warm_up(one).skipped for one in series] == [by_definition(one) for one in series]


def test_welchs_plot_is_the_mean_over_replications_smoothed() -> None:
    assert welch([[1.0, 3.0, 5.0, 7.0, 9.0], [3.0, 5.0, 7.0, 9.0]]) == [2.0, 4.0, 6.0, 8.0]
    assert welch([[0.0, 3.0, 0.0, 6.0, 0.0, 9.0]], window=1) == [0.0, 1.0, 3.0, 2.0, 5.0]


LAWS: dict[str, tuple[Callable[[random.Random], float], Callable[[float], float]]] = {
    "exponential": (lambda chance: chance.expovariate(1), lambda part: -math.log(1 - part)),
    "uniform": (lambda chance: chance.random(), lambda part: part),
}


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("part", [0.5, 0.9])
def test_an_interval_of_a_quantile_holds_whatever_the_values_are_distributed_like(law: str, part: float) -> None:
    chance, count, (draw, true) = seeded(7, f"{law}/{part}"), 400, LAWS[law]
    found = [Quantile.of([draw(chance) for _ in range(60)], part) for _ in range(count)]
    covered = sum(one.low <= true(part) <= one.high for one in found)
    assert covered > count * 0.95 - 4 * math.sqrt(count * 0.95 * 0.05)  # ranks are whole: it may hold more often
    assert covered < count


def test_its_ends_are_those_of_the_table() -> None:
    # David & Nagaraja 2003, §7.1: for the median of ten at 95 %, the second and the ninth; 97.9 % in truth.
    found = Quantile.of([float(at) for at in range(1, 11)], 0.5)
    assert (found.value, found.low, found.high) == (5.0, 2.0, 9.0)
    assert str(found) == "50 % stay below 5.0 (2.0 to 9.0; 95 %, n = 10)"


@given(n=st.integers(6, 80), confidence=st.sampled_from([0.8, 0.9, 0.95]))
def test_the_interval_of_a_median_is_symmetric_and_leaves_out_no_more_than_it_may(n: int, confidence: float) -> None:
    found = Quantile.of([float(at) for at in range(1, n + 1)], 0.5, confidence)
    below, above = int(found.low), int(found.high)
    assert below + above == n + 1
    inside = sum(math.comb(n, count) for count in range(below, above)) / 2**n
    assert inside >= confidence - 1e-12


def test_a_mean_over_time_weighs_each_value_by_how_long_it_lasted() -> None:
    queue = TimeWeighted()
    for step, at_s in ((1, 1.0), (1, 2.0), (-1, 4.0), (-1, 8.0)):
        queue.add(step, at_s)
    assert queue.mean(10.0) == (1 * 1 + 2 * 2 + 1 * 4) / 10
    late = TimeWeighted(5.0, from_s=3.0)
    late.change(1.0, 1.0)
    late.change(3.0, 5.0)
    assert late.mean(7.0) == (1 * 2 + 3 * 2) / 4


def stepped_back() -> None:
    queue = TimeWeighted(at_s=5.0)
    queue.change(1.0, 4.0)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (
            lambda: Quantile.of([1.0] * 50, 0.99),
            "values is '50 values'; expected 368 or more for the 99 % quantile with 95 %",
        ),
        (lambda: Quantile.of([1.0] * 50, 1.0), "part is 1.0; expected a share between 0 and 1, both excluded"),
        (lambda: warm_up([1.0] * 49), "values is '49 values'; expected 50 or more, in the order in which they came"),
        (lambda: welch([]), "series is []; expected one or more, each of one replication"),
        (lambda: welch([[1.0, 2.0]], window=2), "window is 2; expected 0 to 1, half of the shortest series"),
        (lambda: batch_means([1.0] * 9, batches=1), "batches is 1; expected 2 or more: one has no interval"),
        (
            lambda: batch_means([1.0] * 9, batches=5),
            "values is '9 values'; expected at least two for each of 5 batches",
        ),
        (stepped_back, "at_s is 4.0; expected 5.0, the last change, or later"),
        (
            lambda: TimeWeighted(from_s=3.0).mean(2.0),
            "until_s is 2.0; expected a moment after 3 s, from which on it counts",
        ),
        (lambda: TimeWeighted().change(math.nan, 1.0), "value is nan; expected a finite number"),
    ],
)
def test_what_could_not_be_told_is_refused(build: Callable[[], object], message: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        build()
    assert str(caught.value) == message
