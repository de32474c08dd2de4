"""What `World.run` owes its caller: one run inside another's loop, after another, and when Ctrl-C comes."""

from __future__ import annotations

import asyncio
import signal
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest

from eventlab import runtime
from eventlab.errors import InvalidValue, WorldReentered
from eventlab.simulation import World


def test_a_world_is_not_run_from_inside_itself() -> None:
    world = World()

    async def main() -> None:
        world.run(main)

    with pytest.raises(WorldReentered):
        world.run(main)


def test_a_world_runs_inside_a_running_loop_as_in_a_notebook_cell() -> None:
    async def inner() -> str:
        await asyncio.sleep(60)
        task = asyncio.current_task()
        assert task is not None
        return task.get_name()

    async def cell() -> tuple[str, bool]:
        before = asyncio.current_task()
        result = World().run(inner)
        await asyncio.sleep(0)
        return result, asyncio.current_task() is before

    assert asyncio.run(cell()) == ("main", True)


def test_a_world_may_run_in_another_world() -> None:
    async def inner() -> float:
        await asyncio.sleep(60)
        return runtime.monotonic()

    async def outer() -> tuple[float, float]:
        await asyncio.sleep(1)
        return World().run(inner), runtime.monotonic()

    assert World().run(outer) == (60, 1)


@pytest.mark.parametrize("epoch", [datetime(2026, 3, 1, 12), "2026-03-01", date(2026, 3, 1), 0])
def test_a_world_begins_at_a_moment_that_is_the_same_on_every_machine(epoch: Any) -> None:
    with pytest.raises(InvalidValue, match=r"World.epoch is .*; expected a datetime with a time zone"):
        World(epoch=epoch)


def test_the_time_of_day_is_told_in_utc_from_the_first_moment_on() -> None:
    world = World(epoch=datetime(2026, 3, 1, 14, tzinfo=timezone(timedelta(hours=2))))

    async def main() -> list[str]:
        first = runtime.now()
        await asyncio.sleep(60)
        return [first.isoformat(), runtime.now().isoformat()]

    assert world.run(main) == ["2026-03-01T12:00:00+00:00", "2026-03-01T12:01:00+00:00"]


def test_a_world_goes_on_where_it_stood() -> None:
    world = World()
    ticks: list[float] = []

    async def tick() -> None:
        while True:
            await asyncio.sleep(1)
            ticks.append(world.now_s)

    async def begin() -> None:
        world.spawn(tick(), name="ticker")
        await asyncio.sleep(2.5)

    world.run(begin)
    world.run(asyncio.sleep(1))
    assert ticks == [1, 2, 3]
    world.close()


def test_keyboard_interrupt_comes_through_at_once() -> None:
    async def main() -> None:
        await asyncio.sleep(1)
        raise KeyboardInterrupt

    world = World()
    with pytest.raises(KeyboardInterrupt):
        world.run(main)
    assert world.now_s == 1


@pytest.mark.parametrize("ready", ["fifo", "shuffled"])
def test_ctrl_c_raises_between_two_steps_and_the_world_can_go_on(ready: Any) -> None:
    world, steps = World(1, ready=ready), []

    async def main() -> None:
        for step in range(10):
            if step == 3:
                signal.raise_signal(signal.SIGINT)
                steps.append("the step is finished first")
            await asyncio.sleep(1)
            steps.append(step)

    with pytest.raises(KeyboardInterrupt):
        world.run(main)
    assert steps == [0, 1, 2, "the step is finished first"]
    world.run(asyncio.sleep(3.5))
    assert steps[4:] == [3, 4, 5]


def test_an_interrupt_in_the_last_step_ends_this_run_and_not_the_next() -> None:
    world = World()

    async def last_words() -> None:
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        world.run(last_words)
    world.run(asyncio.sleep(1))


def test_a_second_ctrl_c_ends_a_step_that_does_not_end() -> None:
    async def stubborn() -> None:
        for _ in range(2):
            signal.raise_signal(signal.SIGINT)
        raise AssertionError("not reached")

    with pytest.raises(KeyboardInterrupt):
        World().run(stubborn)
