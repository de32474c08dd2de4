"""Reading from SQLite beside bare SELECTs of the same columns."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import orjson

from benchmarks.harness import Goal, Row, Sample, measure
from benchmarks.store.files import COLUMNS, bare, fill, per_second, per_second_async, scratch, url
from eventlab.store import open_store

STREAMS, LENGTH = 1000, 10
PAGE = 1000

_STREAM = f"SELECT {COLUMNS} FROM events WHERE stream = ? ORDER BY version"
_PAGE = f"SELECT {COLUMNS} FROM events WHERE position > ? ORDER BY position LIMIT ?"


def loading() -> float:
    """Load each stream of 10 events, once."""
    names = [f"s-{n}" for n in range(STREAMS)]

    async def run(path: Any) -> float:
        store = open_store(url(path, "NORMAL"))

        async def load() -> None:
            for name in names:
                await store.read(name)

        await load()
        rate = await per_second_async(load(), STREAMS)
        await store.close()
        return rate

    with scratch() as path:
        with bare(path) as connection:
            fill(connection, STREAMS, LENGTH)
        return asyncio.run(run(path))


def selecting() -> float:
    """Fetch the rows of each stream, once."""
    names = [(f"s-{n}",) for n in range(STREAMS)]
    with scratch() as path, bare(path) as connection:
        fill(connection, STREAMS, LENGTH)

        def select() -> None:
            for name in names:
                connection.execute(_STREAM, name).fetchall()

        select()
        return per_second(select, STREAMS)


def reading_the_log() -> float:
    """Read the log page by page, and decode every event."""

    async def run(path: Any) -> float:
        store = open_store(url(path, "NORMAL"))

        async def read() -> None:
            after = 0
            while page := await store.read_all(after, limit=PAGE):
                for stored in page:
                    stored.event  # noqa: B018  # asking decodes it
                after = page[-1].position

        await read()
        rate = await per_second_async(read(), STREAMS * LENGTH)
        await store.close()
        return rate

    with scratch() as path:
        with bare(path) as connection:
            fill(connection, STREAMS, LENGTH)
        return asyncio.run(run(path))


def selecting_the_log() -> float:
    """Fetch the rows page by page, and parse the JSON of each with orjson."""
    with scratch() as path, bare(path) as connection:
        fill(connection, STREAMS, LENGTH)

        def select() -> None:
            after = 0
            while page := connection.execute(_PAGE, (after, PAGE)).fetchall():
                for each in page:
                    orjson.loads(each[6])
                after = page[-1][0]

        select()
        return per_second(select, STREAMS * LENGTH)


def rows() -> Iterator[Row]:
    yield measure(
        "sqlite/load a stream of 10",
        Sample(loading),
        "bare SELECT",
        Sample(selecting),
        goal=Goal(0.6, "at least"),
        unit="/s",
    )
    yield measure(
        "sqlite/read and decode the log",
        Sample(reading_the_log),
        "bare SELECT and orjson",
        Sample(selecting_the_log),
        goal=Goal(0.6, "at least"),
        unit="/s",
    )
