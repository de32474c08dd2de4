"""Keys in an SQLite file of their own, so that no backup and no export of the log holds any."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Collection
from contextlib import closing, suppress
from typing import TypeVar

from ...errors import InvalidValue, SchemaTooNew, StoreBusy, SubjectErased
from ...runtime import secret_bytes
from ..closing import Closing
from ..sqlite.append import Busy
from ..sqlite.changing import changing
from ..sqlite.forking import leave, left_at_a_fork
from ..sqlite.patience import patiently
from ..sqlite.trouble import explained, is_busy
from .belonging import new_identity
from .protocol import KEY_BYTES, Subject, check_subject, subject_text

T = TypeVar("T")

_VERSION = 1
_TABLES = (
    # Rows are numbered, grow at the end only, and never leave: so SQLite never moves one to another place, which
    # would leave a copy behind. An erased key is overwritten where it stands, by as many zeros.
    "CREATE TABLE keys (number INTEGER PRIMARY KEY, subject TEXT NOT NULL UNIQUE, key BLOB NOT NULL)",
    f"PRAGMA user_version = {_VERSION}",
)
_ERASED = bytes(KEY_BYTES)
_OPENING_PATIENCE_S = 5.0


class SqliteKeys(Closing):
    """Keys in the file at *path*, made for its owner alone if it is not there. Several processes may share it.

    No write-ahead log, in which erased keys would stay for a while; erased
    bytes are overwritten; an erasure has reached the disk when `erase` returns.
    """

    def __init__(self, path: str) -> None:
        self.url = f"sqlite:///{path}"
        self._path = path
        self._connection: sqlite3.Connection | None = None
        left_at_a_fork(self)

    @property
    def name(self) -> str:
        return self.url

    async def identity(self, *, make: bool = False) -> str | None:
        found = None if self._is_missing() else await self._patiently(_identity)
        if found is None and make:
            return await self._patiently(lambda each: changing(each, self.url, _make_identity))
        return found

    async def find(self, subjects: Collection[str]) -> dict[str, bytes]:
        return {} if self._is_missing() else await self._patiently(lambda connection: _find(connection, subjects))

    async def erased(self, subjects: Collection[str]) -> set[str]:
        if self._is_missing():
            return set()
        found = await self._patiently(lambda connection: _rows(connection, subjects))
        return {subject for subject, key in found.items() if key == _ERASED}

    async def make(self, subjects: Collection[str]) -> dict[str, bytes]:
        for subject in subjects:
            check_subject(subject)
        found = await self.find(subjects)
        if len(found) == len(set(subjects)):
            return found  # nothing to write: nobody is kept waiting
        return await self._patiently(lambda each: changing(each, self.url, lambda inside: _make(inside, subjects)))

    async def erase(self, subject: Subject) -> bool:
        known = subject_text(subject)
        return await self._patiently(lambda each: changing(each, self.url, lambda inside: _erase(inside, known)))

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def leave(self) -> None:
        """In a process that was forked: leave the connection, and open the file anew: who is idle has no lock on it."""
        leave(self._connection)
        self._connection = None

    def _is_missing(self) -> bool:
        """Looking makes no file: the path may be mistyped."""
        return self._connection is None and not os.path.exists(self._path)

    async def _patiently(self, use: Callable[[sqlite3.Connection], T]) -> T:
        async def attempt() -> T:
            if self._connection is None:
                self._connection = _open(self._path, self.url)
            try:
                return use(self._connection)
            except sqlite3.Error as error:
                if is_busy(error):
                    raise Busy from error
                raise explained(self.url, error) from error

        return await patiently(self.url, attempt)


def _open(path: str, url: str) -> sqlite3.Connection:
    try:
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=_OPENING_PATIENCE_S)
        try:
            _prepare(connection, url)
        except BaseException:
            connection.close()
            raise
        return connection
    except sqlite3.Error as error:
        raise (StoreBusy(url, _OPENING_PATIENCE_S) if is_busy(error) else explained(url, error)) from error
    except OSError as error:
        raise InvalidValue("key file", path, f"a file that can be opened ({error.strerror})") from error


def _prepare(connection: sqlite3.Connection, url: str) -> None:
    query = connection.execute
    version = query("PRAGMA user_version").fetchone()[0]
    if version > _VERSION:
        raise SchemaTooNew(url, version, _VERSION)
    tables = [name for (name,) in query("SELECT name FROM sqlite_master WHERE type = 'table'")]
    if tables and "keys" not in tables:
        raise InvalidValue("key file", url, f"a file of its own; this one holds the tables {', '.join(tables)}")
    query("PRAGMA journal_mode = DELETE")
    query("PRAGMA secure_delete = ON")
    # EXTRA also flushes the folder, so that a power cut cannot bring back the journal, and a key with it.
    query("PRAGMA synchronous = EXTRA")
    if not tables:
        changing(connection, url, _create)
    query("PRAGMA busy_timeout = 0")  # from here on the loop waits, and nothing blocks it


def _create(connection: sqlite3.Connection) -> None:
    with closing(connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'keys'")) as found:
        if found.fetchone() is not None:
            return  # another process was faster
    for statement in _TABLES:
        connection.execute(statement)


def _find(connection: sqlite3.Connection, subjects: Collection[str]) -> dict[str, bytes]:
    return {subject: key for subject, key in _rows(connection, subjects).items() if key != _ERASED}


def _rows(connection: sqlite3.Connection, subjects: Collection[str]) -> dict[str, bytes]:
    query = "SELECT key FROM keys WHERE subject = ?"
    rows = {subject: connection.execute(query, (subject,)).fetchone() for subject in subjects}
    return {subject: row[0] for subject, row in rows.items() if row is not None}


def _make(connection: sqlite3.Connection, subjects: Collection[str]) -> dict[str, bytes]:
    found = _rows(connection, subjects)
    for subject in subjects:
        if subject not in found:
            found[subject] = secret_bytes(KEY_BYTES)
            connection.execute("INSERT INTO keys (subject, key) VALUES (?, ?)", (subject, found[subject]))
        elif found[subject] == _ERASED:
            raise SubjectErased(subject)
    return found


def _erase(connection: sqlite3.Connection, subject: str) -> bool:
    had_key = bool(_find(connection, [subject]))
    if connection.execute("UPDATE keys SET key = ? WHERE subject = ?", (_ERASED, subject)).rowcount == 0:
        connection.execute("INSERT INTO keys (subject, key) VALUES (?, ?)", (subject, _ERASED))
    return had_key


def _identity(connection: sqlite3.Connection) -> str | None:
    with closing(connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'identity'")) as found:
        if found.fetchone() is None:
            return None
    row = connection.execute("SELECT id FROM identity").fetchone()
    return None if row is None else str(row[0])


def _make_identity(connection: sqlite3.Connection) -> str:
    connection.execute("CREATE TABLE IF NOT EXISTS identity (id TEXT NOT NULL)")
    known = _identity(connection)  # another process may have been faster
    if known is None:
        known = new_identity()
        connection.execute("INSERT INTO identity (id) VALUES (?)", (known,))
    return known
