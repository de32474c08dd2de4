"""The records of a store that writes back later: changed here first, and there with the next flush."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from ..store import Record, Records
from ..store.records import check_asked, check_record, conflict

Note = Callable[[Callable[[], Awaitable[Any]]], None]


class CachedRecords:
    """*records* as they will be. Each change is handed to *note*, to be written in its order."""

    def __init__(self, records: Records, note: Note) -> None:
        self._records, self._note = records, note
        self._changed: dict[tuple[str, str], Record | None] = {}

    def forget(self) -> None:
        """What was changed is flushed, or lost: either way it is as *records* has it."""
        self._changed.clear()

    async def get(self, kind: str, key: str) -> Record | None:
        check_asked(kind, key)
        if (kind, key) in self._changed:
            return self._changed[kind, key]
        return await self._records.get(kind, key)

    async def put(self, kind: str, key: str, value: bytes, *, version: int) -> Record:
        await self._check(kind, key, version, value)
        record = self._changed[kind, key] = Record(kind, key, version + 1, value)
        self._note(partial(self._records.put, kind, key, value, version=version))
        return record

    async def delete(self, kind: str, key: str, *, version: int) -> None:
        await self._check(kind, key, version)
        if version:
            self._changed[kind, key] = None
            self._note(partial(self._records.delete, kind, key, version=version))

    async def list(self, kind: str, *, prefix: str = "") -> list[Record]:
        found: dict[str, Record | None] = {
            record.key: record for record in await self._records.list(kind, prefix=prefix)
        }
        found |= {key: record for (of, key), record in self._changed.items() if of == kind and key.startswith(prefix)}
        return [record for _, record in sorted(found.items()) if record is not None]

    async def _check(self, kind: str, key: str, version: int, value: bytes = b"") -> None:
        check_record(kind, key, version, value)
        found = await self.get(kind, key)
        actual = 0 if found is None else found.version
        if actual != version:
            raise conflict(kind, key, version, actual)
