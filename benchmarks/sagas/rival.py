"""Four trivial steps as a workflow of DBOS, on a SQLite file of its own, in the ways that its pages show.

DBOS is one to a process, so each sample launches it anew and ends it. What it sets on its connections is left as it is:
``busy_timeout``, ``foreign_keys``, IMMEDIATE transactions, nothing about the journal or the flush. So it has SQLite's
own defaults, a rollback journal (``delete``) and ``synchronous`` FULL. WAL is a property of the file, and is set before
DBOS opens it.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal

from dbos import DBOS

from benchmarks.sagas.ours import Clock
from benchmarks.store.files import scratch

Journal = Literal["delete", "wal"]
WARM = 2


def _add(number: int) -> int:
    return number + 1


async def _add_async(number: int) -> int:
    return number + 1


one, two, three, four = (DBOS.step(name=f"plain {n}")(_add) for n in range(4))
one_async, two_async, three_async, four_async = (DBOS.step(name=f"async {n}")(_add_async) for n in range(4))


@DBOS.workflow()
def workflow(number: int) -> int:
    return max(one(number), two(number), three(number), four(number))


@DBOS.workflow()
async def workflow_async(number: int) -> int:
    return max(await one_async(number), await two_async(number), await three_async(number), await four_async(number))


def plain(sagas: int, callers: int) -> None:
    """Ordinary functions, on a thread for each caller."""
    if callers == 1:
        for number in range(sagas):
            workflow(number)
    else:
        with ThreadPoolExecutor(callers) as pool:
            list(pool.map(workflow, range(sagas)))


def by_asyncio(sagas: int, callers: int) -> None:
    """Coroutines, in a task for each caller."""

    async def caller(numbers: range) -> None:
        for number in numbers:
            await workflow_async(number)

    async def all_callers() -> None:
        await asyncio.gather(*(caller(range(first, sagas, callers)) for first in range(callers)))

    asyncio.run(all_callers())


WAYS: tuple[Callable[[int, int], None], ...] = (plain, by_asyncio)


@contextmanager
def launched(path: Path, journal: Journal) -> Iterator[None]:
    """DBOS as its quickstart launches it, with its system database at *path*."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA journal_mode = {journal}")
    DBOS(config={"name": "bench", "system_database_url": f"sqlite:///{path}", "log_level": "ERROR"})
    DBOS.launch()
    try:
        yield
    finally:
        DBOS.destroy()


def running(journal: Journal, sagas: int, callers: int = 1, clock: Clock = time.perf_counter) -> float:
    """Seconds on *clock* for each of *sagas* workflows, in the way that is the better one here."""
    took = []
    with scratch() as path, launched(path, journal):
        for way in WAYS:
            way(WARM * callers, callers)
            began = clock()
            way(sagas, callers)
            took.append((clock() - began) / sagas)
    return min(took)


def per_second(journal: Journal, sagas: int, callers: int = 1) -> float:
    return 1 / running(journal, sagas, callers)


def cpu_ms(sagas: int, callers: int = 1) -> float:
    """CPU of the whole process, its threads included, for one workflow; in WAL, where it takes less."""
    return 1000 * running("wal", sagas, callers, time.process_time)
