"""A store whose reads and appends take time, as they must if a conflict is ever to happen."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..runtime import random_stream
from ..store import EventStore, Expectation, Metadata, PassingStore, Receipt, Record, Records, StoredEvent
from .distributions import Constant, Distribution
from .loop import running_loop
from .working import stretched_s

READ = Constant(0.001)
APPEND = Constant(0.004)
"""What a read and an append take unless told otherwise: an SSD and a flush."""


class SimulatedStore(PassingStore):
    """Wraps any store with latency. To be woken by `changed` takes no time: it is no read.

    An append takes effect at the beginning or at the end of its time, drawn by chance: a node that
    crashes meanwhile has written nothing, or has written without having heard so.
    """

    def __init__(self, store: EventStore, *, read: Distribution = READ, append: Distribution = APPEND) -> None:
        super().__init__(store)
        self._read, self._append = read, append
        self._draws: random.Random | None = None

    @property
    def records(self) -> Records:
        return _SlowRecords(self._store.records, self._pause, self._flush)

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
        chance = self._chance()
        takes_s = self._append.sample(chance)
        if chance.random() < 0.5:
            await _passing(takes_s)
            return await self._store.append(events, expect=expect, command_id=command_id, metadata=metadata)
        receipt = await self._store.append(events, expect=expect, command_id=command_id, metadata=metadata)
        await _passing(takes_s)
        return receipt

    async def read(self, stream: str, **options: Any) -> list[StoredEvent]:
        await self._pause()
        return await self._store.read(stream, **options)

    async def read_many(
        self, streams: Sequence[str], *, after: Mapping[str, int] | None = None
    ) -> dict[str, list[StoredEvent]]:
        await self._pause()
        return await self._store.read_many(streams, after=after)

    async def read_all(self, after: int = 0, **options: Any) -> list[StoredEvent]:
        await self._pause()
        return await self._store.read_all(after, **options)

    async def head(self) -> int:
        await self._pause()
        return await self._store.head()

    async def receipt(self, command_id: str) -> Receipt | None:
        await self._pause()
        return await self._store.receipt(command_id)

    def _flush(self) -> asyncio.Future[None]:
        return _passing(self._append.sample(self._chance()))

    def _pause(self) -> asyncio.Future[None]:
        return _passing(self._read.sample(self._chance()))

    def _chance(self) -> random.Random:
        """One stream for this store, whoever asks."""
        if self._draws is None:
            self._draws = random_stream(f"storage/{self._store.name}")
        return self._draws


class _SlowRecords:
    """Records that take the time of a read, or of an append."""

    def __init__(
        self, records: Records, pause: Callable[[], asyncio.Future[None]], flush: Callable[[], asyncio.Future[None]]
    ) -> None:
        self._records, self._pause, self._flush = records, pause, flush

    async def get(self, kind: str, key: str) -> Record | None:
        await self._pause()
        return await self._records.get(kind, key)

    async def put(self, kind: str, key: str, value: bytes, *, version: int) -> Record:
        await self._flush()
        return await self._records.put(kind, key, value, version=version)

    async def delete(self, kind: str, key: str, *, version: int) -> None:
        await self._flush()
        await self._records.delete(kind, key, version=version)

    async def list(self, kind: str, *, prefix: str = "") -> list[Record]:
        await self._pause()
        return await self._records.list(kind, prefix=prefix)


def _passing(seconds: float) -> asyncio.Future[None]:
    """Done when that much time has passed: `asyncio.sleep` without a coroutine, for there is no hotter wait."""
    loop = running_loop()
    if loop.slowed:
        seconds = stretched_s(seconds)
    future: asyncio.Future[None] = loop.create_future()
    if loop.in_order:  # nobody cancels it, and nothing is to be chosen among what is due: no timer is needed
        loop.deliver(seconds, _wake, (future,))
    else:
        loop.call_later(seconds, _wake, future)
    return future


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
