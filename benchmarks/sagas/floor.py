"""The bare commits that a saga amounts to: as many transactions, of the very rows that it wrote."""

from __future__ import annotations

import asyncio
from itertools import groupby
from pathlib import Path
from typing import Any

from benchmarks.harness import per_unit
from benchmarks.sagas.ours import run_sagas, trivial
from benchmarks.store import files
from benchmarks.store.files import bare, scratch, url
from eventlab.sagas import SagaEngine
from eventlab.store import open_store

WRITTEN = f"SELECT {files.COLUMNS} FROM events WHERE stream = 'saga-floor-0' ORDER BY version"
INTO, ONE_ROW = files.INSERT.split(" VALUES ")
OCCURRED_AT = -1
WARM = 20

Commit = tuple[str, list[Any]]
"""A statement that commits by itself, and what it binds."""


def appends_of_a_saga() -> list[list[tuple[Any, ...]]]:
    """The rows that one of our sagas wrote, append by append: those of one append have one time."""

    async def run(path: Path) -> None:
        store = open_store(url(path, "NORMAL"))
        await run_sagas(SagaEngine(store, [trivial()]), "floor", range(1))
        await store.close()

    with scratch() as path:
        asyncio.run(run(path))
        with bare(path) as connection:
            written = connection.execute(WRITTEN).fetchall()
    return [list(rows) for _, rows in groupby(written, lambda row: row[OCCURRED_AT])]


def commits(sagas: int) -> list[Commit]:
    """The same for so many sagas, one after the other, each into a stream of its own."""
    appends = appends_of_a_saga()
    return [
        (f"{INTO} VALUES {', '.join([ONE_ROW] * len(rows))}", [bound for row in rows for bound in (stream, *row[2:])])
        for stream in (f"saga-floor-{number}" for number in range(sagas))
        for rows in appends
    ]


def per_second(synchronous: str, sagas: int) -> float:
    """As many sagas per second as bare commits would allow, on one connection that is held."""
    made = commits(WARM + sagas)
    warm = len(made) * WARM // (WARM + sagas)
    with scratch() as path, bare(path, synchronous) as connection:

        def execute(some: list[Commit]) -> None:
            for each in some:
                connection.execute(*each)

        execute(made[:warm])
        return files.per_second(lambda: execute(made[warm:]), sagas)


def commit_ms(count: int) -> float:
    """One bare commit of one row, flushed."""
    with scratch() as path, bare(path, "FULL") as connection:
        rows = [files.row("bare", version) for version in range(count)]
        return per_unit(lambda: [connection.execute(files.INSERT, row) for row in rows], count, scale=1e3)
