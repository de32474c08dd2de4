from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlab.errors import InvalidValue
from eventlab.resilience.backoff import Backoff, Constant, Exponential


def waits(backoff: Backoff, attempts: int, seed: int = 1) -> list[float]:
    chance = random.Random(seed)
    return [backoff.delay_s(attempt, chance) for attempt in range(1, attempts + 1)]


def test_the_pause_doubles_until_its_cap() -> None:
    assert waits(Exponential(1, cap_s=5, jitter="none"), 5) == [1, 2, 4, 5, 5]


def test_a_constant_pause_stays() -> None:
    assert waits(Constant(0.5), 3) == [0.5, 0.5, 0.5]


@given(st.integers(1, 10_000), st.floats(0, 1), st.integers(0, 100))
def test_jitter_stays_within_its_share(attempt: int, share: float, seed: int) -> None:
    backoff = Exponential(0.01, cap_s=2, jitter=share)
    plain_s = Exponential(0.01, cap_s=2, jitter="none").delay_s(attempt, random.Random())
    assert abs(backoff.delay_s(attempt, random.Random(seed)) - plain_s) <= plain_s * share * (1 + 1e-9)


@given(st.integers(1, 50), st.integers(0, 100))
def test_full_jitter_lies_between_nothing_and_the_whole_pause(attempt: int, seed: int) -> None:
    assert 0 <= Exponential(1, cap_s=8, jitter="full").delay_s(attempt, random.Random(seed)) <= 8


def test_the_ten_thousandth_attempt_waits_the_cap() -> None:
    assert Exponential(0.01, cap_s=7, jitter="none").delay_s(10_000, random.Random()) == 7


def test_the_same_chance_gives_the_same_waits() -> None:
    assert waits(Exponential(1), 8, seed=5) == waits(Exponential(1), 8, seed=5) != waits(Exponential(1), 8, seed=6)


@pytest.mark.parametrize(
    "build",
    [
        lambda: Constant(-1),
        lambda: Constant(float("nan")),
        lambda: Exponential(-1),
        lambda: Exponential(1, factor=0.5),
        lambda: Exponential(1, cap_s=0.5),
        lambda: Exponential(1, jitter=1.5),
        lambda: Exponential(1, jitter="some"),
    ],
)
def test_a_setting_outside_its_domain_is_named(build: object) -> None:
    with pytest.raises(InvalidValue, match="expected"):
        build()  # type: ignore[operator]
