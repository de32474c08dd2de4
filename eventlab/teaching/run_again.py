"""What comes of running a saga again: before the first answer, after the end, changed, by two, by a customer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from eventlab.errors import Refused, SagaInputDiffers
from eventlab.simulation import World

from .drafts import ANSWERS_AFTER_S, STEPS, FirstDraft, Sound
from .table import Table

Kind = type[FirstDraft] | type[Sound]
Row = Callable[[Kind], Coroutine[Any, Any, str]]
RUNS = 20


def _times(number: int) -> str:
    return {0: "never", 1: "once"}.get(number, f"{number} times")


async def _too_early(kind: Kind) -> str:
    """Five runs before the first answer."""
    world = kind()
    runs = [asyncio.create_task(world.again()) for _ in range(5)]
    await asyncio.sleep(ANSWERS_AFTER_S / 2)
    asked = len(world.asked)
    await asyncio.gather(*runs)
    return f"{asked} {'step' if asked == 1 else 'steps'} asked for"


async def _after_the_end(kind: Kind) -> str:
    world = kind()
    while not await world.ends():
        await world.again()
    for _ in range(3):
        await world.again()
    return f"completed {_times(await world.ends())}"


async def _turned_back(kind: Kind) -> str:
    """Shipping says no, and the first draft is told so; nothing in it would notice."""
    world = kind(refuses="shipping")
    for run in range(RUNS):
        try:
            await world.again(turned=run >= len(STEPS))
        except Refused:
            continue
    undone = sum(name.startswith("undo") for name in world.asked)
    return f"{undone} undoings, ended {_times(await world.ends())}"


async def _another_amount(kind: Kind) -> str:
    world = kind()
    first = asyncio.create_task(world.again())
    await asyncio.sleep(ANSWERS_AFTER_S / 2)
    try:
        await world.again(1)
        said = ""
    except SagaInputDiffers:
        said = "refused; "
    await first
    return f"{said}payments is told {world.cents / 100:.2f}"


async def _bought_twice(kind: Kind) -> str:
    """Twice on the button. The first draft has a new id for each saga."""
    world = kind()
    for name in (world.new_name(), world.new_name()):
        await world.again(saga=name)
    return f"order created {_times(world.asked.count('order'))}"


async def _by_two(kind: Kind) -> str:
    """The second begins while the first waits for its first answer."""
    world = kind()

    async def works(worker: int) -> None:
        await world.again(worker=worker)
        while kind is FirstDraft and not await world.ends():
            await world.again()

    first = asyncio.create_task(works(0))
    await asyncio.sleep(ANSWERS_AFTER_S / 2)
    await asyncio.gather(first, works(1))
    keys = len(world.keys) or "no"
    return f"{len(world.asked)} requests under {keys} keys, completed {_times(await world.ends())}"


ROWS: dict[str, Row] = {
    "5 times before the first answer": _too_early,
    "3 times after the end": _after_the_end,
    "with another amount": _another_amount,
    f"{RUNS} times, when shipping has said no": _turned_back,
    "by two workers at once": _by_two,
    "by a customer who clicks twice": _bought_twice,
}


def run_again() -> Table:
    """What becomes of either when it is run again."""
    rows = [[label, *(_in_a_world(row, kind) for kind in (FirstDraft, Sound))] for label, row in ROWS.items()]
    return Table(["run again", "first draft", "sound"], rows)


def _in_a_world(row: Row, kind: Kind) -> str:
    with World(3) as world:
        return world.run(lambda: row(kind))
