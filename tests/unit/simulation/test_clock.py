"""A wrong clock changes what a node believes about the time, and nothing else."""

from __future__ import annotations

import asyncio
import math
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlab import hooks, runtime
from eventlab.errors import InvalidValue, LeaseHeld
from eventlab.runtime import EPOCH
from eventlab.simulation import Node, Recorder, World
from eventlab.store import Leases, MemoryStore


async def ahead_s(node: Node) -> float:
    """By how much the time of day on *node* differs from the world's."""

    async def ask() -> float:
        return (runtime.now() - EPOCH).total_seconds()

    return round(await node.start(ask) - node.world.now_s, 6)


def test_a_clock_is_off_drifts_and_jumps() -> None:
    world = World()

    async def main() -> list[float]:
        node, seen = world.node("a"), []
        node.clock.offset_s = 30
        await asyncio.sleep(100)
        seen.append(await ahead_s(node))
        node.clock.drift_ppm = -200
        await asyncio.sleep(1000)
        seen.append(await ahead_s(node))
        node.clock.jump(-3600)
        await asyncio.sleep(500)
        seen.append(await ahead_s(node))
        node.clock.drift_ppm = 0
        await asyncio.sleep(500)
        seen.append(await ahead_s(node))
        return [*seen, round(node.clock.offset_s, 6)]

    assert world.run(main) == [30, 29.8, -3570.3, -3570.3, -3570.3]


def test_other_nodes_and_the_world_have_the_right_time() -> None:
    world = World()

    async def main() -> list[float]:
        world.node("a").clock.jump(3600)
        await asyncio.sleep(1)
        return [await ahead_s(world.node("b")), (runtime.now() - EPOCH).total_seconds()]

    assert world.run(main) == [0, 1]


def test_a_clock_set_right_again_costs_nothing_again() -> None:
    world = World()

    async def main() -> list[bool]:
        seen = []
        for offset_s in (5, 0):
            world.node("a").clock.offset_s = offset_s
            seen.append("now" in vars(world.runtime))
        return seen

    assert world.run(main) == [True, False]


def observed(skew: bool) -> list[Any]:
    """What two nodes draw, which ids they make, and when their timers fire, with node a's clock right or wrong."""
    world = World(5)
    seen: list[Any] = []

    async def live() -> None:
        for _ in range(3):
            await asyncio.sleep(runtime.random_stream("nap").random())
            node, made = runtime.current_node(), runtime.new_id()
            seen.append((runtime.monotonic(), node, runtime.random_stream("x").random(), made if node == "b" else ""))

    async def main() -> None:
        if skew:
            world.node("a").clock.offset_s = 7200
            world.node("a").clock.drift_ppm = 500
        await asyncio.gather(world.node("a").start(live), world.node("b").start(live))

    world.run(main)
    return seen


def test_no_timer_no_order_and_nobody_elses_id_follows_a_wrong_clock() -> None:
    assert observed(skew=True) == observed(skew=False)


def test_ids_and_times_of_events_follow_the_clock_of_the_node_that_makes_them() -> None:
    world = World()

    async def main() -> tuple[float, float]:
        node = world.node("a")
        node.clock.offset_s = 3600

        async def make() -> float:
            return (runtime.new_id().int >> 80) / 1000 - EPOCH.timestamp()

        async def ask() -> float:
            return runtime.current().epoch_s() - EPOCH.timestamp()

        return await node.start(make), await node.start(ask)

    assert world.run(main) == (3600, 3600)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=10))
def test_ids_of_a_node_only_grow_however_its_clock_jumps(jumps: list[float]) -> None:
    world = World()

    async def main() -> list[Any]:
        node = world.node("a")

        async def make() -> list[Any]:
            made = []
            for seconds in jumps:
                made.append(runtime.new_id())
                node.clock.offset_s = seconds
            return made

        return await node.start(make)

    ids = world.run(main)
    assert ids == sorted(set(ids))


def test_a_node_whose_clock_is_ahead_takes_a_lease_that_is_still_held() -> None:
    world = World()
    leases = Leases(MemoryStore("locks"))

    async def main() -> tuple[str, int]:
        fast, right = world.node("fast"), world.node("right")
        fast.clock.offset_s = 60
        await world.node("owner").start(leases.acquire("file", owner="owner", ttl_s=30))
        await asyncio.sleep(10)
        with pytest.raises(LeaseHeld):
            await right.start(leases.acquire("file", owner="right", ttl_s=30))
        taken = await fast.start(leases.acquire("file", owner="fast", ttl_s=30))
        return taken.owner, taken.token

    assert world.run(main) == ("fast", 2)


@pytest.mark.parametrize("drift_ppm", [-1_000_000, -2_000_000, 1_000_001, math.nan, math.inf])
def test_a_drift_that_stops_the_clock_is_refused(drift_ppm: float) -> None:
    with pytest.raises(InvalidValue, match=r"clock.drift_ppm of node 'a' is .*; expected above -1,000,000"):
        World().node("a").clock.drift_ppm = drift_ppm


@pytest.mark.parametrize("offset_s", [math.nan, math.inf, 1e12])
def test_an_offset_beyond_any_calendar_is_refused(offset_s: float) -> None:
    with pytest.raises(InvalidValue, match=r"clock.offset_s of node 'a' is"):
        World().node("a").clock.jump(offset_s)


def test_a_change_of_a_clock_is_recorded_at_the_right_time() -> None:
    world = World()
    recorder = Recorder()

    async def main() -> None:
        clock = world.node("a").clock
        await asyncio.sleep(2)
        clock.drift_ppm = 1000
        await asyncio.sleep(2)
        clock.jump(timedelta(hours=1).total_seconds())

    with recorder.recording():
        world.run(main)
    assert [(entry.at, entry.what) for entry in recorder.entries] == [
        (2, hooks.ClockChanged("a", 0, 1000)),
        (4, hooks.ClockChanged("a", 3600.002, 1000)),
    ]
