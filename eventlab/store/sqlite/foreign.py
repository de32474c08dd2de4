"""Whose file it is, looked at before anything in it is touched."""

from __future__ import annotations

import os
import re
import sqlite3
from contextlib import closing
from pathlib import Path

from ...errors import InvalidValue
from .schema import MIGRATIONS

_MAKES = re.compile(r"CREATE (?:TABLE|TRIGGER|INDEX|UNIQUE INDEX) (\w+)")


def check_file(path: str, url: str, make: bool, patience_s: float) -> None:
    """Raise InvalidValue if the tables of a store cannot, or if not *make* must not, be made in the file at *path*.

    Also raises sqlite3.Error. The file is only looked at: opening it as a store would already change its journal.
    *patience_s* is how long to wait for a program that keeps everybody out.
    """
    if not os.path.exists(path):
        if not make:
            raise InvalidValue("store URL", url, f"a store that is there; there is no file {path!r}")
        return
    version, names = _content(path, patience_s)
    if version:
        return
    if not make:
        raise InvalidValue("store URL", url, "an eventlab store; there is no eventlab store in that file")
    due = {name for migration in MIGRATIONS for sql in migration for name in _MAKES.findall(sql)}
    if taken := sorted(due & names):
        raise InvalidValue("store URL", url, f"another file; that one has {taken[0]!r} already, of another program")


def found_version(path: str) -> int:
    """The version of the store's tables in the file at *path*; 0 where there are none. Raises sqlite3.Error."""
    return _content(path, 0.0)[0] if os.path.exists(path) else 0


def _content(path: str, patience_s: float) -> tuple[int, set[str]]:
    """The version of the store's tables, and the names of all there are."""
    uri = Path(path).absolute().as_uri() + "?mode=rw"  # it is not made if it is gone by now
    with closing(sqlite3.connect(uri, uri=True, isolation_level=None, timeout=patience_s)) as connection:
        connection.execute("BEGIN")  # one moment: another program may be making the tables
        names = {str(row[0]) for row in connection.execute("SELECT name FROM sqlite_master")}
        columns = {str(row[1]) for row in connection.execute("PRAGMA table_info(eventlab_schema)")}
        if not {"room", "version"} <= columns:
            return 0, names
        found = connection.execute("SELECT version FROM eventlab_schema WHERE room = 'store'").fetchone()
        return (int(found[0]) if found else 0), names
