"""The file as a SQLAlchemy engine, and the connections that are held from its pool."""

from __future__ import annotations

import sqlite3
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

from ...errors import StoreBusy, StoreFailed
from .foreign import check_file
from .forking import check_not_left
from .schema import prepare
from .trouble import explained, is_busy

OPENING_PATIENCE_S = 5.0
"""How long opening waits for another program that is just making the tables. It blocks; appends never do."""


def open_engine(path: str, url: str, synchronous: str, make: bool = True) -> Engine:
    """An engine on the file at *path*, with the tables made. Raises StoreFailed or StoreBusy, in clear words.

    Raises InvalidValue for a file that holds no store: of another program's tables if their names are
    those of the store's, of any if not *make*. Such a file is left as it is.
    """
    check_not_left(path, url)
    try:
        check_file(path, url, make, OPENING_PATIENCE_S)
    except sqlite3.Error as error:
        raise opening_error(url, error) from error
    engine = create_engine(
        URL.create("sqlite", database=path),
        connect_args={"isolation_level": None, "check_same_thread": False, "timeout": OPENING_PATIENCE_S},
    )

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _record: Any) -> None:
        mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        if mode != "wal":
            raise StoreFailed(url, f"its file system allows no write-ahead log, only {mode!r}")
        connection.execute(f"PRAGMA synchronous = {synchronous}")

    try:
        prepare(engine, url)
    except (DBAPIError, sqlite3.Error) as error:
        engine.dispose()
        raise opening_error(url, error) from error
    except StoreFailed:
        engine.dispose()
        raise
    return engine


def opening_error(url: str, error: Exception) -> Exception:
    cause = error.orig if isinstance(error, DBAPIError) else error
    if not isinstance(cause, sqlite3.Error):
        return error
    return StoreBusy(url, OPENING_PATIENCE_S) if is_busy(cause) else explained(url, cause)


class HeldConnection:
    """A connection that is taken out of the pool for as long as the store is open; it never waits for a lock."""

    def __init__(self, engine: Engine) -> None:
        self._pooled = engine.raw_connection()
        driver: Any = self._pooled.driver_connection
        self.driver: sqlite3.Connection = driver
        self.driver.execute("PRAGMA busy_timeout = 0")

    def close(self) -> None:
        self._pooled.invalidate()  # it is configured otherwise than the others of the pool
