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
        return await self._done("get", self._pause, lambda: self._records.get(kind, key))

    async def put(self, kind: str, key: str, value: bytes, *, version: int) -> Record:
        return await self._done("put", self._flush, lambda: self._put(kind, key, value, version))

    async def delete(self, kind: str, key: str, *, version: int) -> None:
        await self._done("delete", self._flush, lambda: self._delete(kind, key, version))

    async def list(self, kind: str, *, prefix: str = "") -> list[Record]:
        return await self._done("list", self._pause, lambda: self._records.list(kind, prefix=prefix))

    async def _put(self, kind: str, key: str, value: bytes, version: int) -> Record:
        self._check_room()
        return await self._records.put(kind, key, value, version=version)

    async def _delete(self, kind: str, key: str, version: int) -> None:
        self._check_room()
        await self._records.delete(kind, key, version=version)

    def _check_room(self) -> None:
        if self._device is not None:
            self._device.check_room(self._store.name)

    async def _done(self, operation: str, wait: Wait, begin: Callable[[], Coroutine[Any, Any, T]]) -> T:
        if hooks.listening_closely:
            return await told(self._store.name, f"record {operation}", after(wait, begin))
        return await after(wait, begin)
