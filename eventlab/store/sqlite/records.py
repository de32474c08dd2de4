"""Records in a table beside the log."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from typing import Any

from ..records import Record, check_asked, check_record, conflict

_GET = "SELECT kind, key, version, value FROM records WHERE kind = ? AND key = ?"
_INSERT = "INSERT OR IGNORE INTO records (kind, key, version, value) VALUES (?, ?, 1, ?)"
_UPDATE = "UPDATE records SET version = version + 1, value = ? WHERE kind = ? AND key = ? AND version = ?"
_DELETE = "DELETE FROM records WHERE kind = ? AND key = ? AND version = ?"
_LIST = "SELECT kind, key, version, value FROM records WHERE kind = ? AND substr(key, 1, ?) = ? ORDER BY key"

Run = Callable[[Callable[[sqlite3.Connection], Any]], Awaitable[Any]]
"""Runs a function on a connection, patiently: `read` for what only looks, `write` for what changes."""


class SqliteRecords:
    """Each change is a statement of its own, and so a transaction of its own."""

    def __init__(self, read: Run, write: Run) -> None:
        self._read, self._write = read, write

    async def get(self, kind: str, key: str) -> Record | None:
        check_asked(kind, key)
        row = await self._read(lambda connection: connection.execute(_GET, (kind, key)).fetchone())
        return None if row is None else Record(*row)

    async def put(self, kind: str, key: str, value: bytes, *, version: int) -> Record:
        check_record(kind, key, version, value)

        def put(connection: sqlite3.Connection) -> int:
            if version == 0:
                return connection.execute(_INSERT, (kind, key, value)).rowcount
            return connection.execute(_UPDATE, (value, kind, key, version)).rowcount

        if await self._write(put) != 1:
            raise await self._conflict(kind, key, version)
        return Record(kind, key, version + 1, value)

    async def delete(self, kind: str, key: str, *, version: int) -> None:
        check_record(kind, key, version)
        deleted = await self._write(lambda connection: connection.execute(_DELETE, (kind, key, version)).rowcount)
        if deleted != 1 and (version or await self.get(kind, key) is not None):
            raise await self._conflict(kind, key, version)

    async def list(self, kind: str, *, prefix: str = "") -> list[Record]:
        check_asked(kind, prefix)
        arguments = (kind, len(prefix), prefix)
        return [Record(*row) for row in await self._read(lambda c: c.execute(_LIST, arguments).fetchall())]

    async def _conflict(self, kind: str, key: str, version: int) -> Exception:
        found = await self.get(kind, key)
        return conflict(kind, key, version, 0 if found is None else found.version)
