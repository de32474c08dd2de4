"""A store whose appends take time, and what a crash makes of one under way."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from eventlab.codec import event
from eventlab.simulation import Constant, SimulatedStore, World
from eventlab.store import MemoryStore

CRASHES = 100


@event("tests.storage.Written")
@dataclass(frozen=True, slots=True)
class Written:
    number: int


def test_of_appends_cut_short_by_a_crash_some_were_written_and_some_were_not() -> None:
    world, disk = World(7), MemoryStore("disk")
    store = SimulatedStore(disk, append=Constant(1))
    heard: list[int] = []

    async def write(number: int) -> None:
        await store.append([(f"a-{number}", Written(number))])
        heard.append(number)

    async def main() -> int:
        node = world.node("writer")
        for number in range(CRASHES):
            node.spawn(write(number))
            await asyncio.sleep(0.5)
            node.crash()
            await node.restart()
        await asyncio.sleep(5)
        return len(await disk.read_all())

    written = world.run(main)
    assert 35 < written < 65  # three standard deviations are 15
    assert heard == []


def test_whenever_it_takes_effect_an_append_takes_its_whole_time() -> None:
    world = World(7)
    store = SimulatedStore(MemoryStore("disk"), append=Constant(1))
    ended: list[float] = []

    async def main() -> None:
        for number in range(20):
            await store.append([("a-1", Written(number))], expect={"a-1": number})
            ended.append(world.now_s)

    world.run(main)
    assert ended == list(range(1, 21))
