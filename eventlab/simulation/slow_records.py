"""Records that take the time of a read, or of an append."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from .. import hooks
from ..store import EventStore, Record
from .disk import Disk
from .telling import after, told

T = TypeVar("T")
Wait = Callable[[], asyncio.Future[None]]


class SlowRecords:
    """The records of *store*: *pause* before a read, *flush* before a change, and no change on a full disk."""

    def __init__(self, store: EventStore, pause: Wait, flush: Wait, device: Disk | None) -> None:
        self._store, self._records, self._device = store, store.records, device
        self._pause, self._flush = pause, flush

    async def get(self, kind: str, key: str) -> Record | None:
        return await self._done("get", self._pause, self._records.get(kind, key))

    async def put(self, kind: str, key: str, value: bytes, *, version: int) -> Record:
        return await self._done("put", self._flush, self._written(self._records.put(kind, key, value, version=version)))

    async def delete(self, kind: str, key: str, *, version: int) -> None:
        await self._done("delete", self._flush, self._written(self._records.delete(kind, key, version=version)))

    async def list(self, kind: str, *, prefix: str = "") -> list[Record]:
        return await self._done("list", self._pause, self._records.list(kind, prefix=prefix))

    async def _written(self, change: Coroutine[Any, Any, T]) -> T:
        if self._device is not None and self._device.is_full:
            change.close()
            self._device.check_room(self._store.name)
        return await change

    async def _done(self, operation: str, wait: Wait, work: Coroutine[Any, Any, T]) -> T:
        if hooks.listening_closely:
            return await told(self._store.name, f"record {operation}", after(wait, work))
        return await after(wait, work)
