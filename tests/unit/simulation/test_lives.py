"""Whatever a node began dies with it: also what does not look like a task of its own."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from dataclasses import dataclass
from typing import Any

import simpy

from eventlab.codec import event
from eventlab.runtime import current_node
from eventlab.simulation import Constant, Node, SimulatedStore, World
from eventlab.store import MemoryStore


@event("tests.lives.Noted")
@dataclass(frozen=True, slots=True)
class Noted:
    pass


NOTE = Noted()
Begin = Callable[[Node, Callable[[], None]], Awaitable[None]]


def ran_after_the_crash(begin: Begin) -> int:
    """How often *begin*, run on a node that crashes after a second, has its line run in the next hour."""
    world = World()
    count = 0

    def line() -> None:
        nonlocal count
        count += 1

    async def main() -> None:
        node = world.node("a")
        node.spawn(begin(node, line))  # type: ignore[arg-type]
        await asyncio.sleep(1)
        node.crash()
        gc.collect()
        await asyncio.sleep(3600)
        gc.collect()

    world.run(main)
    return count


def test_a_timer_dies_with_its_node() -> None:
    async def begin(node: Node, line: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(2, line)

    assert ran_after_the_crash(begin) == 0


def test_a_callback_on_a_future_of_somebody_else_dies_with_its_node() -> None:
    async def begin(node: Node, line: Callable[[], None]) -> None:
        others = node.world.loop.create_future()
        others.add_done_callback(lambda _: line())
        node.world.spawn(resolve(others), name="somebody else")

    async def resolve(future: asyncio.Future[None]) -> None:
        await asyncio.sleep(2)
        future.set_result(None)

    assert ran_after_the_crash(begin) == 0


def test_a_task_that_a_task_of_the_node_began_dies_with_it() -> None:
    async def begin(node: Node, line: Callable[[], None]) -> None:
        async def child() -> None:
            try:
                await asyncio.sleep(2)
            finally:
                line()

        async with asyncio.TaskGroup() as group:
            group.create_task(child())

    assert ran_after_the_crash(begin) == 0


def test_a_function_in_an_executor_is_of_the_node() -> None:
    async def begin(node: Node, line: Callable[[], None]) -> None:
        while True:
            await asyncio.sleep(2)
            await asyncio.to_thread(line)

    assert ran_after_the_crash(begin) == 0


def test_a_simpy_process_dies_with_the_node_that_began_it() -> None:
    async def begin(node: Node, line: Callable[[], None]) -> None:
        def process() -> Generator[Any, Any, None]:
            try:
                yield node.world.env.timeout(2)
            finally:
                line()

        node.world.env.process(process())

    assert ran_after_the_crash(begin) == 0


def test_a_simpy_process_that_nobody_would_wake_is_not_cleaned_up_either() -> None:
    async def begin(node: Node, line: Callable[[], None]) -> None:
        def process() -> Generator[Any, Any, None]:
            try:
                yield simpy.Store(node.world.env).get()
            finally:
                line()

        node.world.env.process(process())

    assert ran_after_the_crash(begin) == 0


def test_what_a_simpy_process_of_a_node_awaits_is_of_the_node() -> None:
    nodes: list[str] = []

    async def begin(node: Node, line: Callable[[], None]) -> None:
        async def awaited() -> None:
            nodes.append(current_node())
            await asyncio.sleep(2)
            line()

        def process() -> Generator[Any, Any, None]:
            nodes.append(current_node())
            yield awaited()
            line()

        node.world.env.process(process())

    assert (ran_after_the_crash(begin), nodes) == (0, ["a", "a"])


def test_an_async_generator_of_a_dead_life_is_never_closed() -> None:
    """Also when the last reference to it is given up by somebody who lives."""
    kept: list[AsyncGenerator[int, None]] = []
    lines: list[str] = []

    async def main() -> None:
        node = world.node("a")

        async def numbers() -> AsyncGenerator[int, None]:
            try:
                yield 1
                yield 2
            finally:
                lines.append("closed")

        async def read() -> None:
            kept.append(numbers())
            await anext(kept[0])

        node.spawn(read())
        await asyncio.sleep(1)
        node.crash()
        kept.clear()
        gc.collect()
        await asyncio.sleep(1)

    world = World()
    world.run(main)
    assert lines == []


def test_an_async_generator_that_its_node_forgot_is_closed_on_that_node() -> None:
    closed_on: list[str] = []

    async def numbers() -> AsyncGenerator[int, None]:
        try:
            yield 1
        finally:
            closed_on.append(current_node())

    async def main() -> None:
        kept = [numbers()]

        async def read() -> None:
            await anext(kept[0])

        world.node("a").spawn(read())
        await asyncio.sleep(1)
        kept.clear()
        await asyncio.sleep(1)

    world = World()
    world.run(main)
    assert closed_on == ["a"]


def test_nobody_is_warned_of_what_a_crash_kept_from_beginning() -> None:
    began: list[str] = []

    async def work() -> None:
        began.append("work")

    async def main(world: World) -> None:
        world.node("a").spawn(work())
        world.node("a").crash()
        await asyncio.sleep(1)

    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        world = World()
        world.run(main(world))
        del world
        gc.collect()
    awaited = [str(warning.message) for warning in warned if "never awaited" in str(warning.message)]
    assert (began, awaited) == ([], [])


def test_an_append_in_flight_at_a_crash_is_there_or_not_by_the_seed_and_none_is_half_there() -> None:
    def found(seed: int) -> tuple[int, ...]:
        world = World(seed)
        store = SimulatedStore(MemoryStore("disk"), append=Constant(0.2))

        async def main() -> tuple[int, ...]:
            node = world.node("a")
            for stream in ("a-1", "a-2", "a-3"):
                node.spawn(store.append([(stream, NOTE), (stream, NOTE)]))
            await asyncio.sleep(0.1)
            node.crash()
            await asyncio.sleep(1)
            return tuple([len(await store.disk.read(stream)) for stream in ("a-1", "a-2", "a-3")])

        return world.run(main)

    outcomes = {found(seed) for seed in range(40)}
    assert {length for outcome in outcomes for length in outcome} == {0, 2}
    assert len(outcomes) == 8
    assert found(7) == found(7)


def test_memory_is_lost_and_the_disk_is_kept() -> None:
    world = World()
    store = MemoryStore("disk")
    seen: list[tuple[int, int]] = []

    async def boot(node: Node) -> None:
        memory: list[str] = []
        memory.append("one")
        await store.append([("a-1", NOTE)])
        seen.append((len(memory), len(await store.read("a-1"))))

    async def main() -> None:
        node = world.node("a", boot)
        await node.begin()
        node.crash()
        await node.restart()

    world.run(main)
    assert seen == [(1, 1), (1, 2)]
