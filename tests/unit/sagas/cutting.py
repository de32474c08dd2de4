"""A saga's driver that dies at any append and any effect, again and again; and what must be true of what is left."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import count
from typing import Any

from tests.unit.sagas.toys import Bench, Cut

MakeBench = Callable[[], Bench]
AssertWhole = Callable[[Bench, str], Awaitable[None]]
"""Raises AssertionError, with the words that say where the driver was cut, when a saga is neither done nor undone."""


async def live(bench: Bench, cut: int, drive: Callable[[], Awaitable[Any]]) -> int:
    """One life of a process, with one engine, up to *cut*; returns how many points it saw."""
    knife = bench.cut_at(cut)
    engine = bench.engine()
    bench.engine = lambda **_: engine  # type: ignore[method-assign]
    with suppress(Cut, BaseExceptionGroup):
        await drive()
    await engine.stop()
    del bench.engine
    return knife.seen


async def begin(bench: Bench, cut: int) -> int:
    return await live(bench, cut, bench.run)


async def resume(bench: Bench, cut: int) -> int:
    async def drive() -> None:
        engine = bench.engine()
        for saga_id in await engine.unfinished():
            await engine.drive(saga_id)

    return await live(bench, cut, drive)


async def cut_once(make: MakeBench, assert_whole: AssertWhole) -> None:
    """Cut it at each point, and let the next life end it."""
    for first in range(1, await begin(make(), cut=0) + 1):
        bench = make()
        await begin(bench, first)
        await resume(bench, 0)
        await assert_whole(bench, f"cut at {first}")


async def cut_twice(make: MakeBench, assert_whole: AssertWhole, every: int = 1) -> None:
    """Cut it at *every* so many points, and the next life at each such point as well; a third one ends it."""
    for first in range(1, await begin(make(), cut=0) + 1, every):
        for second in count(1, every):
            bench = make()
            await begin(bench, first)
            seen = await resume(bench, second)
            await resume(bench, 0)
            await assert_whole(bench, f"cut at {first}, then at {second}")
            if seen < second:
                break
