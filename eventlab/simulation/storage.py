"""A store whose reads and appends take time, as they must if a conflict is ever to happen."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from ..runtime import random_stream
from ..store import EventStore, Expectation, Metadata, Receipt, StoredEvent
from .distributions import Constant, Distribution

READ = Constant(0.001)
APPEND = Constant(0.004)
"""What a read and an append take unless told otherwise: an SSD and a flush."""


class SimulatedStore:
    """Wraps any store with latency.

    An append takes effect somewhere inside its time, at a point drawn by chance: a node that crashes
    before it has written nothing; one that crashes after it has written without having heard so.
    """

    def __init__(self, store: EventStore, *, read: Distribution = READ, append: Distribution = APPEND) -> None:
        self._store = store
        self._read, self._append = read, append

    @property
    def name(self) -> str:
        return self._store.name

    @property
    def disk(self) -> EventStore:
        """The store itself, without latency: for final reads, when the world has settled."""
        return self._store

    async def append(
        self,
        events: Sequence[tuple[str, object]],
        *,
        expect: Mapping[str, Expectation] | None = None,
        command_id: str | None = None,
        metadata: Metadata | None = None,
    ) -> Receipt:
        chance = random_stream(f"storage/{self._store.name}")
        takes_s = self._append.sample(chance)
        before_s = takes_s * chance.random()
        await asyncio.sleep(before_s)
        receipt = await self._store.append(events, expect=expect, command_id=command_id, metadata=metadata)
        await asyncio.sleep(takes_s - before_s)
        return receipt

    async def read(self, stream: str, **options: Any) -> list[StoredEvent]:
        await self._pause()
        return await self._store.read(stream, **options)

    async def read_many(self, streams: Sequence[str]) -> dict[str, list[StoredEvent]]:
        await self._pause()
        return await self._store.read_many(streams)

    async def read_all(self, after: int = 0, **options: Any) -> list[StoredEvent]:
        await self._pause()
        return await self._store.read_all(after, **options)

    async def receipt(self, command_id: str) -> Receipt | None:
        await self._pause()
        return await self._store.receipt(command_id)

    async def close(self) -> None:
        await self._store.close()

    async def _pause(self) -> None:
        await asyncio.sleep(self._read.sample(random_stream(f"storage/{self._store.name}")))
