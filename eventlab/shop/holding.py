"""A store at which deciding takes time: between what was read and the append, others may come in."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from eventlab.runtime import random_stream
from eventlab.store import EventStore, Expectation, Metadata, Receipt, Records, StoredEvent


class Lasting(Protocol):
    """A law of durations, such as those of `eventlab.simulation`."""

    def sample(self, chance: random.Random) -> float: ...


class HoldingStore:
    """Passes everything on to *store*, but an append first waits for as long as *hold* says.

    `execute` decides in no time, so nothing would ever come between a read and
    its append. Whoever sells seats talks to people in between. Works on any
    clock, because it only sleeps.
    """

    def __init__(self, store: EventStore, hold: Lasting) -> None:
        self._store, self._hold = store, hold

    @property
    def name(self) -> str:
        return self._store.name

    @property
    def records(self) -> Records:
        return self._store.records

    async def append(
        self,
        events: Sequence[tuple[str, object]],
        *,
        expect: Mapping[str, Expectation] | None = None,
        command_id: str | None = None,
        metadata: Metadata | None = None,
    ) -> Receipt:
        hold_s = self._hold.sample(random_stream(f"holding/{self.name}"))
        if hold_s:
            await asyncio.sleep(hold_s)
        return await self._store.append(events, expect=expect, command_id=command_id, metadata=metadata)

    async def read(self, stream: str, **options: Any) -> list[StoredEvent]:
        return await self._store.read(stream, **options)

    async def read_many(
        self, streams: Sequence[str], *, after: Mapping[str, int] | None = None
    ) -> dict[str, list[StoredEvent]]:
        return await self._store.read_many(streams, after=after)

    async def read_all(self, after: int = 0, **options: Any) -> list[StoredEvent]:
        return await self._store.read_all(after, **options)

    async def head(self) -> int:
        return await self._store.head()

    async def changed(self, after: int) -> None:
        await self._store.changed(after)

    async def receipt(self, command_id: str) -> Receipt | None:
        return await self._store.receipt(command_id)

    async def close(self) -> None:
        await self._store.close()
