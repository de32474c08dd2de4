"""Durations, rates and shares say their unit, and are read back as they were written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlab.scenarios.laws import distribution, distribution_text
from eventlab.scenarios.units import (
    SECONDS,
    Misread,
    duration_s,
    duration_text,
    probability,
    rate_per_s,
    rate_text,
)
from eventlab.simulation.distributions import (
    AbsNormal,
    Constant,
    Exponential,
    Jittered,
    LogNormal,
    Pareto,
    Uniform,
)
from eventlab.simulation.empirical import Empirical

seconds = st.floats(0, 1e9, allow_nan=False, allow_infinity=False)
above_zero = st.floats(1e-9, 1e6)
SIMPLE = st.one_of(
    st.builds(Constant, seconds),
    st.tuples(seconds, seconds).map(lambda ends: Uniform(min(ends), max(ends))),
    st.builds(Exponential, above_zero),
    st.builds(LogNormal, above_zero, st.floats(0, 10)),
    st.builds(Pareto, above_zero, st.floats(1.001, 100)),
    st.builds(AbsNormal, seconds, above_zero),
    st.builds(Empirical, st.lists(seconds, min_size=1, max_size=4)),
)
LAWS = st.recursive(SIMPLE, lambda inner: st.builds(Jittered, inner, inner), max_leaves=4)


@given(seconds)
def test_a_written_duration_is_read_back_as_the_same_number(value: float) -> None:
    assert duration_s(duration_text(value)) == value


@given(st.integers(0, 10_000), st.sampled_from(sorted(SECONDS)))
def test_a_count_and_a_unit_mean_their_product(count: int, unit: str) -> None:
    assert duration_s(f"{count}{unit}") == duration_s(f" {count} {unit} ") == count * SECONDS[unit]


@given(st.floats(1e-6, 1e6))
def test_a_written_rate_is_read_back_as_the_same_number(value: float) -> None:
    assert rate_per_s(rate_text(value)) == value


@given(LAWS)
def test_a_written_distribution_is_read_back_as_the_same_value(law: Constant) -> None:
    assert distribution(distribution_text(law)) == law


@given(st.one_of(st.text(), st.integers(), st.floats(), st.none(), st.booleans(), st.lists(st.integers())))
def test_whatever_is_no_value_is_misread_and_nothing_else(value: object) -> None:
    for read in (duration_s, rate_per_s, probability, distribution):
        try:
            read(value)
        except Misread as problem:
            assert str(problem)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("250ms", Constant(0.25)),
        ("uniform(1ms, 5ms)", Uniform(0.001, 0.005)),
        ("uniform(1ms 5ms)", Uniform(0.001, 0.005)),
        ("uniform(low 1ms, high 5ms)", Uniform(0.001, 0.005)),
        ("exponential(20ms)", Exponential(0.02)),
        ("lognormal(median 2ms, sigma 0.4)", LogNormal(0.002, 0.4)),
        ("pareto(1ms, 2.5)", Pareto(0.001, 2.5)),
        ({"lognormal": {"median": "2ms", "sigma": 0.4}}, LogNormal(0.002, 0.4)),
        ({"exponential": "20ms"}, Exponential(0.02)),
        ("absnormal(10ms, 2ms)", AbsNormal(0.01, 0.002)),
        ("jittered(5ms, exponential(1ms))", Jittered(Constant(0.005), Exponential(0.001))),
        ("jittered(base 5ms jitter uniform (1ms, 2ms))", Jittered(Constant(0.005), Uniform(0.001, 0.002))),
        (
            {"jittered": {"base": "5ms", "jitter": {"exponential": "1ms"}}},
            Jittered(Constant(0.005), Exponential(0.001)),
        ),
        ("empirical(1ms, 2ms, 5ms)", Empirical([0.001, 0.002, 0.005])),
        ({"empirical": ["1ms", "2ms"]}, Empirical([0.001, 0.002])),
    ],
)
def test_a_distribution_is_written_as_text_or_as_a_mapping(text: object, meaning: object) -> None:
    assert distribution(text) == meaning


BAD = [
    (duration_s, 30, "30 has no unit; write 30s, 30ms or 30min"),
    (duration_s, "30", "30 has no unit; write 30s, 30ms or 30min"),
    (duration_s, "5sec", "unknown unit 'sec' in '5sec'; expected us, µs, ms, s, min, h"),
    (duration_s, "-5s", "expected a duration of zero or more, found '-5s'"),
    (duration_s, "soon", "expected a duration such as 250ms, 30s, 2min or 1h; found 'soon'"),
    (duration_s, None, "expected a duration such as 250ms, 30s, 2min or 1h; found nothing"),
    (duration_s, "1e999s", "expected a duration such as 250ms, 30s, 2min or 1h; '1e999s' is too large"),
    (rate_per_s, 20, "20 has no unit; write 20/s or 20/min"),
    (rate_per_s, "0/s", "expected a rate above zero, found '0/s'"),
    (rate_per_s, "20/day", "unknown unit '/day' in '20/day'; expected /s, /min, /h"),
    (probability, 1.2, "1.2 is not a probability; expected 0 to 1, or 0% to 100%"),
    (probability, "120%", "'120%' is not a probability; expected 0 to 1, or 0% to 100%"),
    (probability, True, "expected a probability such as 0.05 or 5%; found true"),
    (probability, float("nan"), "nan is not a probability; expected 0 to 1, or 0% to 100%"),
    (distribution, "unifrm(1ms, 2ms)", "unknown distribution 'unifrm'; did you mean 'uniform'?"),
    (distribution, "uniform(5ms, 1ms)", "uniform: high_s is 0.001; expected at least low_s, 0.005"),
    (distribution, "exponential(20)", "exponential, mean: 20 has no unit; write 20s, 20ms or 20min"),
    (distribution, "exponential()", "exponential takes mean (a duration); mean is missing"),
    (distribution, "lognormal(2ms, mu 3)", "lognormal takes median (a duration) and sigma; found 'mu'"),
    (
        distribution,
        "jittered(5ms)",
        "jittered takes base (a distribution) and jitter (a distribution); jitter is missing",
    ),
    (
        distribution,
        "jittered(5ms, exponential(1))",
        "jittered, jitter: exponential, mean: 1 has no unit; write 1s, 1ms or 1min",
    ),
    (distribution, "empirical()", "empirical takes values (durations); values is missing"),
    (distribution, "empirical(1ms, -2ms)", "empirical, values: expected a duration of zero or more, found '-2ms'"),
    (
        distribution,
        "uniform(1ms",
        "'uniform(1ms' has no closing bracket; inside {…} or […] a text with a comma needs quotes",
    ),
]


@pytest.mark.parametrize(("read", "value", "message"), BAD, ids=[f"{read.__name__}-{value}" for read, value, _ in BAD])
def test_what_is_wrong_with_a_value_is_said_in_a_sentence(read: object, value: object, message: str) -> None:
    with pytest.raises(Misread) as caught:
        read(value)  # type: ignore[operator]
    assert str(caught.value) == message
