"""A store that says *written* before it is: what a crash takes is what was acknowledged last."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

from .. import hooks
from ..errors import InvalidValue
from ..store import (
    EventStore,
    Expectation,
    MemoryStore,
    Metadata,
    PassingStore,
    PortableStore,
    Receipt,
    Records,
    StoredEvent,
)
from ..store.model import KeptReceipt
from .disk import Disk
from .loop import running_loop
from .node import Node
from .storage import SimulatedStore
from .writeback_records import CachedRecords

PAGE = 1000


class WriteBack(PassingStore):
    """Acknowledges at once, and writes back to *store* later: SQLite's ``synchronous=OFF``, or a disk that lies.

    It flushes *flush_every_s* after the first write that is not flushed yet, all of it in its order. A crash
    of *node* before that loses the tail: events, receipts and records that others were told of are gone, and
    versions and positions are given out again. Without a `WriteBack`, a store loses nothing acknowledged.

    *store* is one in memory or in a SQLite file, and written by nobody else. A flush waits for the
    end of a stall of *on*, its disk; for want of room it is tried again after the next write. Latency is
    `SimulatedStore`'s matter: put one around this. Raises InvalidValue for one inside it.
    """

    def __init__(self, store: PortableStore, node: Node, *, flush_every_s: float, on: Disk | None = None) -> None:
        super().__init__(store)
        if isinstance(store, SimulatedStore):  # a flush would take its time, and a crash in it would tear the tail
            raise InvalidValue(
                "WriteBack", store, "a store without latency: put the SimulatedStore around the WriteBack"
            )
        if not 0 < flush_every_s < math.inf:
            raise InvalidValue(f"flush_every_s of {store.name!r}", flush_every_s, "a time above nothing")
        self._durable, self._node, self._device = store, node, on
        self._flush_every_s = flush_every_s
        self._cache: _Cache | None = None
        self._cached_records = CachedRecords(store.records, self._note)
        self._tail: list[Callable[[], Awaitable[Any]]] = []
        self._is_due = False
        self.unsynced = 0
        """How many events are acknowledged and not flushed."""

    @property
    def durable(self) -> EventStore:
        """The store that holds what was flushed."""
        return self._durable

    @property
    def records(self) -> Records:
        return self._cached_records

    async def flush(self) -> None:
        """Write back what is only acknowledged, as fsync would. Raises StoreFailed while the disk is full."""
        if self._device is not None:
            await self._device.serve("flush", 0.0).done
            self._device.check_room(self.name)
        await self._write_back()

    async def _write_back(self) -> None:
        tail, self._tail, self.unsynced = self._tail, [], 0
        for write in tail:
            await write()
        self._cached_records.forget()

    async def append(
        self,
        events: Sequence[tuple[str, object]],
        *,
        expect: Mapping[str, Expectation] | None = None,
        command_id: str | None = None,
        metadata: Metadata | None = None,
    ) -> Receipt:
        cache = await self._current()
        receipt = await cache.append(events, expect=expect, command_id=command_id, metadata=metadata)
        if not receipt.repeated and (receipt.positions or command_id is not None):
            written = cache.written(receipt)
            self.unsynced += len(written)
            self._note(partial(self._durable.restore, written, cache.kept(command_id)))
        return receipt

    async def read(self, stream: str, **options: Any) -> list[StoredEvent]:
        return await (await self._current()).read(stream, **options)

    async def read_many(
        self, streams: Sequence[str], *, after: Mapping[str, int] | None = None
    ) -> dict[str, list[StoredEvent]]:
        return await (await self._current()).read_many(streams, after=after)

    async def read_all(self, after: int = 0, **options: Any) -> list[StoredEvent]:
        return await (await self._current()).read_all(after, **options)

    async def head(self) -> int:
        return await (await self._current()).head()

    async def changed(self, after: int) -> None:
        await (await self._current()).changed(after)

    async def receipt(self, command_id: str) -> Receipt | None:
        return await (await self._current()).receipt(command_id)

    async def receipts(self, after: str = "", *, limit: int = 1000) -> list[KeptReceipt]:
        return await (await self._current()).receipts(after, limit=limit)

    async def restore(self, events: Sequence[StoredEvent], receipts: Sequence[KeptReceipt] = ()) -> None:
        await (await self._current()).restore(events, receipts)
        self.unsynced += len(events)
        self._note(partial(self._durable.restore, events, receipts))

    def abandon(self, graveyard: list[Any]) -> None:
        """The node has crashed: what was not flushed is lost."""
        lost, events, cache = self._tail, self.unsynced, self._cache
        self._tail, self.unsynced, self._cache = [], 0, None
        self._cached_records.forget()
        if cache is not None:
            cache.wake()  # whoever waits there for more would wait for ever
        if lost and hooks.listening:
            detail = f"{events} event{'s' * (events != 1)} in {len(lost)} write{'s' * (len(lost) != 1)}"
            for on in (True, False):
                hooks.emit(hooks.StorageChanged(self.name, "unsynced writes lost", on, detail))

    async def _current(self) -> _Cache:
        """What there is, flushed or not."""
        if self._cache is None:
            cache = await _Cache.filled(self._durable)
            if self._cache is None:  # nobody was quicker
                self._cache = cache
        return self._cache

    def _note(self, write: Callable[[], Awaitable[Any]]) -> None:
        """Keep a write for the next flush, and see to it that there is one."""
        self._tail.append(write)
        self._node.incarnation.belongings[self] = None
        if not self._is_due:
            self._is_due = True
            running_loop().deliver(self._flush_every_s, self._begin_flush, ())

    def _begin_flush(self) -> None:
        self._is_due = False
        self._node.world.spawn(self._flush_if_there_is_room(), name=f"{self.name}: write-back")

    async def _flush_if_there_is_room(self) -> None:
        if self._device is None or not self._device.is_full:
            await self.flush()


class _Cache(MemoryStore):
    """Everything, in memory: what a flush writes is taken from here."""

    def __init__(self, store: PortableStore) -> None:
        super().__init__(store.name)
        self._plain = getattr(store, "_plain", self._plain)  # owns what the store owns

    @classmethod
    async def filled(cls, store: PortableStore) -> _Cache:
        cache, after, known = cls(store), 0, ""
        while page := await store.read_all(after, limit=PAGE):
            await cache.restore(page)
            after = page[-1].position
        while receipts := await store.receipts(known, limit=PAGE):
            await cache.restore((), receipts)
            known = receipts[-1].command_id
        return cache

    def written(self, receipt: Receipt) -> list[StoredEvent]:
        """The events of an append that was the latest."""
        return self._log[len(self._log) - len(receipt.positions) :]

    def kept(self, command_id: str | None) -> list[KeptReceipt]:
        return [] if command_id is None else [KeptReceipt(command_id, *self._receipts[command_id])]

    def wake(self) -> None:
        self._wakeups.wake()
