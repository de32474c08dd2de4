"""A run that can never finish stops at its budget, and says what was waiting."""

from __future__ import annotations

import asyncio
import gc
from datetime import timedelta
from typing import Any

import pytest

from eventlab.errors import BudgetSpent, Deadlock, InvalidValue
from eventlab.simulation import World


async def poll(pause_s: float) -> None:
    while True:  # noqa: ASYNC110 - the poll is what has to be stopped
        await asyncio.sleep(pause_s)


@pytest.mark.parametrize(
    ("pause_s", "budget", "says"),
    [
        (0.0, {"steps_max": 1000}, "1000 steps, at 0 s"),
        (1.0, {"steps_max": 1000}, "1000 steps, at 1000 s"),
        (1.0, {"until_s": 60.5}, "60.5 s of virtual time"),
    ],
)
def test_a_run_without_end_stops_at_its_budget(pause_s: float, budget: Any, says: str) -> None:
    with pytest.raises(BudgetSpent) as caught:
        World().run(poll(pause_s), **budget)
    (line,) = caught.value.waiting
    assert says in caught.value.budget
    assert line.startswith("main at ") and "nobody resolves" not in line


def test_what_is_due_at_the_last_moment_still_runs() -> None:
    World().run(asyncio.sleep(5), until_s=5)


def test_within_its_budget_a_run_is_the_same_and_leaves_nothing_behind() -> None:
    world = World()
    world.run(asyncio.sleep(2), until_s=100, steps_max=100)
    assert (world.now_s, world.env._queue, world.loop.taking) == (2, [], None)
    world.run(asyncio.sleep(200))
    assert world.now_s == 202


def test_after_a_run_with_a_budget_everything_still_comes_in_its_order() -> None:
    world, told = World(), []

    async def tell(at_s: int) -> None:
        await asyncio.sleep(at_s)
        told.append((world.now_s, at_s))

    async def main() -> None:
        for number in range(30):
            world.spawn(tell(2 + number * 7 % 30), name=f"teller {number}")
        await asyncio.sleep(1)

    world.run(main, until_s=15.5)
    world.run(asyncio.sleep(60))
    assert told == [(at_s, at_s) for at_s in range(2, 32)]


@pytest.mark.parametrize("budget", [{"until_s": 5}, {"steps_max": 3}])
def test_a_world_whose_budget_is_spent_goes_on_without_the_main_that_spent_it(budget: Any) -> None:
    world = World()
    told: list[tuple[str, float]] = []

    async def tell(name: str) -> None:
        try:
            for _ in range(6):
                await asyncio.sleep(2)
                told.append((name, world.now_s))
        finally:
            told.append((f"{name} has ended", world.now_s))

    async def main() -> None:
        background = world.spawn(tell("background"), name="background")
        await tell("main")
        await background

    with pytest.raises(BudgetSpent):
        world.run(main, **budget)
    spent = len(told)
    world.run(asyncio.sleep(20))
    gc.collect()
    assert [name for name, _ in told[spent:]] == ["background"] * (6 - spent // 2) + ["background has ended"]


def test_a_main_that_was_stuck_is_not_listed_again() -> None:
    world = World()
    with pytest.raises(Deadlock):
        world.run(asyncio.Event().wait())
    with pytest.raises(Deadlock) as caught:
        world.run(asyncio.Event().wait())
    assert len(caught.value.waiting) == 1


def test_a_main_that_was_stuck_is_not_taken_up_again() -> None:
    world, event, told = World(), asyncio.Event(), []

    async def main() -> None:
        await event.wait()
        told.append("main goes on")

    async def other() -> None:
        event.set()
        await asyncio.sleep(1)

    with pytest.raises(Deadlock):
        world.run(main)
    world.run(other)
    assert told == []


def test_a_deadlock_is_not_taken_for_a_long_run() -> None:
    with pytest.raises(Deadlock):
        World().run(asyncio.Event().wait(), until_s=60)


@pytest.mark.parametrize("budget", [{"until_s": -1.0}, {"until_s": float("nan")}, {"steps_max": 0}])
def test_a_budget_of_nothing_is_refused(budget: Any) -> None:
    with pytest.raises(InvalidValue):
        World().run(asyncio.sleep(1), **budget)


@pytest.mark.parametrize("until_s", ["60", timedelta(seconds=60), True])
def test_a_moment_is_given_in_seconds(until_s: Any) -> None:
    with pytest.raises(InvalidValue, match=r"until_s is .*; expected a number of seconds, 0 or more"):
        World().run(asyncio.sleep(1), until_s=until_s)


@pytest.mark.parametrize("steps_max", [1.5, "1000", True, float("nan"), float("inf")])
def test_steps_that_counting_down_would_not_bring_to_nothing_are_refused(steps_max: Any) -> None:
    with pytest.raises(InvalidValue, match=r"steps_max is .*; expected a whole number of steps from 1"):
        World().run(asyncio.sleep(1), steps_max=steps_max)


def test_who_waits_for_a_task_of_a_crashed_node_is_told_so() -> None:
    world = World()

    async def main() -> None:
        task = world.node("a").spawn(asyncio.sleep(5), name="work")
        await asyncio.sleep(1)
        world.node("a").crash()
        await task

    with pytest.raises(Deadlock, match=r"waits for task work, which ended with node a$"):
        world.run(main)


def test_who_waits_is_named_by_its_own_line_and_by_what_it_called_of_asyncio() -> None:
    lock = asyncio.Lock()

    async def locking() -> None:
        await lock.acquire()
        await lock.acquire()

    async def sleeping() -> None:
        await asyncio.sleep(9)

    line = locking.__code__.co_firstlineno
    with pytest.raises(Deadlock) as stuck:
        World().run(locking)
    with pytest.raises(BudgetSpent) as spent:
        World().run(sleeping, until_s=5)
    assert [error.value.waiting[0].split(" waits")[0] for error in (stuck, spent)] == [
        f"main at test_budget.py:{line + 2} in locking (asyncio's Lock.acquire)",
        f"main at test_budget.py:{line + 5} in sleeping (asyncio's sleep)",
    ]
