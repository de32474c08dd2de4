"""Appending to SQLite beside bare INSERTs into the same tables."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from benchmarks.harness import Goal, Row, Sample, measure
from benchmarks.store.files import INSERT, NOTED, bare, per_second, per_second_async, row, scratch, url
from eventlab.store import EventStore, open_store

STREAMS = 100
WARM = 200
BATCH = 100
CALLERS = 32

Append = tuple[list[tuple[str, object]], dict[str, int]]


def singles(first: int, count: int) -> list[Append]:
    """One event each, to streams in turn, at the version that is expected."""
    return [([(f"s-{n % STREAMS}", NOTED)], {f"s-{n % STREAMS}": n // STREAMS}) for n in range(first, first + count)]


async def one_after_the_other(store: EventStore, appends: list[Append]) -> None:
    for events, expect in appends:
        await store.append(events, expect=expect)


def appending(synchronous: str, count: int) -> float:
    """One caller, one event per append."""

    async def run(path: Any) -> float:
        store = open_store(url(path, synchronous))
        await one_after_the_other(store, singles(0, WARM))
        rate = await per_second_async(one_after_the_other(store, singles(WARM, count)), count)
        await store.close()
        return rate

    with scratch() as path:
        return asyncio.run(run(path))


def inserting(synchronous: str, count: int) -> float:
    """Bare INSERTs, each a transaction of its own."""
    rows = [row(f"s-{n % STREAMS}", n // STREAMS + 1) for n in range(WARM + count)]
    with scratch() as path, bare(path, synchronous) as connection:

        def insert(some: list[tuple[Any, ...]]) -> None:
            for each in some:
                connection.execute(INSERT, each)

        insert(rows[:WARM])
        return per_second(lambda: insert(rows[WARM:]), count)


def appending_together(count: int) -> float:
    """`CALLERS` callers at once, flushed: each on streams of its own."""

    async def caller(store: EventStore, name: str, appends: int) -> None:
        for version in range(appends):
            await store.append([(name, NOTED)], expect={name: version})

    async def all_callers(store: EventStore, prefix: str, appends: int) -> None:
        await asyncio.gather(*(caller(store, f"{prefix}-{n}", appends) for n in range(CALLERS)))

    async def run(path: Any) -> float:
        store = open_store(url(path, "FULL"))
        await all_callers(store, "warm", 5)
        rate = await per_second_async(all_callers(store, "s", count // CALLERS), count // CALLERS * CALLERS)
        await store.close()
        return rate

    with scratch() as path:
        return asyncio.run(run(path))


def appending_batches(batches: int) -> float:
    """`BATCH` events per append, in events per second."""
    events = [[(f"s-{n}", NOTED)] * BATCH for n in range(batches)]

    async def run(path: Any) -> float:
        store = open_store(url(path, "NORMAL"))
        await one_after_the_other(store, singles(0, WARM))

        async def write() -> None:
            for each in events:
                await store.append(each)

        rate = await per_second_async(write(), batches * BATCH)
        await store.close()
        return rate

    with scratch() as path:
        return asyncio.run(run(path))


def inserting_batches(batches: int) -> float:
    """`executemany` of as many rows, in transactions as large."""
    rows = [[row(f"s-{n}", version) for version in range(1, BATCH + 1)] for n in range(batches)]
    with scratch() as path, bare(path) as connection:

        def insert() -> None:
            for each in rows:
                connection.execute("BEGIN")
                connection.executemany(INSERT, each)
                connection.execute("COMMIT")

        for n in range(WARM):
            connection.execute(INSERT, row("warm", n))
        return per_second(insert, batches * BATCH)


def rows() -> Iterator[Row]:
    yield measure(
        "sqlite/append NORMAL",
        Sample(lambda: appending("NORMAL", 3000)),
        "bare INSERT",
        Sample(lambda: inserting("NORMAL", 3000)),
        goal=Goal(0.5, "at least"),
        unit="/s",
    )
    yield measure(
        "sqlite/append FULL",
        Sample(lambda: appending("FULL", 400)),
        "bare commit",
        Sample(lambda: inserting("FULL", 400)),
        goal=Goal(0.5, "at least"),
        unit="/s",
    )
    yield measure(
        f"sqlite/append FULL, {CALLERS} callers",
        Sample(lambda: appending_together(6400)),
        "bare single commits",
        Sample(lambda: inserting("FULL", 400)),
        goal=Goal(5, "at least"),
        unit="/s",
    )
    yield measure(
        f"sqlite/{BATCH} events per append",
        Sample(lambda: appending_batches(100)),
        "executemany",
        Sample(lambda: inserting_batches(100)),
        goal=Goal(0.7, "at least"),
        unit="/s",
    )
