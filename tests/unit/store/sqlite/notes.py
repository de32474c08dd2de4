"""An event, and a file with a store in it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from eventlab.codec import event
from eventlab.store import EventStore, open_store
from eventlab.store.sqlite import SqliteStore


@event("tests.sqlite.Jotted")
@dataclass(frozen=True, slots=True)
class Jotted:
    text: str


@asynccontextmanager
async def store_at(path: Path, synchronous: str = "NORMAL", owns: Sequence[str] = ()) -> AsyncIterator[SqliteStore]:
    store = cast(SqliteStore, open_store(f"sqlite:///{path}?synchronous={synchronous}", owns=owns))
    try:
        yield store
    finally:
        await store.close()


async def texts(store: EventStore) -> list[str]:
    return [stored.event.text for stored in await store.read_all()]
