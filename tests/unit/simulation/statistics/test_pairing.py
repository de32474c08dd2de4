"""Paired comparison: common seeds tell more, and chance is not taken for a difference."""

from __future__ import annotations

import math

import pytest

from eventlab.errors import InvalidValue
from eventlab.runtime import seeded
from eventlab.simulation.statistics import Estimate, difference, replications_needed


def test_the_interval_is_that_of_the_differences() -> None:
    found = difference([10.0, 20.0, 30.0], [11.0, 22.0, 33.0])
    assert found.estimate == Estimate.of([1.0, 2.0, 3.0])
    assert found.correlation == pytest.approx(1.0)


def test_what_chance_does_to_both_drops_out() -> None:
    chance = seeded(1, "pairs")
    weather = [chance.gauss(100, 20) for _ in range(30)]
    first = [day + chance.gauss(0, 1) for day in weather]
    second = [day - 3 + chance.gauss(0, 1) for day in weather]
    found = difference(first, second)
    assert found.is_real and found.estimate.covers(-3)
    assert found.correlation is not None and found.correlation > 0.99
    assert found.unpaired_half_width > 10 * found.estimate.half_width
    assert str(found).startswith("lower by 3.") and str(found).endswith("(95 %)")


def test_seeds_of_their_own_would_have_told_as_much_where_nothing_is_shared() -> None:
    chance = seeded(2, "apart")
    first, second = ([chance.gauss(0, 1) for _ in range(1_000)] for _ in range(2))
    found = difference(first, second)
    assert found.correlation is not None and abs(found.correlation) < 0.1
    assert math.isclose(found.unpaired_half_width, found.estimate.half_width, rel_tol=0.1)


def test_what_was_not_shown_says_what_could_have_been_seen() -> None:
    found = difference([0.0] * 5, [-2.0, -1.0, 0.0, 1.0, 2.0])
    assert (found.is_real, found.is_none_at_all, found.correlation) == (False, False, None)
    # s = √2.5, n = 5: (2.7764 + 0.9410) · √2.5 / √5.
    assert math.isclose(found.visible_from, 2.6286, abs_tol=0.0001)
    assert str(found) == "no difference shown (0.0 ± 2.0, 95 %); 5 replications can see differences from 2.6 on"


def test_a_difference_that_can_be_seen_is_seen_in_four_of_five_comparisons() -> None:
    chance, count, n = seeded(3, "power"), 1_000, 10
    visible = (2.2622 + 0.8834) / math.sqrt(n)  # for a deviation of 1
    seen = sum(difference([0.0] * n, [chance.gauss(visible, 1) for _ in range(n)]).is_real for _ in range(count))
    assert abs(seen / count - 0.8) < 0.05


@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_chance_is_taken_for_a_difference_as_seldom_as_promised(confidence: float) -> None:
    chance, count = seeded(5, "false alarms"), 2_000

    def six() -> list[float]:
        return [chance.gauss(0, 1) for _ in range(6)]

    alarms = sum(difference(six(), six(), confidence).is_real for _ in range(count))
    wanted = 1 - confidence
    assert abs(alarms - count * wanted) < 4 * math.sqrt(count * wanted * (1 - wanted))


def test_the_same_everywhere_is_no_difference_and_a_constant_step_is_one() -> None:
    assert str(difference([1.0, 2.0], [1.0, 2.0])) == "no difference: the same in each of 2 replications"
    assert str(difference([1.0, 2.0], [3.0, 4.0])) == "higher by 2 ± 0 (95 %)"


def test_pairs_come_in_twos() -> None:
    with pytest.raises(InvalidValue, match="second is '3 values'; expected 2, one for each of the first"):
        difference([1.0, 2.0], [1.0, 2.0, 3.0])


def test_the_wanted_width_tells_how_many_replications_it_takes() -> None:
    estimate = Estimate.of([float(value) for value in range(10)])  # deviation 3.0277
    needed = replications_needed(estimate, 0.5)
    assert needed == 144  # 1.9767 · 3.0277 / √144 is 0.4987, and with one less 0.5005
    assert replications_needed(estimate, estimate.half_width) == 10
    assert replications_needed(Estimate.of([4.0, 4.0]), 0.1) == 2


@pytest.mark.parametrize("half_width", [0.0, -1.0, math.inf, 1e-12])
def test_a_width_that_nobody_reaches_is_refused(half_width: float) -> None:
    with pytest.raises(InvalidValue, match="half_width is"):
        replications_needed(Estimate.of([0.0, 1.0]), half_width)
