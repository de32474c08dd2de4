"""Files for one sample each: a store, and the same tables for bare SQL."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eventlab.codec import EVENTS, event
from eventlab.store import open_store

PAYLOAD_BYTES = 200


@event("benchmarks.Noted")
@dataclass(frozen=True, slots=True)
class Noted:
    text: str


NOTED = Noted("x" * (PAYLOAD_BYTES - len('{"text":""}')))
DATA = EVENTS.encode(NOTED).data

COLUMNS = "position, stream, version, id, type, schema_version, data, metadata, occurred_at"
INSERT = (
    "INSERT INTO events (stream, version, id, type, schema_version, data, metadata, occurred_at) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)


@contextmanager
def scratch() -> Iterator[Path]:
    """A place for a file, which goes away with it."""
    with tempfile.TemporaryDirectory(prefix="eventlab-bench-") as folder:
        yield Path(folder) / "events.db"


def url(path: Path, synchronous: str) -> str:
    return f"sqlite:///{path}?synchronous={synchronous}"


@contextmanager
def bare(path: Path, synchronous: str = "NORMAL") -> Iterator[sqlite3.Connection]:
    """A bare connection to the tables of a store."""
    asyncio.run(open_store(url(path, synchronous)).close())
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    try:
        yield connection
    finally:
        connection.close()


def row(stream: str, version: int) -> tuple[Any, ...]:
    """What an INSERT binds: as large as what a store binds."""
    moment = "2026-01-01T00:00:00.000000+00:00"
    return stream, version, b"0123456789abcdef", "benchmarks.Noted", 1, DATA, b"{}", moment


def fill(connection: sqlite3.Connection, streams: int, length: int, *, at_a_time: int | None = None) -> None:
    """*streams* streams ``s-0``, ``s-1`` … of *length* events each, written turn about, *at_a_time* of them."""
    together = at_a_time or streams
    connection.execute("BEGIN")
    for first in range(0, streams, together):
        some = range(first, min(first + together, streams))
        connection.executemany(INSERT, (row(f"s-{n}", version) for version in range(1, length + 1) for n in some))
    connection.execute("COMMIT")


def per_second(work: Callable[[], object], operations: int) -> float:
    began = time.perf_counter()
    work()
    return operations / (time.perf_counter() - began)


async def per_second_async(work: Coroutine[Any, Any, object], operations: int) -> float:
    began = time.perf_counter()
    await work
    return operations / (time.perf_counter() - began)
