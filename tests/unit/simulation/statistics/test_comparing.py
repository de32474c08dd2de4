"""Variants on common seeds, over any number of processes."""

from __future__ import annotations

import asyncio
import os
import signal
from functools import partial

import pytest

from eventlab.errors import InvalidValue, WorkerLost
from eventlab.runtime import random_stream, seeded
from eventlab.simulation import World
from eventlab.simulation.statistics import compare, replicate, seed_of
from eventlab.simulation.statistics.workers import run_all


def work(mean_s: float, seed: int) -> dict[str, float | None]:
    """Twenty jobs one after another, in a world."""
    with World(seed) as world:

        async def main() -> float:
            for _ in range(20):
                await asyncio.sleep(random_stream("jobs").expovariate(1 / mean_s))
            return world.now_s

        return {"took_s": world.run(main)}


def test_policies_that_do_the_same_show_no_difference() -> None:
    found = compare({"one": partial(work, 1.0), "other": partial(work, 1.0)}, replications=5)
    assert found.difference("other", "took_s").is_none_at_all


def test_a_planted_difference_is_found_with_few_replications_because_the_seeds_are_common() -> None:
    found = compare({"slow": partial(work, 1.0), "quick": partial(work, 0.9)}, replications=8, seed=2)
    shown = found.difference("quick", "took_s")
    assert shown.is_real and shown.estimate.covers(-2.0)
    assert shown.estimate.half_width < shown.unpaired_half_width / 5  # seeds of their own would have shown nothing
    assert abs(shown.estimate.mean) < shown.unpaired_half_width


def test_luck_with_seeds_of_their_own_is_no_difference() -> None:
    def apart(name: str, seed: int) -> float:
        return seeded(seed, name).gauss(10, 1)

    found = compare({"a": partial(apart, "a"), "b": partial(apart, "b")}, replications=30)
    assert not found.difference("b").is_real


def test_several_intervals_hold_together() -> None:
    variants = {"a": partial(work, 1.0), "b": partial(work, 1.1), "c": partial(work, 1.2)}
    found = compare(variants, replications=4)
    first, pairs = found.differences("took_s"), found.differences("took_s", pairs="all")
    assert list(first) == [("a", "b"), ("a", "c")]
    assert list(pairs) == [("a", "b"), ("a", "c"), ("b", "c")]
    assert {shown.estimate.confidence for shown in first.values()} == {0.975}
    assert pairs["b", "c"].estimate.mean == pytest.approx(first["a", "c"].estimate.mean - first["a", "b"].estimate.mean)


def test_a_pair_counts_only_where_both_have_the_number() -> None:
    def some(missing: int, seed: int) -> dict[str, float | None]:
        return {"x": None if seed == seed_of(1, missing) else float(seed % 97)}

    found = compare({"a": partial(some, 0), "b": partial(some, 1)}, replications=5)
    assert (found.estimate("a", "x").n, found.difference("b", "x").estimate.n) == (4, 3)


def test_a_frame_names_the_variant_of_each_run() -> None:
    frame = compare({"a": partial(work, 1.0), "b": partial(work, 2.0)}, replications=2).frame()
    assert list(frame) == ["variant", "seed", "took_s"]
    assert list(frame["variant"]) == ["a", "a", "b", "b"]
    assert list(frame["seed"]) == [seed_of(1, 0), seed_of(1, 1)] * 2


def test_one_variant_is_no_comparison_and_an_unknown_one_is_named() -> None:
    with pytest.raises(InvalidValue, match=r"variants is \['a'\]; expected two or more"):
        compare({"a": partial(work, 1.0)})
    found = compare({"a": partial(work, 1.0), "b": partial(work, 2.0)}, replications=2)
    with pytest.raises(InvalidValue, match="variant is 'c'; expected one of a, b"):
        found.estimate("c", "took_s")


def square(value: int) -> int:
    return value * value


def dies(value: int) -> int:
    os._exit(1)


def fails(value: int) -> int:
    raise LookupError(f"nothing at {value}")


def interrupts_itself(value: int) -> int:
    os.kill(os.getpid(), signal.SIGINT)
    return value


def test_a_ctrl_c_that_reaches_every_process_is_told_by_the_first_alone() -> None:
    assert run_all(interrupts_itself, [1, 2, 3], workers=2) == [1, 2, 3]


def test_any_number_of_processes_gives_the_same_runs_in_order() -> None:
    ended: list[int] = []
    alone = replicate(partial(work, 1.0), replications=4)
    shared = replicate(partial(work, 1.0), replications=4, workers=2, progress=ended.append)
    assert repr(shared) == repr(alone)
    assert ended == [1, 2, 3, 4]


def test_a_process_that_dies_is_told_and_the_first_error_is_raised() -> None:
    with pytest.raises(WorkerLost, match="start again with fewer workers"):
        run_all(dies, [1, 2], workers=2)
    for workers in (1, 2):
        with pytest.raises(LookupError, match="nothing at 1"):
            run_all(fails, [1, 2, 3], workers=workers)


def test_what_cannot_travel_to_another_process_is_refused() -> None:
    with pytest.raises(InvalidValue, match="expected something that other processes can find"):
        replicate(lambda seed: 1.0, replications=2, workers=2)


@pytest.mark.parametrize("workers", [0, -1, True, 1.5])
def test_work_needs_a_worker(workers: int) -> None:
    with pytest.raises(InvalidValue, match=r"workers is .*; expected a whole number from 1 on"):
        run_all(square, [1], workers=workers)
