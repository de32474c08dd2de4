"""Laws of the distributions that durations are drawn from."""

from __future__ import annotations

import math

import pytest

from eventlab.errors import InvalidValue
from eventlab.runtime import seeded
from eventlab.simulation.distributions import (
    AnyDistribution,
    Constant,
    Exponential,
    LogNormal,
    Pareto,
    Uniform,
)

LAWS: list[AnyDistribution] = [
    Constant(0.005),
    Uniform(0.001, 0.005),
    Exponential(0.02),
    LogNormal(0.002, 0.4),
    Pareto(0.001, 4.0),
]


@pytest.mark.parametrize("law", LAWS, ids=repr)
def test_the_average_of_many_draws_is_the_mean(law: AnyDistribution) -> None:
    chance = seeded(1, "mean")
    draws = [law.sample(chance) for _ in range(20_000)]
    # 20,000 draws: the standard error is below 0.8 % for the widest law here, so 4 % is five of them.
    assert math.isclose(sum(draws) / len(draws), law.mean_s, rel_tol=0.04)


@pytest.mark.parametrize("law", LAWS, ids=repr)
def test_no_draw_is_negative_and_one_seed_gives_one_series(law: AnyDistribution) -> None:
    first, second = ([law.sample(chance) for _ in range(50)] for chance in (seeded(7, "x"), seeded(7, "x")))
    assert first == second
    assert min(first) >= 0


def test_half_of_a_log_normal_lies_below_its_median() -> None:
    chance, law = seeded(2, "median"), LogNormal(0.002, 0.8)
    below = sum(law.sample(chance) < 0.002 for _ in range(10_000))
    assert 4_800 < below < 5_200


def test_a_constant_takes_no_draw() -> None:
    chance = seeded(3, "constant")
    before = chance.getstate()
    Constant(1.0).sample(chance)
    assert chance.getstate() == before


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Constant(-0.1), "Constant.value_s is -0.1; expected a finite number of seconds, zero or more"),
        (lambda: Constant(math.nan), "Constant.value_s is nan; expected a finite number of seconds, zero or more"),
        (lambda: Uniform(-1, 2), "Uniform.low_s is -1; expected a finite number of seconds, zero or more"),
        (lambda: Uniform(2, 1), "Uniform.high_s is 1; expected at least low_s, 2"),
        (lambda: Exponential(0), "Exponential.mean_s is 0; expected a finite number of seconds above zero"),
        (lambda: Exponential(math.inf), "Exponential.mean_s is inf; expected a finite number of seconds above zero"),
        (lambda: LogNormal(0, 1), "LogNormal.median_s is 0; expected a finite number of seconds above zero"),
        (lambda: LogNormal(1, -1), "LogNormal.sigma is -1; expected a number between 0 and 10, without a unit"),
        (lambda: LogNormal(1, math.nan), "LogNormal.sigma is nan; expected a number between 0 and 10, without a unit"),
        (lambda: Pareto(0, 2), "Pareto.minimum_s is 0; expected a finite number of seconds above zero"),
        (lambda: Pareto(1, 1), "Pareto.shape is 1; expected a number above 1, without a unit"),
    ],
)
def test_a_value_outside_its_domain_is_named_with_the_value(build: object, message: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        build()  # type: ignore[operator]
    assert str(caught.value) == message
