"""Room in the write-ahead log before it is needed."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress

from .append import Append, Outcome
from .committing import Committer
from .transaction import rollback

ROOM_BYTES = 4_100_000
"""What SQLite writes ahead before it moves all of it into the database file, and begins the log anew."""

FLUSHES = 20
"""Whoever has flushed so often will go on."""


class CommitterWithRoom:
    """Commits for a writer who flushes; when he has for a while, makes room for what he is going to write.

    To flush a log that grows means to write where it ends, too, which takes half as long again. Once it was moved
    for the first time, a log is as long as it gets, and is written over. With room, it is so from the start.
    """

    def __init__(self, commit: Committer, connection: sqlite3.Connection, path: str) -> None:
        self._commit, self._connection, self._log = commit, connection, f"{path}-wal"
        self._flushes = 0

    def __call__(self, appends: Sequence[Append], flushing: Callable[[], None] | None = None) -> list[Outcome]:
        outcomes = self._commit(appends, flushing)
        self._flushes += 1
        if self._flushes == FLUSHES:
            # Whatever comes of this: what was committed is told as committed.
            with self._commit.lock, suppress(sqlite3.Error, OSError):
                if os.path.getsize(self._log) < ROOM_BYTES:
                    make_room(self._connection)
        return outcomes


def make_room(connection: sqlite3.Connection) -> None:
    """Let the file of the log grow, by a transaction that is too large for the cache and is then rolled back.

    SQLite writes such a transaction into the log before it knows whether it will be committed, and writes over it
    when it was not. If somebody else is writing, or the disk is full, there is no room, and nothing else happens.
    """
    (cache,) = connection.execute("PRAGMA cache_size").fetchone()
    connection.execute("PRAGMA cache_size = 10")
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("CREATE TABLE eventlab_room (filling)")
        connection.execute("INSERT INTO eventlab_room VALUES (zeroblob(?))", (ROOM_BYTES,))
    except sqlite3.Error:
        pass
    finally:
        rollback(connection)
        connection.execute(f"PRAGMA cache_size = {cache}")
