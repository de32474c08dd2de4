"""One event in one statement: the commonest append needs no transaction around it.

SQLite commits a statement that stands alone by itself. What is expected of
the streams is part of it, and that the next version is not there yet is what
the table's own ``UNIQUE (stream, version)`` says. Whoever is told None here
asks again in a transaction, and learns there what was in the way.
"""

from __future__ import annotations

import sqlite3
from functools import lru_cache

from ..archive import ARCHIVED
from ..model import NONE, Expectation, Receipt
from . import rows
from .append import Append

OTHERS_MAX = 8
"""Streams that are checked along with the one that is written; with more of them, a transaction is as good."""

SEEN_MAX = 4096


class SingleInsert:
    """Inserts single events, and remembers the last versions that it wrote, or that somebody read.

    Events are never changed and never deleted, so a version that was there once, and archived nothing, need
    not be looked for again: that the next one is still missing is all there is to check.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._seen: dict[str, int] = {}

    def __call__(self, append: Append) -> Receipt | None:
        """The receipt of the one event of *append*; None if it is not for this way, or not as expected."""
        ((stream, id_, type_, schema_version, data),) = append.events
        seen = self._seen.get(stream)
        version: int | None
        version, others = _expected(stream, append.expect) if append.expect else (None, ())
        if version is None:
            version = rows.version_of(self._connection, stream) if seen is None else seen
        if version < 0 or len(others) > 2 * OTHERS_MAX:
            return None
        looks_back = version != (seen or 0)
        row = (stream, version + 1, id_, type_, schema_version, data, append.metadata, append.occurred_at)
        before = (stream, version) if looks_back else ()
        try:
            done = self._connection.execute(_statement(looks_back, len(others) // 2), (*row, *before, *others))
        except sqlite3.IntegrityError:
            self._seen.pop(stream, None)
            return None  # the next version is there already
        if done.rowcount != 1:
            return None
        self.remember(stream, version + 1, type_)
        return Receipt((done.lastrowid or 0,), {stream: version + 1})

    def remember(self, stream: str, version: int, type_: str) -> None:
        """An event of *type_* is there, at *version*. It need not be the last one; any thread may say so."""
        if type_ == ARCHIVED:
            self._seen.pop(stream, None)
            return
        if len(self._seen) >= SEEN_MAX:
            self._seen.clear()
        self._seen[stream] = version


_OTHERWISE = -1


def _expected(stream: str, expect: dict[str, Expectation]) -> tuple[int | None, tuple[object, ...]]:
    """The version that *stream* is to have, None for any; then the other streams, each with its version.

    `_OTHERWISE` where something else than versions is expected.
    """
    version: int | None = None
    others: tuple[object, ...] = ()
    for name, expected in expect.items():
        if type(expected) is not int:
            if expected is not NONE:
                return _OTHERWISE, ()
            expected = 0
        if name == stream:
            version = expected
        else:
            others += (name, expected)
    return version, others


@lru_cache
def _statement(looks_back: bool, others: int) -> str:
    """Insert an event, if the one before it is there and archives nothing, and *others* streams are at a version."""
    conditions = ["coalesce((SELECT max(version) FROM events WHERE stream = ?), 0) = ?"] * others
    if looks_back:
        before = f"SELECT 1 FROM events WHERE stream = ? AND version = ? AND type <> '{ARCHIVED}'"
        conditions.insert(0, f"EXISTS ({before})")
    if not conditions:
        return rows.INSERT
    return rows.INSERT.replace("VALUES (", "SELECT ").removesuffix(")") + " WHERE " + " AND ".join(conditions)
