"""PostgreSQL, with every commit flushed: beside bare INSERTs through the same asynchronous driver.

The server is the one that `eventlab.testing.postgres` starts, or is told of;
its settings are its own, and the same for both sides. The bare side holds one
connection of `psycopg`, its statement prepared, each INSERT committing by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from functools import lru_cache
from typing import Any
from uuid import UUID

from benchmarks.harness import Goal, Row, Sample, fact, measure, skipped
from benchmarks.store.files import DATA, NOTED, per_second_async
from eventlab.runtime import new_id, now
from eventlab.store import EventStore, open_store

APPENDS = 400
WARM = 50
CALLERS = 8

_INSERT = (
    "INSERT INTO events (position, stream, version, id, type, schema_version, data, metadata, occurred_at) "
    "VALUES (nextval('event_positions'), %s, %s, %s, 'benchmarks.Noted', 1, %s, %s, %s)"
)


@lru_cache
def _url() -> str:
    """One database for all samples: a fresh one costs more than a sample."""
    from eventlab.testing.postgres import fresh_url

    return fresh_url()


def _fresh(prefix: str) -> str:
    return f"{prefix}-{new_id().hex}"


async def _append_to(store: EventStore, stream: str, count: int) -> None:
    for version in range(count):
        await store.append([(stream, NOTED)], expect={stream: version})


def appending() -> float:
    """One caller, one stream, one event per append."""

    async def run() -> float:
        store = open_store(_url())
        await _append_to(store, _fresh("warm"), WARM)
        rate = await per_second_async(_append_to(store, _fresh("s"), APPENDS), APPENDS)
        await store.close()
        return rate

    return asyncio.run(run())


def inserting(callers: int = 1) -> float:
    """Bare INSERTs of the same rows, one after the other, by each of *callers* on a connection of his own."""

    async def run() -> float:
        import psycopg

        async def insert(connection: psycopg.AsyncConnection[Any], rows: list[tuple[Any, ...]]) -> None:
            cursor = connection.cursor()
            for each in rows:
                await cursor.execute(_INSERT, each, prepare=True)

        async with AsyncExitStack() as stack:
            connecting = psycopg.AsyncConnection.connect
            connections = [
                await stack.enter_async_context(await connecting(_url(), autocommit=True, prepare_threshold=0))
                for _ in range(callers)
            ]
            for connection in connections:
                await insert(connection, _rows(_fresh("warm"), WARM))
            shares = [_rows(_fresh("s"), APPENDS // (1 if callers == 1 else 2)) for _ in connections]

            async def all_of_it() -> None:
                await asyncio.gather(*map(insert, connections, shares))

            return await per_second_async(all_of_it(), sum(map(len, shares)))

    return asyncio.run(run())


def _rows(stream: str, count: int) -> list[tuple[str, int, UUID, bytes, bytes, object]]:
    return [(stream, version, new_id(), DATA, b"{}", now()) for version in range(1, count + 1)]


_seen: list[int] = []
"""For each run of `appending_together`: how many events its reader missed."""


def appending_together() -> float:
    """`CALLERS` callers on streams of their own, while a reader in a store of its own follows the log."""

    async def follow(after: int, streams: set[str], expected: int) -> int:
        reader = open_store(_url())
        found = 0
        try:
            async with asyncio.timeout(30):
                while found < expected:
                    await reader.changed(after)
                    for stored in await reader.read_all(after):
                        after = stored.position
                        found += stored.stream in streams
        except TimeoutError:
            pass  # what has not come by now was skipped
        await reader.close()
        return expected - found

    async def run() -> float:
        store = open_store(_url())
        await asyncio.gather(*(_append_to(store, _fresh("warm"), WARM) for _ in range(CALLERS)))
        streams = [_fresh("s") for _ in range(CALLERS)]
        each = APPENDS // 2
        reading = asyncio.create_task(follow(await store.head(), set(streams), each * CALLERS))
        work = asyncio.gather(*(_append_to(store, stream, each) for stream in streams))

        async def all_of_it() -> None:
            await work

        rate = await per_second_async(all_of_it(), each * CALLERS)
        _seen.append(await reading)
        await store.close()
        return rate

    return asyncio.run(run())


def rows() -> Iterator[Row]:
    names = (
        "postgres/append",
        f"postgres/append, {CALLERS} callers",
        f"postgres/bare INSERT, {CALLERS} connections",
        "postgres/lost to a tailing reader",
    )
    try:
        _url()
    except Exception as error:  # no driver, or no server: that is no measurement, and no miss either
        yield from (skipped(name, "/s", f"{type(error).__name__}: {error}") for name in names)
        return
    bare = "bare INSERT, same driver"
    yield measure(names[0], Sample(appending), bare, Sample(inserting), goal=Goal(0.8, "at least"), unit="/s", rounds=9)
    yield measure(
        names[1], Sample(appending_together), "one caller", Sample(appending), goal=Goal(2, "at least"), unit="/s"
    )
    # What this server makes of more callers at all, on this machine.
    yield measure(names[2], Sample(lambda: inserting(CALLERS)), "one connection", Sample(inserting), unit="/s")
    yield fact(names[3], sum(_seen), "events", goal=Goal(0))
