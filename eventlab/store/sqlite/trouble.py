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
    it: the one case in which the outcome is unknown. It is known where the
    system refused to let the log grow, since what commits is written last.
    """
    code = primary_code(error)
    if code == sqlite3.SQLITE_IOERR:
        if (most_bytes := _limit_met(url, error)) is not None:
            return StoreFailed(url, f"no file of yours may grow beyond {most_bytes:,} bytes; nothing was written")
        reason = f"the disk failed ({error})"
        return AppendUnknown(url, reason) if committing else StoreFailed(url, reason)
    if code == sqlite3.SQLITE_CANTOPEN:
        return StoreFailed(url, _not_opened(Path(url.removeprefix("sqlite:///"))))
    return StoreFailed(url, _REASONS.get(code, f"SQLite says: {error}"))


def _limit_met(url: str, error: sqlite3.Error) -> int | None:
    """The bytes that a file of this process may have at most, if writing ahead failed because they are used up.

    SQLite tells of it as of a disk that failed. The log ends exactly there then.
    """
    if getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_IOERR_WRITE:
        return None
    try:
        import resource  # not on every system

        most_bytes, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
        log_bytes = os.path.getsize(f"{url.removeprefix('sqlite:///')}-wal")
    except (ImportError, OSError):
        return None
    return most_bytes if 0 <= most_bytes <= log_bytes else None


def _not_opened(path: Path) -> str:
    if path.is_dir():
        return "it is a directory; name a file"
    if os.path.lexists(path) and not os.access(path, os.R_OK):
        return "the file may not be read by you"
    return "the file cannot be opened; does its folder exist, and may it be written?"
