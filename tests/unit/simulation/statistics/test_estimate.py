"""A mean comes with an interval, and the interval keeps its promise."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlab.errors import InvalidValue
from eventlab.runtime import seeded
from eventlab.simulation.statistics import Estimate, t_quantile
from eventlab.simulation.statistics.beta import beta_cdf, beta_quantile
from eventlab.simulation.statistics.student import t_cdf

# Two-sided 90 %, 95 %, 99 % and 99.9 % of Student's t: NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2.
TABLE = {
    1: (6.314, 12.706, 63.657, 636.619),
    2: (2.920, 4.303, 9.925, 31.599),
    3: (2.353, 3.182, 5.841, 12.924),
    4: (2.132, 2.776, 4.604, 8.610),
    5: (2.015, 2.571, 4.032, 6.869),
    9: (1.833, 2.262, 3.250, 4.781),
    10: (1.812, 2.228, 3.169, 4.587),
    19: (1.729, 2.093, 2.861, 3.883),
    29: (1.699, 2.045, 2.756, 3.659),
    60: (1.671, 2.000, 2.660, 3.460),
    100: (1.660, 1.984, 2.626, 3.390),
    1_000_000: (1.645, 1.960, 2.576, 3.291),
}


@pytest.mark.parametrize("degrees", TABLE)
def test_quantiles_of_students_t_are_those_of_the_tables(degrees: int) -> None:
    found = tuple(round(t_quantile(probability, degrees), 3) for probability in (0.95, 0.975, 0.995, 0.9995))
    assert found == TABLE[degrees]


@given(probability=st.floats(0.0001, 0.9999), degrees=st.integers(1, 300))
def test_a_quantile_is_where_the_distribution_reaches_its_probability(probability: float, degrees: int) -> None:
    t = t_quantile(probability, degrees)
    assert math.isclose(t_cdf(t, degrees), probability, rel_tol=1e-9)
    assert t_quantile(1 - probability, degrees) == pytest.approx(-t, rel=1e-9, abs=1e-12)


@given(probability=st.floats(0.001, 0.999), a=st.integers(1, 200), b=st.integers(1, 200))
def test_the_beta_distribution_is_the_binomials_tail(probability: float, a: int, b: int) -> None:
    n = a + b - 1  # DLMF 8.17.5
    tail = math.fsum(math.comb(n, j) * probability**j * (1 - probability) ** (n - j) for j in range(a, n + 1))
    found = beta_cdf(probability, a, b)
    assert math.isclose(found, tail, rel_tol=1e-9, abs_tol=1e-12)
    assert math.isclose(beta_cdf(beta_quantile(probability, a, b), a, b), probability, rel_tol=1e-9)


def test_the_interval_is_the_textbooks() -> None:
    # The example in §4.5 of Law, Simulation Modeling and Analysis (2015): ten values, 90 %, 1.34 ± 0.24.
    values = [1.20, 1.50, 1.68, 1.89, 0.95, 1.49, 1.58, 1.55, 0.50, 1.09]
    estimate = Estimate.of(values, 0.90)
    assert (round(estimate.mean, 2), round(estimate.half_width, 2)) == (1.34, 0.24)
    assert str(estimate) == "1.34 ± 0.24 (90 %, n = 10)"
    assert (round(estimate.low, 2), round(estimate.high, 2)) == (1.11, 1.58)
    assert math.isclose(estimate.deviation, 0.41, abs_tol=0.005)


LAWS: dict[str, tuple[Callable[..., float], float]] = {
    "normal": (lambda chance: chance.gauss(10, 3), 10),
    "uniform": (lambda chance: chance.uniform(0, 2), 1),
    "average of waits": (lambda chance: sum(chance.expovariate(1) for _ in range(30)) / 30, 1),
}


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_an_interval_covers_the_true_mean_as_often_as_it_says(law: str, confidence: float) -> None:
    chance, (draw, mean) = seeded(4, f"coverage/{law}"), LAWS[law]
    count = 2_000
    covered = sum(Estimate.of([draw(chance) for _ in range(8)], confidence).covers(mean) for _ in range(count))
    # Four standard deviations of a binomial count: one seed in 16,000 would be unlucky.
    assert abs(covered - count * confidence) < 4 * math.sqrt(count * confidence * (1 - confidence))


@pytest.mark.parametrize(
    ("mean", "half_width", "text"),
    [
        (1234.5678, 123.4, "1,235 ± 123"),
        (12.3456, 2.123, "12.3 ± 2.1"),
        (0.0123456, 0.00021, "0.01235 ± 0.00021"),
        (-5.55, 0.5, "−5.55 ± 0.50"),
        (-0.0001, 0.5, "0.00 ± 0.50"),
        (7, 0, "7 ± 0"),
    ],
)
def test_a_mean_is_shown_to_the_digits_that_its_interval_leaves_it(mean: float, half_width: float, text: str) -> None:
    estimate = Estimate(mean, half_width, 0.95, 30)
    assert estimate.interval == text
    assert str(estimate) == f"{estimate}" == f"{text} (95 %, n = 30)"


def test_equal_values_leave_no_doubt() -> None:
    assert Estimate.of([0.1] * 3) == Estimate(0.1, 0.0, 0.95, 3)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Estimate.of([1.0]), "values is [1.0]; expected 2 or more: one value has no interval"),
        (lambda: Estimate.of([]), "values is []; expected 2 or more: one value has no interval"),
        (lambda: Estimate.of([1.0, math.nan]), "values is nan; expected finite numbers"),
        (
            lambda: Estimate.of([1.0, 2.0], 95),
            "confidence is 95; expected a number between 0 and 1, both excluded, such as 0.95",
        ),
        (lambda: Estimate(1.0, -1.0, 0.95, 2), "Estimate.half_width is -1.0; expected a finite number, zero or more"),
        (lambda: t_quantile(1.0, 3), "probability is 1.0; expected a number between 0 and 1, both excluded"),
        (lambda: t_quantile(0.9, 0), "degrees is 0; expected a number above 0: one less than there are values"),
    ],
)
def test_what_has_no_interval_is_refused(build: Callable[[], object], message: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        build()
    assert str(caught.value) == message
