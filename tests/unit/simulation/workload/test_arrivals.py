"""When requests come: as often as the rate says, at every moment of it, and not for ever."""

from __future__ import annotations

import math
import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlab.errors import InvalidValue
from eventlab.simulation import Constant
from eventlab.simulation.workload import (
    ClosedLoad,
    OpenLoad,
    Profile,
    Ramp,
    Rate,
    Replay,
    Spike,
    Steady,
    arrivals,
    constant,
    expected_requests,
    poisson,
)

RATES = [Steady(20), Ramp(0, 40, 60), Ramp(40, 0, 60), Spike(10, 100, 20, 5), Profile(((7, 30), (3, 0), (5, 5)))]


def times(load: OpenLoad | Replay, seed: int = 1) -> list[float]:
    return list(arrivals(load, random.Random(seed)))


def numbers(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high).map(lambda value: round(value, 3))


def rates() -> st.SearchStrategy[Rate]:
    per_s, lasting_s = numbers(0.1, 50), numbers(0.1, 20)
    return st.one_of(
        st.builds(Steady, per_s),
        st.builds(Ramp, per_s | st.just(0.0), per_s, lasting_s),
        st.builds(Ramp, per_s, st.just(0.0), lasting_s),
        st.builds(Spike, per_s | st.just(0.0), per_s, lasting_s, lasting_s),
        st.lists(st.tuples(lasting_s, per_s), min_size=1, max_size=4).map(lambda steps: Profile(tuple(steps))),
    )


@pytest.mark.parametrize("rate", RATES, ids=str)
def test_poisson_requests_are_as_many_in_every_part_as_the_rate_says(rate: Rate) -> None:
    came = [time for seed in range(50) for time in times(OpenLoad(rate, for_s=60), seed)]
    for low, high in ((0, 10), (10, 20), (20, 25), (25, 45), (45, 60)):
        expected = 50 * (expected_requests(rate, high) - expected_requests(rate, low))
        found = sum(low <= time < high for time in came)
        assert abs(found - expected) <= 4 * math.sqrt(expected) + 1e-9


def test_poisson_requests_are_independent_of_one_another() -> None:
    gaps = [later - earlier for earlier, later in pairwise(times(poisson(1, count=20_000)))]
    mean = sum(gaps) / len(gaps)
    assert abs(mean - 1) < 4 / math.sqrt(len(gaps))
    longer = sum(gap > 2 for gap in gaps) / len(gaps)
    assert abs(longer - math.exp(-2)) < 4 * math.sqrt(math.exp(-2) / len(gaps))


@given(rates(), numbers(1, 60))
def test_even_requests_are_where_the_added_up_rate_is_whole(rate: Rate, for_s: float) -> None:
    found = times(OpenLoad(rate, for_s, spacing="even"))
    assert abs(len(found) - expected_requests(rate, for_s)) < 1 + 1e-6
    assert [expected_requests(rate, time) for time in found] == pytest.approx(range(1, len(found) + 1))


@given(rates(), st.sampled_from(["poisson", "even"]), numbers(1, 20), st.integers(1, 30))
def test_times_are_in_order_and_end_with_the_load(rate: Rate, spacing: Any, for_s: float, count: int) -> None:
    every = times(OpenLoad(rate, for_s, spacing=spacing))
    assert every == sorted(every)
    assert all(0 < time < for_s for time in every)
    assert times(OpenLoad(rate, for_s, count, spacing)) == every[:count]


def test_even_requests_of_one_rate_keep_their_distance() -> None:
    assert times(constant(4, for_s=1.1)) == [0.25, 0.5, 0.75, 1.0]


def test_a_rate_that_falls_to_zero_ends_a_load_that_only_counts() -> None:
    assert len(times(OpenLoad(Ramp(10, 0, 10), count=1000, spacing="even"))) in (49, 50)


