"""Three times as much as it can serve: a queue in order of coming serves the dead, one that sheds serves the living."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from eventlab.errors import InvalidValue, LoadShed, Unavailable
from eventlab.simulation import Capacity, World
from eventlab.simulation.queues import Discipline

SERVICE_S, PATIENCE_S = 0.001, 0.1


def overloaded(discipline: Discipline, *, times: float = 3, for_s: float = 2) -> tuple[float, list[float]]:
    """What share of the capacity was served to callers who still waited, and how long each of them had waited."""
    world = World(seed=1)
    capacity = Capacity(queue_limit=1000, discipline=discipline)
    waited_s: list[float] = []

    async def caller() -> None:
        began_s = world.now_s
        try:
            await capacity.serve(SERVICE_S)
        except Unavailable:
            return
        if world.now_s - began_s <= PATIENCE_S:
            waited_s.append(world.now_s - began_s - SERVICE_S)

    async def main() -> None:
        chance = world.runtime.make_stream("arrivals")
        async with asyncio.TaskGroup() as callers:
            while world.now_s < for_s:
                callers.create_task(caller())
                await asyncio.sleep(chance.expovariate(times / SERVICE_S))

    world.run(main)
    return len(waited_s) * SERVICE_S / for_s, sorted(waited_s)


def test_in_order_of_coming_hardly_anybody_is_served_in_time() -> None:
    share, _ = overloaded("fifo")
    assert share < 0.1


@pytest.mark.parametrize("discipline", ["codel", "adaptive_lifo"])
def test_a_queue_that_sheds_serves_in_time_what_it_can_serve(discipline: Discipline) -> None:
    share, waited_s = overloaded(discipline)
    assert share > 0.95
    assert waited_s[len(waited_s) * 9 // 10] < 0.025


def test_the_freshest_first_waits_less() -> None:
    medians_s = [waited_s[len(waited_s) // 2] for _, waited_s in map(overloaded, ("adaptive_lifo", "codel"))]
    assert medians_s[0] < medians_s[1] / 2


@pytest.mark.parametrize("discipline", ["codel", "adaptive_lifo"])
def test_a_load_that_it_can_serve_loses_nobody(discipline: Discipline) -> None:
    calm, same = overloaded(discipline, times=0.5), overloaded("fifo", times=0.5)
    assert calm == same


def test_what_is_shed_is_told_at_once_and_counted() -> None:
    world = World()
    capacity = Capacity(discipline="codel", name="clerks", target_s=1, interval_s=2)
    told: list[tuple[float, str]] = []

    async def customer() -> None:
        try:
            await capacity.serve(1.5)
        except LoadShed as error:
            told.append((world.now_s, str(error)))

    async def main() -> None:
        await asyncio.gather(*(customer() for _ in range(6)))

    world.run(main)
    assert told == [(4.5, "clerks was not reached: it waited too long in a queue that stands (1 waiting)")] * 2
    assert (capacity.usage.served, capacity.usage.dropped) == (4, 2)


def test_nobody_is_lost_between_serving_shedding_and_leaving() -> None:
    world = World(seed=3)
    capacity = Capacity(2, discipline="adaptive_lifo", queue_limit=20)
    ends: Counter[str] = Counter()

    async def customer(patience_s: float) -> None:
        try:
            async with asyncio.timeout(patience_s):
                await capacity.serve(0.02)
            ends["served"] += 1
        except Exception as error:
            ends[type(error).__name__] += 1

    async def main() -> None:
        chance = world.runtime.make_stream("customers")
        async with asyncio.TaskGroup() as customers:
            for _ in range(2000):
                customers.create_task(customer(chance.uniform(0.005, 0.2)))
                await asyncio.sleep(chance.expovariate(250))

    world.run(main)
    usage = capacity.usage
    assert (capacity.present, ends.total()) == (0, 2000)
    assert (usage.served, usage.dropped, usage.refused, usage.abandoned) == (
        *(ends["served"], ends["LoadShed"], ends["Unavailable"], ends["TimeoutError"]),
    )
    assert min(usage.served, usage.dropped, usage.abandoned) > 50


def test_a_target_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidValue, match=r"clerks\.target_s"):
        Capacity(discipline="codel", name="clerks", target_s=0)
