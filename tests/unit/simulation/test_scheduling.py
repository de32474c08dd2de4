"""Who runs first among tasks that are ready together: chosen, written down, and chosen again."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from eventlab.errors import InvalidValue, ScriptMisfit
from eventlab.simulation import PCT, Scripted, World

STEPS, TASKS = 7, 3
"""Of `racy`: main takes two steps, *a* two and *b* three."""


def order_of_two(world: World) -> list[str]:
    """Which of two tasks that became ready together ran first."""
    log: list[str] = []

    async def writer() -> None:
        log.append("written")

    async def reader() -> None:
        log.append("read")

    async def main() -> None:
        await asyncio.gather(writer(), reader())

    world.run(main)
    return log


def racy(world: World) -> bool:
    """Depth 2: the fault needs *b* to run wholly between two steps of *a*."""
    state = {"checked": False, "gone": False, "used_gone": False}

    async def a() -> None:
        state["checked"] = not state["gone"]
        await asyncio.sleep(0)
        state["used_gone"] = state["checked"] and state["gone"]

    async def b() -> None:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        state["gone"] = True

    async def main() -> None:
        await asyncio.gather(a(), b())

    world.run(main)
    return state["used_gone"]


def test_a_race_of_depth_2_that_fifo_never_shows_is_found_within_the_bound_and_replays() -> None:
    assert not any(racy(World(seed)) for seed in range(20))
    found = [seed for seed in range(200) if racy(World(seed, ready=PCT(2, STEPS)))]
    assert len(found) / 200 >= 1 / (TASKS * STEPS)
    world = World(found[0], ready=PCT(2, STEPS))
    racy(world)
    again = World(0, ready=Scripted.from_json(Scripted(world.choices).to_json()))
    assert (racy(again), again.choices) == (True, world.choices)


@pytest.mark.parametrize("ready", ["shuffled", PCT(3, 20)])
def test_recorded_choices_give_the_order_again(ready: Any) -> None:
    first = World(5, ready=ready)
    assert order_of_two(first) == order_of_two(again := World(6, ready=Scripted(first.choices)))
    assert again.choices == first.choices


def test_a_script_that_names_a_task_that_is_not_there_says_so() -> None:
    with pytest.raises(ScriptMisfit, match="choice 0 of the script is 5, and only 2 tasks were ready") as caught:
        with World(ready=Scripted([5, 9, 9])) as world:
            order_of_two(world)
    assert caught.value.args == (0, 5, 2)


def test_where_a_script_has_ended_or_need_not_fit_the_oldest_task_runs() -> None:
    orders = [order_of_two(World(ready=Scripted(script, strict=False))) for script in ((), (0,), (1,), (7,))]
    assert orders == [["written", "read"], ["written", "read"], ["read", "written"], ["written", "read"]]
    assert order_of_two(World(ready=Scripted())) == ["written", "read"]


def test_in_order_there_is_nothing_to_choose() -> None:
    world = World()
    order_of_two(world)
    assert world.choices == ()


@pytest.mark.parametrize(
    "make",
    [
        lambda: PCT(depth=0),
        lambda: PCT(steps=0),
        lambda: Scripted([-1]),
        lambda: Scripted.from_json("{}"),
        lambda: Scripted.from_json("no"),
        lambda: World(ready="lifo"),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_policy_is_refused_when_it_is_built(make: Any) -> None:
    with pytest.raises(InvalidValue):
        make()
