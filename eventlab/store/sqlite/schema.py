"""The tables of a store in SQLite, and the version of their shape."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from ...errors import SchemaTooNew

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine


# Strict tables refuse a text where a number belongs; libraries before 3.37 do not know them.
_STRICT = "STRICT" if sqlite3.sqlite_version_info >= (3, 37) else ""

_VERSIONS = f"""
CREATE TABLE IF NOT EXISTS eventlab_schema (
    room TEXT PRIMARY KEY,
    version INTEGER NOT NULL
) {_STRICT}
"""

_TABLES_1 = (
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

_TABLES_2 = (
    f"""
CREATE TABLE records (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (kind, key)
) {_STRICT}
""",
)

MIGRATIONS = (_TABLES_1, _TABLES_2)
"""What brings the tables from each version to the next; the first makes them."""

SCHEMA_VERSION = len(MIGRATIONS)


def prepare(engine: Engine, url: str) -> None:
    """Make the tables, or bring older ones up to date. Refuses a file that a newer program wrote."""
    with engine.connect() as connection:
        if _found(connection, url) == SCHEMA_VERSION:
            return
        # Two programs may open a file at the same moment: the second finds the work done.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        try:
            connection.exec_driver_sql(_VERSIONS)
            for migration in MIGRATIONS[_found(connection, url) :]:
                for statement in migration:
                    connection.exec_driver_sql(statement)
            connection.exec_driver_sql("INSERT OR REPLACE INTO eventlab_schema VALUES ('store', ?)", (SCHEMA_VERSION,))
            connection.exec_driver_sql("COMMIT")
        except BaseException:
            connection.exec_driver_sql("ROLLBACK")
            raise


def _found(connection: Connection, url: str) -> int:
    """The version of the store's tables; 0 where there are none."""
    query = connection.exec_driver_sql
    if query("SELECT 1 FROM sqlite_master WHERE name = 'eventlab_schema'").first() is None:
        return 0
    version = int(query("SELECT version FROM eventlab_schema WHERE room = 'store'").scalar() or 0)
    if version > SCHEMA_VERSION:
        raise SchemaTooNew(url, version, SCHEMA_VERSION)
    return version
