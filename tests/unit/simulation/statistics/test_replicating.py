"""Replications: one function of a seed, many independent seeds."""

from __future__ import annotations

import asyncio
import math
from itertools import pairwise

import pytest

from eventlab.errors import InvalidValue
from eventlab.runtime import random_stream, seeded
from eventlab.simulation import World
from eventlab.simulation.statistics import Estimate, Replications, replicate, seed_of


def wait_s(seed: int) -> float:
    """How long a wait of ten seconds on average takes in a world."""
    with World(seed) as world:

        async def main() -> float:
            await asyncio.sleep(random_stream("wait").expovariate(0.1))
            return world.now_s

        return world.run(main)


def test_a_seed_follows_from_the_seed_and_the_index_alone() -> None:
    assert seed_of(1, 0) == 187979477166231  # on any machine, in any process, and in the next version
    many = [seed_of(seed, index) for seed in range(10) for index in range(100)]
    assert len(set(many)) == len(many)


def test_more_replications_leave_the_first_ones_as_they_were() -> None:
    few, many = replicate(wait_s, replications=3, seed=5), replicate(wait_s, replications=6, seed=5)
    assert (many.seeds[:3], many.rows[:3]) == (few.seeds, few.rows)


def test_the_mean_of_many_worlds_is_found_with_its_interval() -> None:
    found = replicate(wait_s, replications=40, seed=2)
    assert len(found) == 40 and found.metrics == ("value",)
    assert found.estimate() == Estimate.of(found.values())
    assert found.estimate(confidence=0.999).covers(10.0)


def test_several_numbers_have_names_and_one_may_be_missing() -> None:
    rows = iter([{"a": 1.0, "b": None}, {"a": 2.0, "b": 5.0}, {"a": 3.0, "b": 7.0}])
    found = replicate(lambda seed: next(rows), replications=3)
    assert found.metrics == ("a", "b")
    assert found.column("b") == [None, 5.0, 7.0]
    assert (found.estimate("a").n, found.estimate("b").n) == (3, 2)
    with pytest.raises(InvalidValue, match="metric is 'c'; expected one of a, b"):
        found.estimate("c")


def test_a_frame_has_a_row_for_each_replication() -> None:
    found = Replications((7, 8), ({"a": 1.0}, {"a": 2.0}))
    assert found.frame().to_dict("list") == {"seed": [7, 8], "a": [1.0, 2.0]}


def test_an_error_tells_in_which_replication_it_was() -> None:
    def fails(seed: int) -> float:
        raise LookupError("nothing there")

    with pytest.raises(LookupError) as caught:
        replicate(fails, replications=2)
    assert caught.value.__notes__ == [f"in replication 0, with seed {seed_of(1, 0)}"]


@pytest.mark.parametrize("count", [1, 0, -3, True, 2.5])
def test_one_run_is_no_replication(count: int) -> None:
    with pytest.raises(InvalidValue, match="expected a whole number from 2 on: one run has no interval"):
        replicate(wait_s, replications=count)


@pytest.mark.parametrize("value", [math.nan, math.inf, "12"])
def test_what_is_no_number_is_refused_with_its_seed(value: float) -> None:
    with pytest.raises(InvalidValue, match=rf"value of replication 0 \(seed {seed_of(1, 0)}\) is .*; expected a fin"):
        replicate(lambda seed: value, replications=2)


def test_replications_are_independent_of_one_another() -> None:
    values = [seeded(seed_of(1, index), "x").random() for index in range(2_000)]
    pairs = list(pairwise(values))
    assert abs(math.fsum((a - 0.5) * (b - 0.5) for a, b in pairs) / len(pairs) * 12) < 4 / math.sqrt(len(pairs))
