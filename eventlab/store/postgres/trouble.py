"""What errors of PostgreSQL mean to somebody who wants to append or read."""

from __future__ import annotations

import re

import psycopg

from ...errors import AppendUnknown, EventlabError, StoreBusy, StoreFailed, StoreUnavailable
from .functions import IMMUTABLE, STANDBY, WRONG_ISOLATION

_REASONS = {
    "53100": "the disk of the server is full; nothing was written",
    "53200": "the server is out of memory, or of locks (max_locks_per_transaction) for so many streams at once; "
    "nothing was written",
    "54000": "an event is larger than PostgreSQL can hold; nothing was written",
    "25006": "the server is read-only, a standby perhaps; nothing was written",
    "42501": "access was denied; nothing was written",
    "58030": "the disk of the server failed; nothing was written",
    "XX001": "the database is damaged",
    "XX002": "an index of the database is damaged",
    "42P01": "its tables are not those of eventlab; was something else migrated there?",
    "42883": "its functions are not those of eventlab; was something else migrated there?",
}

_BUSY = ("55P03", "57014", "40001", "40P01", "23505")
"""Waited too long for a lock; told to stop; crossed another transaction, also one that took events in."""

_UNAVAILABLE = ("53300", "57P01", "57P03", "57P05", "53000", "53400")
"""The server takes no more connections, shuts down, or is starting. It says so, so nothing was committed."""

_FOR_GOOD = re.compile(
    r"authentication failed|no password|pg_hba|does not exist|permission denied|not accept.*SSL", re.I
)
"""While connecting, libpq gives no code: the reasons that no later attempt changes are known by their words."""


def explained(url: str, error: psycopg.Error, *, appending: bool = False, waited_s: float = 0.0) -> EventlabError:
    """*error* in the words of this package.

    An answer of the server says what happened. Where none came, an append
    that had been sent may have been committed or not: the one case in which
    the outcome is unknown.
    """
    code = error.sqlstate
    if code is None or code.startswith("08") or code == "57P02":
        reason = _first_line(error)
        return AppendUnknown(url, f"the connection was lost ({reason})") if appending else StoreUnavailable(url, reason)
    if code in _BUSY:
        return StoreBusy(url, round(waited_s, 1))
    if code in _UNAVAILABLE:
        return StoreUnavailable(url, _first_line(error))
    if code in (IMMUTABLE, WRONG_ISOLATION, STANDBY):
        return StoreFailed(url, _first_line(error))
    return StoreFailed(url, _REASONS.get(code, f"PostgreSQL says: {_first_line(error)} ({code})"))


def unreached(url: str, error: Exception) -> EventlabError:
    """What a failed attempt to connect means."""
    code = getattr(error, "sqlstate", None)
    reason = _first_line(error)
    if code in ("28000", "28P01", "3D000", "42501") or (code is None and _FOR_GOOD.search(reason)):
        return StoreFailed(url, reason)
    return StoreUnavailable(url, reason)


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
