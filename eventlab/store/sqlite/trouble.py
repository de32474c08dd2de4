"""What SQLite's error codes mean to somebody who wants to append or read."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from ...errors import AppendUnknown, EventlabError, StoreFailed

_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)

_REASONS = {
    sqlite3.SQLITE_FULL: "the disk is full; nothing was written",
    sqlite3.SQLITE_READONLY: "the file, or its folder, may not be written by you; nothing was written",
    sqlite3.SQLITE_NOTADB: "it is no SQLite database",
    sqlite3.SQLITE_CORRUPT: "the database is damaged",
    sqlite3.SQLITE_PERM: "access was denied",
    sqlite3.SQLITE_AUTH: "access was denied",
    sqlite3.SQLITE_TOOBIG: "an event is larger than SQLite can hold; nothing was written",
}


def primary_code(error: sqlite3.Error) -> int:
    """The primary result code: the lowest byte; the rest says which kind of it."""
    code = getattr(error, "sqlite_errorcode", None)
    return sqlite3.SQLITE_ERROR if code is None else code & 0xFF


def is_busy(error: sqlite3.Error) -> bool:
    """Whether another connection stood in the way, so that the same thing may work later."""
    return primary_code(error) in _BUSY


def explained(url: str, error: sqlite3.Error, *, committing: bool = False) -> EventlabError:
    """*error* in the words of this package.

    A device that fails while committing leaves open whether the commit reached
    it: the one case in which the outcome is unknown.
    """
    code = primary_code(error)
    if code == sqlite3.SQLITE_IOERR:
        reason = f"the disk failed ({error})"
        return AppendUnknown(url, reason) if committing else StoreFailed(url, reason)
    if code == sqlite3.SQLITE_CANTOPEN:
        return StoreFailed(url, _not_opened(Path(url.removeprefix("sqlite:///"))))
    return StoreFailed(url, _REASONS.get(code, f"SQLite says: {error}"))


def _not_opened(path: Path) -> str:
    if path.is_dir():
        return "it is a directory; name a file"
    if os.path.lexists(path) and not os.access(path, os.R_OK):
        return "the file may not be read by you"
    return "the file cannot be opened; does its folder exist, and may it be written?"
