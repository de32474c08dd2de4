"""A slow node takes longer for the same work; its clocks keep their pace."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from eventlab.errors import InvalidValue
from eventlab.services import Client
from eventlab.simulation import Constant, SimulatedStore, SimulatedTransport, World, work_for
from eventlab.simulation.modelled import ModelledService, Work
from eventlab.store import MemoryStore


def takes_s(work: Callable[[], Awaitable[object]], *, factor: float = 3, on: str = "slow") -> float:
    """How long *work* takes on node *on*, while the node ``slow`` is slow."""
    world = World(1)

    async def timed() -> float:
        began_s = world.now_s
        await work()
        return world.now_s - began_s

    async def main() -> float:
        with world.node("slow").slow(factor):
            return await world.node(on).start(timed)

    return world.run(main)


def test_work_is_stretched_and_a_sleep_is_not() -> None:
    assert (takes_s(lambda: work_for(2)), takes_s(lambda: asyncio.sleep(2))) == (6, 2)


def test_the_work_of_other_nodes_keeps_its_time() -> None:
    assert takes_s(lambda: work_for(2), on="other") == 2


def test_a_timeout_keeps_its_pace_so_that_slow_work_runs_into_it() -> None:
    async def work() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2.5):
                await work_for(1)

    assert takes_s(work) == 2.5


def test_reading_and_appending_are_work() -> None:
    store = SimulatedStore(MemoryStore("disk"), read=Constant(0.5), append=Constant(1))

    async def append() -> None:
        await store.append([])

    assert (takes_s(lambda: store.read("a-1")), takes_s(append)) == (1.5, 3)


def test_a_modelled_service_on_a_slow_node_is_slow_and_the_network_is_not() -> None:
    world = World(1)
    world.network.set_latency(Constant(1))
    transport = SimulatedTransport(world)
    client = Client(transport, "front", timeout_s=60)

    async def main() -> float:
        service = ModelledService("slow", Client(transport, "slow", timeout_s=60), latency=Constant(2))
        world.node("front")
        with world.node("slow").slow(4):
            transport.serve("slow", service.receive)
            await client.call("slow", Work("1"))
        return world.now_s

    assert world.run(main) == 1 + 4 * 2 + 1


def test_slowness_multiplies_outlives_a_crash_and_ends_with_its_blocks() -> None:
    world = World()

    async def main() -> list[float]:
        node = world.node("a")
        seen = []
        with node.slow(2):
            with node.slow(5):
                node.crash()
                await node.restart()
                seen.append(node.slowness)
            seen.append(node.slowness)
        return [*seen, node.slowness]

    assert world.run(main) == [10, 2, 1]


@pytest.mark.parametrize("factor", [-1, 0, 0.5, math.inf, math.nan, "5"])
def test_what_is_no_slowness_is_refused(factor: Any) -> None:
    with pytest.raises(InvalidValue, match=r"slowness of node 'slow' is .*; expected a finite factor from 1 up"):
        takes_s(lambda: work_for(1), factor=factor)


def test_work_of_less_than_nothing_is_refused() -> None:
    with pytest.raises(InvalidValue, match=r"work_s is -1; expected a number of seconds, 0 or more"):
        takes_s(lambda: work_for(-1))


def test_outside_any_node_work_takes_its_time_on_either_clock() -> None:
    world = World()

    async def main() -> float:
        await work_for(2)
        return world.now_s

    assert world.run(main) == 2
    asyncio.run(work_for(0))
