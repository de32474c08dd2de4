"""The base of stores that stand before another one and change one thing about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from .closing import Closing
from .filters import EVERYTHING, Filter
from .metadata import Metadata
from .model import Expectation, Receipt, StoredEvent
from .protocol import EventStore
from .records import Records


class PassingStore(Closing):
    """Passes everything on to *store*. Derive from it, and override what is to be different."""

    def __init__(self, store: EventStore) -> None:
        self._store = store

    @property
    def name(self) -> str:
        return self._store.name

    @property
    def records(self) -> Records:
        return self._store.records

    @property
    def beneath(self) -> EventStore:
        """The store that all this stands before: for whoever must neither wait nor draw, as a gauge."""
        return self._store.beneath if isinstance(self._store, PassingStore) else self._store

    async def append(
        self,
        events: Sequence[tuple[str, object]],
        *,
        expect: Mapping[str, Expectation] | None = None,
        command_id: str | None = None,
        metadata: Metadata | None = None,
    ) -> Receipt:
        return await self._store.append(events, expect=expect, command_id=command_id, metadata=metadata)

    async def read(
        self,
        stream: str,
        *,
        after: int = 0,
        to: int | None = None,
        at: datetime | None = None,
        backwards: bool = False,
        limit: int | None = None,
    ) -> list[StoredEvent]:
        return await self._store.read(stream, after=after, to=to, at=at, backwards=backwards, limit=limit)

    async def read_many(
        self, streams: Sequence[str], *, after: Mapping[str, int] | None = None
    ) -> dict[str, list[StoredEvent]]:
        return await self._store.read_many(streams, after=after)

    async def read_all(self, after: int = 0, *, where: Filter = EVERYTHING, limit: int = 1000) -> list[StoredEvent]:
        return await self._store.read_all(after, where=where, limit=limit)

    async def head(self) -> int:
        return await self._store.head()

    async def changed(self, after: int) -> None:
        await self._store.changed(after)

    async def receipt(self, command_id: str) -> Receipt | None:
        return await self._store.receipt(command_id)

    async def close(self) -> None:
        await self._store.close()
