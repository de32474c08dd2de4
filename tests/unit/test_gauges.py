"""What is asked for is asked as long as its object lives, where it belongs, and by its own clock."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from datetime import timedelta

import pytest

from eventlab.hooks.gauges import Gauge, Since, gauge, registered
from eventlab.runtime import EPOCH, current_node, now, on_node
from eventlab.simulation import World


@pytest.fixture(autouse=True)
def only_new_ones() -> Iterator[None]:
    """What other tests left registered is set aside."""
    gc.collect()
    for each in registered():
        each.close()
    yield


class Queue:
    def depth(self) -> int:
        return 3


def test_a_gauge_goes_with_its_object_or_with_its_block() -> None:
    queue = Queue()
    gauge("depth", queue.depth)
    with gauge("depth", lambda: 4):
        assert [each.ask() for each in registered()] == [3, 4]
    assert [each.ask() for each in registered()] == [3]
    del queue
    assert registered() == []


def test_a_world_asks_its_own_gauges_alone() -> None:
    async def made() -> tuple[Gauge, list[str]]:
        mine = gauge("mine", lambda: 1)
        return mine, [each.name for each in registered()]

    with gauge("outside", lambda: 0), World(seed=1) as world, World(seed=2) as other:
        with world.run(made)[0], other.run(made)[0]:
            assert world.run(made)[1] == ["mine", "mine"]
            assert len(registered()) == 4


def test_a_moment_is_told_as_an_age_by_the_clock_of_who_registered_it() -> None:
    async def main() -> Gauge:
        made = gauge("age", lambda: Since(EPOCH))
        await asyncio.sleep(60)
        return made

    with World(seed=1) as world, world.run(main) as made:
        assert made.ask() == 60


def test_what_is_awaited_goes_on_ageing_between_two_readings() -> None:
    async def main() -> list[float | None]:
        async def placed() -> Since:
            return Since(now() - timedelta(seconds=5))

        with gauge("age", placed) as made:
            seen = [made.ask()]
            await made.read()
            seen.append(made.ask())
            await asyncio.sleep(10)
            return [*seen, made.ask()]

    with World(seed=1) as world:
        assert world.run(main) == [None, 5, 15]


def test_nothing_that_waits_is_no_age() -> None:
    with gauge("age", lambda: Since(None)) as made:
        assert made.ask() == 0


def test_a_gauge_is_asked_on_the_node_of_who_registered_it() -> None:
    with on_node("orders"):
        made = gauge("where", lambda: float(current_node() == "orders"))
    with made:
        assert (made.node, made.ask(), current_node()) == ("orders", 1, "local")
