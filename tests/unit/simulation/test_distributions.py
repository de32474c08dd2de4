"""Laws of the distributions that durations are drawn from."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from eventlab.errors import InvalidValue
from eventlab.runtime import seeded
from eventlab.simulation.distributions import (
    AbsNormal,
    AnyDistribution,
    Constant,
    Exponential,
    Jittered,
    LogNormal,
    Pareto,
    Uniform,
)
from eventlab.simulation.empirical import Empirical

LAWS: list[AnyDistribution] = [
    Constant(0.005),
    Uniform(0.001, 0.005),
    Exponential(0.02),
    LogNormal(0.002, 0.4),
    Pareto(0.001, 4.0),
    AbsNormal(0.010, 0.002),
    AbsNormal(0.001, 0.002),  # much of it is folded back
    Empirical([0.001, 0.002, 0.009]),
    Jittered(Constant(0.005), Exponential(0.02)),
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
        (lambda: Constant(-0.1), "Constant.value_s is -0.1; expected a finite number of seconds, 0 or more"),
        (lambda: Constant(math.nan), "Constant.value_s is nan; expected a finite number of seconds, 0 or more"),
        (lambda: Uniform(-1, 2), "Uniform.low_s is -1; expected a finite number of seconds, 0 or more"),
        (lambda: Uniform(2, 1), "Uniform.high_s is 1; expected at least low_s, 2"),
        (lambda: Exponential(0), "Exponential.mean_s is 0; expected a finite number of seconds above 0"),
        (lambda: Exponential(math.inf), "Exponential.mean_s is inf; expected a finite number of seconds above 0"),
        (lambda: LogNormal(0, 1), "LogNormal.median_s is 0; expected a finite number of seconds above 0"),
        (lambda: LogNormal(1, -1), "LogNormal.sigma is -1; expected a number between 0 and 10, without a unit"),
        (lambda: LogNormal(1, math.nan), "LogNormal.sigma is nan; expected a number between 0 and 10, without a unit"),
        (lambda: Pareto(0, 2), "Pareto.minimum_s is 0; expected a finite number of seconds above 0"),
        (lambda: Pareto(1, 1), "Pareto.shape is 1; expected a number above 1, without a unit"),
        (lambda: AbsNormal(-1, 1), "AbsNormal.center_s is -1; expected a finite number of seconds, 0 or more"),
        (lambda: AbsNormal(1, 0), "AbsNormal.sd_s is 0; expected a finite number of seconds above 0"),
        (lambda: Empirical([]), "Empirical.values_s is (); expected at least one value"),
        (
            lambda: Empirical([1, -2]),
            "Empirical.values_s[1] is -2; expected a finite number of seconds, 0 or more",
        ),
        (
            lambda: Empirical([math.nan]),
            "Empirical.values_s[0] is nan; expected a finite number of seconds, 0 or more",
        ),
        (
            lambda: Jittered(Constant(1), 2),  # type: ignore[arg-type]
            "Jittered.jitter is 2; expected a distribution, such as Constant(0.005)",
        ),
    ],
)
def test_a_value_outside_its_domain_is_named_with_the_value(build: object, message: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        build()  # type: ignore[operator]
    assert str(caught.value) == message


def test_an_empirical_distribution_draws_each_value_as_often_as_any_other_and_no_other() -> None:
    chance, law = seeded(4, "empirical"), Empirical([0.001, 0.002, 0.009])
    draws = [law.sample(chance) for _ in range(9_000)]
    counts = {value: draws.count(value) for value in law.values_s}
    assert sum(counts.values()) == 9_000
    assert all(2_800 < count < 3_200 for count in counts.values())  # four standard deviations are 180


def test_measured_durations_are_read_from_a_column_or_from_lines(tmp_path: Path) -> None:
    table, lines = tmp_path / "pings.csv", tmp_path / "pings.txt"
    table.write_text('at,"took, ms"\n1,5\n2,2.5\n', encoding="utf-8")
    lines.write_text("0.5\n\n0.25\n", encoding="utf-8")
    assert Empirical.from_file(table, "took, ms", unit_s=0.001) == Empirical([0.005, 0.0025])
    assert Empirical.from_file(lines) == Empirical([0.5, 0.25])


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("a,b\n1,2\n", "c", "column of x.csv is 'c'; expected one of a, b"),
        ("", "c", "column of x.csv is 'c'; expected one of (none: the file is empty)"),
        ("a,b\n1,2\n3,-4\n", "b", "x.csv, line 3 is '-4'; expected a finite number, zero or more"),
        ("a,b\n1\n", "b", "x.csv, line 2 is ''; expected a finite number, zero or more"),
        ("1\nnan\n", None, "x.csv, line 2 is 'nan'; expected a finite number, zero or more"),
        ("1\nsoon\n", None, "x.csv, line 2 is 'soon'; expected a finite number, zero or more"),
        ("\n", None, "the file is 'x.csv'; expected one with at least one value"),
    ],
)
def test_a_file_without_durations_is_refused_with_its_line(
    tmp_path: Path, text: str, column: str | None, message: str
) -> None:
    file = tmp_path / "x.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidValue) as caught:
        Empirical.from_file(file, column)
    assert str(caught.value) == message
