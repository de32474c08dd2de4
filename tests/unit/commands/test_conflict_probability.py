"""Formula and simulator agree on how often attempts conflict."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlab.commands import ConflictRetry, execute
from eventlab.commands.contention import conflict_probability, conflict_probability_among
from eventlab.errors import InvalidValue, VersionConflict
from eventlab.resilience.backoff import Exponential as Backoff
from eventlab.runtime import monotonic, random_stream
from eventlab.shop.boxoffice import SellSeat, show_stream
from eventlab.shop.holding import HoldingStore
from eventlab.simulation import Constant, World
from eventlab.store import EventStore, MemoryStore

HAMLET = show_stream("hamlet")
HOLD_S = 0.1
SEATS = 10_000


def theatre() -> EventStore:
    return HoldingStore(MemoryStore("theatre"), Constant(HOLD_S))


def measured_open(attempts_per_s: float, attempts: int, seed: int) -> float:
    """The share of *attempts* that conflict when they come by a Poisson process and are never repeated."""

    async def story() -> float:
        store, chance = theatre(), random_stream("arrivals")

        async def sell(number: int) -> bool:
            try:
                await execute(store, SellSeat(HAMLET, f"clerk-{number}", capacity=SEATS), retry=ConflictRetry(1))
            except VersionConflict:
                return True
            return False

        clerks = []
        for number in range(attempts):
            await asyncio.sleep(chance.expovariate(attempts_per_s))
            clerks.append(asyncio.ensure_future(sell(number)))
        return sum(await asyncio.gather(*clerks)) / attempts

    return World(seed).run(story())


def measured_closed(writers: int, think_s: float, retry: ConflictRetry, until_s: float) -> float:
    """The share of attempts that conflict among clerks who sell, think, and sell again."""
    attempts = conflicts = 0

    async def clerk(store: EventStore, name: str) -> None:
        nonlocal attempts, conflicts
        chance = random_stream(name)
        while monotonic() < until_s:
            await asyncio.sleep(chance.expovariate(1 / think_s))
            executed = await execute(store, SellSeat(HAMLET, name, capacity=SEATS), retry=retry)
            attempts += executed.attempts
            conflicts += executed.attempts - 1

    async def story() -> None:
        store: Any = theatre()
        await asyncio.gather(*(clerk(store, f"clerk-{number}") for number in range(writers)))

    World(seed=1).run(story())
    return conflicts / attempts


@pytest.mark.parametrize("load", [0.2, 1.0, 3.0])
def test_independent_attempts_conflict_as_often_as_a_line_is_engaged(load: float) -> None:
    """Within 99 % of the normal law, over means of independent runs: attempts of one run depend on one another."""
    runs = [measured_open(load / HOLD_S, 150, seed) for seed in range(20)]
    mean = sum(runs) / len(runs)
    error = math.sqrt(sum((run - mean) ** 2 for run in runs) / (len(runs) - 1) / len(runs))
    assert abs(mean - conflict_probability(load / HOLD_S, HOLD_S)) < 2.86 * error  # Student's t for 19 degrees
    # The plausible other formula, by which every attempt disturbs, is told from it.
    assert abs(mean - (1 - math.exp(-load))) > 2.86 * error or load < 0.5


@pytest.mark.parametrize("writers", [2, 5, 12])
@pytest.mark.parametrize("pause_s", [0.0, 0.5])
def test_writers_who_come_back_conflict_as_often_as_the_formula_says(writers: int, pause_s: float) -> None:
    think_s = 10 * HOLD_S
    backoff = Backoff(2 * pause_s, factor=1, jitter="full")  # anywhere from nothing to twice the mean
    measured = measured_closed(writers, think_s, ConflictRetry(1000, backoff), until_s=4000 * HOLD_S / writers)
    assert measured == pytest.approx(conflict_probability_among(writers, HOLD_S, think_s, pause_s=pause_s), abs=0.05)


def test_writers_who_never_think_let_one_win_at_a_time() -> None:
    assert conflict_probability_among(5, HOLD_S, 0) == pytest.approx(4 / 5)


def test_one_writer_alone_or_one_who_decides_at_once_meets_nobody() -> None:
    assert conflict_probability_among(1, HOLD_S, 0) == 0
    assert conflict_probability_among(9, 0, 0) == 0
    assert conflict_probability(0, HOLD_S) == conflict_probability(50, 0) == 0


positive = st.floats(0.001, 100)


@given(st.integers(2, 1000), positive, positive, st.floats(0, 100))
def test_the_formula_solves_its_own_equation(writers: int, hold_s: float, think_s: float, pause_s: float) -> None:
    conflict = conflict_probability_among(writers, hold_s, think_s, pause_s=pause_s)
    winning = 1 - conflict
    assert 0 < winning < 1
    round_s = think_s + hold_s / winning + pause_s * conflict / winning
    assert conflict == pytest.approx((writers - 1) * hold_s / round_s, rel=1e-6, abs=1e-9)


@given(st.integers(2, 1000), positive, positive)
def test_who_gives_up_conflicts_like_a_small_open_load(writers: int, hold_s: float, think_s: float) -> None:
    rivals_per_s = (writers - 1) / (think_s + hold_s)
    giving_up = conflict_probability_among(writers, hold_s, think_s, pause_s=think_s)
    assert giving_up == pytest.approx(conflict_probability(rivals_per_s, hold_s))


@given(st.integers(2, 100), positive, positive, st.floats(0, 100))
def test_more_rivals_longer_holds_and_shorter_pauses_conflict_more(
    writers: int, hold_s: float, think_s: float, pause_s: float
) -> None:
    base = conflict_probability_among(writers, hold_s, think_s, pause_s=pause_s)
    slack = 1e-9
    assert conflict_probability_among(writers + 1, hold_s, think_s, pause_s=pause_s) >= base - slack
    assert conflict_probability_among(writers, hold_s * 2, think_s, pause_s=pause_s) >= base - slack
    assert conflict_probability_among(writers, hold_s, think_s, pause_s=pause_s + 1) <= base + slack


@pytest.mark.parametrize("wrong", [-1.0, math.inf, math.nan])
def test_what_is_no_time_is_refused_by_name(wrong: float) -> None:
    with pytest.raises(InvalidValue, match="hold_s"):
        conflict_probability(1, wrong)
    with pytest.raises(InvalidValue, match="think_s"):
        conflict_probability_among(2, 1, wrong)
    with pytest.raises(InvalidValue, match="writers"):
        conflict_probability_among(0, 1, 1)
