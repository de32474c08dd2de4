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
from ..model import NONE, Receipt
from . import rows
from .append import Append

OTHERS_MAX = 8
"""Streams that are checked along with the one that is written; with more of them, a transaction is as good."""


def insert_single(connection: sqlite3.Connection, append: Append) -> Receipt | None:
    """The receipt of the one event of *append*; None if it is not for this way, or not as expected."""
    (event,) = append.events
    stream = event[0]
    version: int | None = None
    others: list[object] = []
    for name, expected in append.expect.items():
        if expected is NONE:
            expected = 0
        if type(expected) is not int:
            return None
        if name == stream:
            version = expected
        else:
            others += (name, expected)
    if len(others) > 2 * OTHERS_MAX:
        return None
    if version is None:
        last = connection.execute(rows.LAST, (stream,)).fetchone()
        version = 0 if last is None else last[0]
    before = (stream, version) if version else ()
    try:
        done = connection.execute(
            _statement(version > 0, len(others) // 2),
            (stream, version + 1, *event[1:], append.metadata, append.occurred_at, *before, *others),
        )
    except sqlite3.IntegrityError:
        return None  # the next version is there already
    return Receipt((done.lastrowid or 0,), {stream: version + 1}) if done.rowcount == 1 else None


@lru_cache
def _statement(follows: bool, others: int) -> str:
    """Insert an event if the one before it is there, and archives nothing, and *others* streams are at a version."""
    conditions = ["coalesce((SELECT max(version) FROM events WHERE stream = ?), 0) = ?"] * others
    if follows:
        before = f"SELECT 1 FROM events WHERE stream = ? AND version = ? AND type <> '{ARCHIVED}'"
        conditions.insert(0, f"EXISTS ({before})")
    if not conditions:
        return rows.INSERT
    return rows.INSERT.replace("VALUES (", "SELECT ").removesuffix(")") + " WHERE " + " AND ".join(conditions)
