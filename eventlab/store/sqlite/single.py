"""A few events in one statement: the commonest appends need no transaction around them.

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
from .seen import Seen

OTHERS_MAX = 8
"""Streams that are checked along with the one that is written; with more of them, a transaction is as good."""

EVENTS_MAX = 8
"""Events in one statement; each number of them is a statement of its own to prepare."""


class SingleInsert:
    """Inserts in a single statement. Versions that were *seen* need not be looked for again."""

    def __init__(self, connection: sqlite3.Connection, seen: Seen) -> None:
        self._connection, self._seen = connection, seen

    def __call__(self, append: Append) -> Receipt | None:
        """The receipt of *append*; None if it is not for this way, or not as expected."""
        if len(append.events) != 1:
            return self._several(append) if append.events else None
        ((stream, id_, type_, schema_version, data),) = append.events
        seen = self._seen.version(stream)
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
            self._seen.forget(stream)
            return None  # the next version is there already
        if done.rowcount != 1:
            return None
        self._seen.remember(stream, version + 1, type_)
        return Receipt((done.lastrowid or 0,), {stream: version + 1})

    def _several(self, append: Append) -> Receipt | None:
        """Events on streams whose versions are expected, and were seen; nothing else is expected."""
        if len(append.events) > EVENTS_MAX:
            return None
        versions: dict[str, int] = {}
        values: list[object] = []
        for stream, id_, type_, schema_version, data in append.events:
            version = versions.get(stream)
            if version is None:
                version = self._seen.version(stream) or 0
                if append.expect.get(stream) != version:
                    return None
            if type_ == ARCHIVED:
                return None
            versions[stream] = version = version + 1
            values += (stream, version, id_, type_, schema_version, data, append.metadata, append.occurred_at)
        if len(versions) != len(append.expect):
            return None
        try:
            last = self._connection.execute(rows.insert_statement(len(append.events)), values).lastrowid or 0
        except sqlite3.IntegrityError:
            for stream in versions:
                self._seen.forget(stream)
            return None  # one of the versions is there already, so none was written
        for stream, version in versions.items():
            self._seen.remember(stream, version, "")
        return Receipt(tuple(range(last - len(append.events) + 1, last + 1)), versions)


_OTHERWISE = -1


def _expected(stream: str, expect: dict[str, Expectation]) -> tuple[int | None, tuple[object, ...]]:
    """The version that *stream* is to have, None for any; then the other streams, each with its version.

    `_OTHERWISE` where something else than versions is expected.
    """
    version: int | None = None
    others: tuple[object, ...] = ()
    for name, expected in expect.items():
        if name == stream and type(expected) is int:
            version = expected
            continue
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
