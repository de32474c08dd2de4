"""The tables of a store in SQLite, and the version of their shape."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from ...errors import StoreFailed

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

SCHEMA_VERSION = 1

# Strict tables refuse a text where a number belongs; libraries before 3.37 do not know them.
_STRICT = "STRICT" if sqlite3.sqlite_version_info >= (3, 37) else ""

_VERSIONS = f"""
CREATE TABLE IF NOT EXISTS eventlab_schema (
    room TEXT PRIMARY KEY,
    version INTEGER NOT NULL
) {_STRICT}
"""

_TABLES = (
    # The position is a primary key of the table's own, so that VACUUM cannot renumber it. There is
    # one writer at a time and nothing is ever deleted: positions are committed in their order.
    f"""
CREATE TABLE events (
    position INTEGER PRIMARY KEY,
    stream TEXT NOT NULL,
    version INTEGER NOT NULL,
    id BLOB NOT NULL,
    type TEXT NOT NULL,
    schema_version INTEGER NOT NULL,
    data BLOB NOT NULL,
    metadata BLOB NOT NULL,
    occurred_at TEXT NOT NULL,
    UNIQUE (stream, version)
) {_STRICT}
""",
    f"""
CREATE TABLE receipts (
    command_id TEXT PRIMARY KEY,
    fingerprint BLOB NOT NULL,
    receipt BLOB NOT NULL
) {_STRICT}
""",
    """
CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'stored events are never changed'); END
""",
    """
CREATE TRIGGER events_are_never_deleted BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'stored events are never deleted'); END
""",
)


def prepare(engine: Engine, url: str) -> None:
    """Create the tables where there are none. Refuses a file that a newer program wrote."""
    with engine.connect() as connection:
        if not _needs_tables(_version(connection), url):
            return
        # Two programs may open a new file at the same moment: the second finds the tables made.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        try:
            connection.exec_driver_sql(_VERSIONS)
            if _needs_tables(_version(connection), url):
                for statement in _TABLES:
                    connection.exec_driver_sql(statement)
                connection.exec_driver_sql("INSERT INTO eventlab_schema VALUES ('store', ?)", (SCHEMA_VERSION,))
            connection.exec_driver_sql("COMMIT")
        except BaseException:
            connection.exec_driver_sql("ROLLBACK")
            raise


def _version(connection: Connection) -> int:
    """The version of the store's tables; 0 where there are none."""
    query = connection.exec_driver_sql
    if query("SELECT 1 FROM sqlite_master WHERE name = 'eventlab_schema'").first() is None:
        return 0
    return int(query("SELECT version FROM eventlab_schema WHERE room = 'store'").scalar() or 0)


def _needs_tables(version: int, url: str) -> bool:
    if version > SCHEMA_VERSION:
        raise StoreFailed(
            url, f"its tables have version {version}, newer than {SCHEMA_VERSION}, the newest that this program knows"
        )
    return version == 0
