"""However a task clings to life, its world ends, and so does the interpreter."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import weakref
from contextlib import suppress

import pytest

from eventlab.errors import BudgetSpent
from eventlab.simulation import World


async def swallow() -> None:
    while True:
        with suppress(BaseException):
            await asyncio.sleep(1)


def test_a_task_that_swallows_everything_does_not_keep_its_world_from_closing() -> None:
    with World() as world, pytest.raises(BudgetSpent):
        world.run(swallow, until_s=10)


def test_nor_one_whose_node_has_crashed() -> None:
    async def main() -> None:
        node = world.node("a")
        node.spawn(swallow())
        await asyncio.sleep(3)
        node.crash()
        await asyncio.sleep(1)

    with World() as world:
        world.run(main)


def test_a_world_may_be_closed_twice() -> None:
    world = World()
    world.close()
    world.close()


def test_what_awaits_on_its_way_out_is_ended_and_let_go() -> None:
    ends: list[str] = []

    class Held:
        """Held by the coroutine alone."""

    async def cleans_up() -> None:
        held = Held()
        seen.append(weakref.ref(held))
        try:
            await asyncio.sleep(100)
        finally:
            await asyncio.sleep(1)
            ends.append("never reached")

    async def main() -> None:
        world.spawn(cleans_up(), name="cleaning")
        await asyncio.sleep(1)

    seen: list[weakref.ref[Held]] = []
    with World() as world:
        world.run(main)
    assert seen[0]() is None and ends == []


def test_the_interpreter_ends_also_where_nobody_closed_the_world() -> None:
    program = """
import asyncio
from eventlab.simulation import World
async def swallow():
    while True:
        try:
            await asyncio.sleep(1)
        except BaseException:
            pass
world = World()
try:
    world.run(swallow, until_s=10)
except Exception as error:
    print(type(error).__name__)
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "BudgetSpent\n", "")


def test_a_task_that_is_asyncios_own_ends_with_its_world_as_well() -> None:
    told: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(100)
        finally:
            told.append("closed")

    async def main() -> None:
        tasks.append(asyncio.Task(work(), loop=asyncio.get_running_loop()))
        await asyncio.sleep(1)

    tasks: list[asyncio.Task[None]] = []
    with World() as world:
        world.run(main)
    assert told == ["closed"]
