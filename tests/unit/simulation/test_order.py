"""One order in every run: sets of tasks, garbage collection, and the tasks that are ready at one moment."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sys
from collections.abc import AsyncIterator
from weakref import WeakSet

import pytest

from eventlab import runtime
from eventlab.simulation import World


def _finish_order(world: World) -> list[object]:
    """The order in which asyncio's set-keeping constructs hand out tasks and futures."""

    async def one(number: int) -> int:
        await asyncio.sleep(1)
        return number

    async def main() -> list[object]:
        ballast = [object() for _ in range(runtime.random_stream("ballast").randrange(1000))]
        seen: list[object] = []
        done, _ = await asyncio.wait([asyncio.create_task(one(n)) for n in range(40)])
        seen += [task.result() for task in done]
        futures = [asyncio.get_running_loop().create_future() for _ in range(40)]
        for number, future in enumerate(futures):
            future.set_result(number)
        done_futures, _ = await asyncio.wait(futures)
        seen += [future.result() for future in done_futures]
        seen += [await next_done for next_done in asyncio.as_completed([one(n) for n in range(40)])]
        own_set = {asyncio.create_task(one(n)) for n in range(40)}
        seen += [await task for task in own_set]
        cancelled: list[str] = []

        async def mourned(name: str) -> None:
            try:
                await asyncio.sleep(9)
            except asyncio.CancelledError:
                cancelled.append(name)
                raise

        with contextlib.suppress(ExceptionGroup):
            async with asyncio.TaskGroup() as group:
                for n in range(40):
                    group.create_task(mourned(str(n)))
                await asyncio.sleep(1)
                raise ValueError("end the group")
        del ballast
        return seen + cancelled

    return world.run(main)


def test_sets_of_tasks_have_one_order() -> None:
    orders = {tuple(_finish_order(World(seed))) for seed in range(12)}
    assert len(orders) == 1


def test_asyncio_alone_has_several_orders() -> None:
    """The naive twin: without the ordered sets the same program gives another order now and then."""

    async def one(number: int) -> int:
        return number

    async def main() -> tuple[int, ...]:
        tasks = [asyncio.create_task(one(n)) for n in range(40)]
        done, _ = await asyncio.wait(tasks)
        return tuple(task.result() for task in done)

    keep = []
    orders = set()
    for size in range(50):
        keep.append([object() for _ in range(size * 37)])
        orders.add(asyncio.run(main()))
    assert len(orders) > 1


def test_garbage_is_collected_at_the_same_point_of_every_run() -> None:
    def run(allocate_before: int) -> list[float]:
        closed: list[float] = []

        async def numbers() -> AsyncIterator[int]:
            try:
                while True:
                    yield 1
            finally:
                closed.append(runtime.monotonic())

        async def leak() -> None:
            agen = numbers()
            cycle: list[object] = [agen]
            cycle.append(cycle)
            await agen.__anext__()

        async def main() -> None:
            for _ in range(30):
                await leak()
            for _ in range(60_000):
                await asyncio.sleep(0.001)

        ballast = [[] for _ in range(allocate_before)]  # type: ignore[var-annotated]
        World().run(main)
        del ballast
        return closed

    first = run(0)
    assert len(first) == 30
    assert run(5_000) == first


def test_automatic_collection_is_off_inside_and_on_again_after() -> None:
    async def main() -> bool:
        return gc.isenabled()

    assert World().run(main) is False
    assert gc.isenabled()


@pytest.mark.skipif(sys.version_info[:2] == (3, 12), reason="Python 3.12 looks through it once, whatever is asked")
def test_what_a_world_leaves_is_among_the_old_and_is_not_looked_through_when_it_ends() -> None:
    left: list[list[int]] = []

    async def main() -> None:
        left.extend([number] for number in range(5_000))

    World().run(main)
    old = set(map(id, gc.get_objects(generation=2)))
    assert all(id(each) in old for each in left)


def test_what_many_short_worlds_leave_behind_is_collected_between_them() -> None:
    left: WeakSet[World] = WeakSet()
    objects, before, most = 20_000, len(gc.get_objects()), 0
    for seed in range(60):
        with World(seed) as world:

            async def main(world: World = world) -> None:
                world.around = [world, *([] for _ in range(objects))]  # type: ignore[attr-defined]

            world.run(main)
        left.add(world)
        most = max(most, len(left))
    a_quarter = (before + most * objects) // 4
    assert most * objects < max(250_000, a_quarter + 2 * objects)


def _race(world: World) -> list[str]:
    order: list[str] = []

    async def racer(name: str) -> None:
        await asyncio.sleep(1)
        order.append(name)

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            for name in "abcdef":
                group.create_task(racer(name))

    world.run(main)
    return order


def test_shuffled_tasks_run_in_an_order_of_the_seed() -> None:
    assert _race(World(1, ready="shuffled")) == _race(World(1, ready="shuffled"))
    assert len({tuple(_race(World(seed, ready="shuffled"))) for seed in range(10)}) > 5
    assert _race(World(1)) == list("abcdef")


def test_shuffling_keeps_callbacks_in_their_order() -> None:
    async def main() -> list[int]:
        log: list[int] = []
        for number in range(20):
            asyncio.get_running_loop().call_soon(log.append, number)
        await asyncio.sleep(1)
        return log

    assert World(3, ready="shuffled").run(main) == list(range(20))