def test_a_day_is_shared_out_over_its_rates_and_comes_again() -> None:
    day = Profile.day([0.0] * 8 + [1.0] * 8 + [0.0] * 8)
    found = times(OpenLoad(day, for_s=2 * 86_400))
    assert {int(time / 28_800) for time in found} == {1, 4}
    assert expected_requests(day, 2 * 86_400) == 2 * 8 * 3600


def test_a_replay_comes_as_it_was_recorded_also_from_a_column(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text("at,who\n1700000003,b\n1700000001,a\n1700000011,c\n")
    replay = Replay.from_file(file, "at")
    assert times(replay) == [0, 2, 10]
    assert times(replay.faster(4)) == [0, 0.5, 2.5]
    assert times(replay.at_rate(0.5)) == pytest.approx([0, 0.8, 4])
    file.write_text("5\n10\n0\n")
    assert times(Replay.from_file(file, holds="gaps", unit_s=0.001)) == pytest.approx([0.005, 0.015, 0.015])


REFUSED = [
    (lambda: OpenLoad(Steady(1)), "OpenLoad.for_s"),
    (lambda: OpenLoad(Steady(1), for_s=0), "OpenLoad.for_s"),
    (lambda: OpenLoad(Steady(1), for_s=math.inf), "OpenLoad.for_s"),
    (lambda: OpenLoad(Steady(2), for_s=1e6), "OpenLoad.for_s"),
    (lambda: OpenLoad(Steady(1), count=0), "OpenLoad.count"),
    (lambda: OpenLoad(Steady(1), count=2_000_000), "OpenLoad.count"),
    (lambda: OpenLoad(Steady(1), for_s=1, spacing="odd"), "OpenLoad.spacing"),  # type: ignore[arg-type]
    (lambda: Steady(0), "Steady.per_s"),
    (lambda: Steady(-1), "Steady.per_s"),
    (lambda: Ramp(0, 0, 1), "Ramp.to_per_s"),
    (lambda: Ramp(0, math.nan, 1), "Ramp.to_per_s"),
    (lambda: Ramp(0, 1, 0), "Ramp.over_s"),
    (lambda: Spike(1, 0, 1, 1), "Spike.peak_per_s"),
    (lambda: Spike(1, 2, -1, 1), "Spike.at_s"),
    (lambda: Spike(1, 2, 0, 0), "Spike.lasting_s"),
    (lambda: Profile(()), "Profile.steps"),
    (lambda: Profile(((1, 0), (2, 0))), "Profile.steps"),
    (lambda: Profile(((1, 1), (0, 1))), r"Profile.steps\[1\] lasting_s"),
    (lambda: Profile.day([1] * 23), "Profile.day"),
    (lambda: Profile.day([]), "Profile.day"),
    (lambda: Replay([]), "Replay.times_s"),
    (lambda: Replay([1, 0.5]), r"Replay.times_s\[1\]"),
    (lambda: Replay([0, math.inf]), r"Replay.times_s\[1\]"),
    (lambda: Replay([0, 1]).faster(0), "factor"),
    (lambda: Replay([1, 1]).at_rate(2), "Replay.at_rate"),
    (lambda: ClosedLoad(3), "ClosedLoad.for_s"),
    (lambda: ClosedLoad(0, each=1), "ClosedLoad.users"),
    (lambda: ClosedLoad(1, each=0), "ClosedLoad.each"),
    (lambda: ClosedLoad(2000, each=1000), "ClosedLoad.each"),
    (lambda: ClosedLoad(1, for_s=10), "ClosedLoad.each"),
    (lambda: ClosedLoad(1, for_s=-1, thinking=Constant(1)), "ClosedLoad.for_s"),
    (lambda: ClosedLoad(1, each=1, thinking=1), "ClosedLoad.thinking"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("build", "field"), REFUSED, ids=[str(place) for place in range(len(REFUSED))])
def test_a_load_without_an_end_or_out_of_its_domain_is_refused_by_name(build: Any, field: str) -> None:
    with pytest.raises(InvalidValue, match=field):
        build()
