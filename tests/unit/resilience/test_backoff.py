from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlab.errors import InvalidValue
from eventlab.resilience.backoff import Backoff, Constant, Decorrelated, Exponential


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


@given(st.integers(1, 50), st.integers(0, 100))
def test_equal_jitter_keeps_half_of_the_pause(attempt: int, seed: int) -> None:
    plain_s = Exponential(1, cap_s=8, jitter="none").delay_s(attempt, random.Random())
    assert plain_s / 2 <= Exponential(1, cap_s=8, jitter="equal").delay_s(attempt, random.Random(seed)) <= plain_s


@given(st.lists(st.floats(0.005, 2), min_size=1, max_size=20), st.integers(0, 100))
def test_a_decorrelated_pause_is_at_most_three_times_the_one_before(previous: list[float], seed: int) -> None:
    chance = random.Random(seed)
    for attempt, previous_s in enumerate(previous, start=1):
        pause_s = Decorrelated(0.005, cap_s=2).delay_s(attempt, chance, previous_s)
        assert 0.005 <= pause_s <= min(2, 3 * previous_s)


def test_a_decorrelated_walk_has_the_same_law_when_nobody_remembers_the_pause_before() -> None:
    backoff, remembering, forgetful = Decorrelated(1, cap_s=1000), [], []
    for seed in range(4000):
        chance, pause_s = random.Random(seed), 0.0
        for attempt in range(1, 6):
            pause_s = backoff.delay_s(attempt, chance, pause_s)
        remembering.append(pause_s)
        forgetful.append(backoff.delay_s(5, random.Random(seed + 10_000)))
    assert sum(remembering) / sum(forgetful) == pytest.approx(1, abs=0.1)


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
        lambda: Decorrelated(-1),
        lambda: Decorrelated(1, cap_s=0.5),
    ],
)
def test_a_setting_outside_its_domain_is_named(build: object) -> None:
    with pytest.raises(InvalidValue, match="expected"):
        build()  # type: ignore[operator]
