"""Who waits for a log to grow inside a world is woken by the world's own appends, and by nothing else."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from eventlab.errors import Deadlock
from eventlab.simulation import World
from tests.unit.store.sqlite.notes import Jotted, store_at


def test_a_main_that_waits_for_ever_beside_a_follower_is_a_deadlock(tmp_path: Path) -> None:
    world = World()

    async def main() -> None:
        async with store_at(tmp_path / "a.db") as store:
            world.spawn(store.changed(0), name="follower")
            await asyncio.Event().wait()

    with pytest.raises(Deadlock, match="follower"):
        world.run(main, until_s=60)


def test_an_append_of_the_world_wakes_the_follower_at_that_moment(tmp_path: Path) -> None:
    world = World()

    async def main() -> float:
        async with store_at(tmp_path / "a.db") as store:
            follower = world.spawn(store.changed(0), name="follower")
            await asyncio.sleep(3.01)
            await store.append([("a-1", Jotted("x"))])
            await follower
            return world.now_s

    assert world.run(main) == 3.01


def test_so_does_an_append_by_another_store_on_the_same_file(tmp_path: Path) -> None:
    world = World()

    async def main() -> float:
        async with store_at(tmp_path / "a.db") as follows, store_at(tmp_path / ".." / tmp_path.name / "a.db") as writes:
            follower = world.spawn(follows.changed(0), name="follower")
            await asyncio.sleep(3.01)
            await writes.append([("a-1", Jotted("x"))])
            await follower
            return world.now_s

    assert world.run(main) == 3.01
