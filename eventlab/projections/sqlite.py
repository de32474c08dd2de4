"""Rows in a SQLite file, or in memory: every transaction runs at once, on the loop's thread."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from ..errors import EventlabError, InvalidValue, StoreFailed
from ..runtime import monotonic
from ..store.sqlite.append import Busy
from ..store.sqlite.forking import FORKED, File, check_not_left, file_at, leave, left_at_a_fork
from ..store.sqlite.patience import patiently
from ..store.sqlite.trouble import explained, is_busy, primary_code
from .database import KNOWN_URLS, Work
from .handling import HandlerRaised, guard

T = TypeVar("T")

_PREFIX: Final = "sqlite:///"
_OPTION: Final = "eventlab_begin"
_LOOK_EVERY_S: Final = 0.05
IDLE_MAX_S: Final = 10.0
"""After so long without a transaction a rebuild is taken for dead: its node may have crashed."""
_OF_THE_HANDLER: Final = (
    sqlite3.SQLITE_ERROR,
    sqlite3.SQLITE_CONSTRAINT,
    sqlite3.SQLITE_MISMATCH,
    sqlite3.SQLITE_TOOBIG,
    sqlite3.SQLITE_MISUSE,
    sqlite3.SQLITE_RANGE,
)
"""Result codes that a statement brings on itself. All others are trouble of the database, and blame no event."""


class SqliteBackend:
    """One connection, which is enough: no transaction waits for anything while it is open."""

    def __init__(self, url: str) -> None:
        self._path, synchronous = _parsed(url)
        self.url = f"{_PREFIX}{self._path}" if self._path else "memory:"
        check_not_left(self._path, self.url)
        self.engine = sa.create_engine(
            sa.URL.create("sqlite", database=self._path or ":memory:"),
            poolclass=StaticPool,
            connect_args={"isolation_level": None, "check_same_thread": False, "timeout": 0.0},
        )
        self._closed = ""
        self._file: File = None
        self._worked_at_s: dict[str, float] = {}
        """When something was last done in each room beside the tables."""
        guard(self.engine)

        @event.listens_for(self.engine, "connect")
        def configure(connection: sqlite3.Connection, _record: Any) -> None:
            if self._path:
                connection.execute("PRAGMA busy_timeout = 5000")  # for the mode alone: it blocks the loop
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA busy_timeout = 0")
            connection.execute(f"PRAGMA synchronous = {synchronous}")
            connection.execute("PRAGMA foreign_keys = ON")
            self._file = file_at(self._path)

        @event.listens_for(self.engine, "begin")
        def begin(connection: sa.Connection) -> None:
            connection.exec_driver_sql(connection.get_execution_options().get(_OPTION, "BEGIN IMMEDIATE"))

        left_at_a_fork(self)

    async def transaction(self, work: Work[T], *, beside: str | None, writing: bool) -> T:
        async def attempt() -> T:
            return self._transact(work, beside, writing)

        return await patiently(self.url, attempt)

    def _transact(self, work: Work[T], beside: str | None, writing: bool) -> T:
        self._check_open()
        options: dict[str, Any] = {}
        if beside is not None:
            self._worked_at_s[beside] = monotonic()
            options["schema_translate_map"] = {None: beside}
        if beside is not None or not writing:
            options[_OPTION] = "BEGIN"  # takes a lock where it writes, and only there: the doubles are nobody else's
        try:
            with self.engine.connect().execution_options(**options) as rows, rows.begin():
                return work(rows)
        except HandlerRaised as failed:
            trouble = self._trouble(failed.error)
            if trouble is None:
                raise
            raise trouble from failed.error
        except (DBAPIError, sqlite3.Error) as error:
            raise self._trouble(error) or explained(self.url, _driver_error(error)) from error

    def _trouble(self, error: Exception) -> Exception | None:
        """*error* in the words of the package, if the database is to blame and no statement."""
        try:
            cause = _driver_error(error)
        except TypeError:
            return None
        if is_busy(cause):
            return Busy()
        if not isinstance(cause, sqlite3.DatabaseError) or primary_code(cause) in _OF_THE_HANDLER:
            return None
        trouble: EventlabError = explained(self.url, cause)
        return trouble

    @asynccontextmanager
    async def beside(self, prefix: str, name: str) -> AsyncIterator[None]:
        """A database of its own, attached: a file beside the file, or in memory beside memory."""
        await patiently(self.url, partial(self._attach, prefix, name))
        try:
            yield
        finally:
            self._worked_at_s.pop(name, None)
            with suppress(sqlite3.Error, FileNotFoundError):  # another rebuild cleared it away
                if not self._closed:  # which detaches everything; whoever asks for the connection opens it anew
                    self._driver.execute(f'DETACH "{name}"')
                if self._path:
                    _file_beside(self._path, name).unlink()

    async def occupied(self, prefix: str) -> bool | None:
        """Of those that use this very read model it can be told: of one that has died, it may not be."""
        worked_at_s = [at_s for name, at_s in self._worked_at_s.items() if name.startswith(prefix)]
        return True if worked_at_s and monotonic() - max(worked_at_s) < IDLE_MAX_S else None

    async def _attach(self, prefix: str, name: str) -> None:
        while True:
            self._check_open()
            driver = self._driver
            names = [attached for _, attached, _ in driver.execute("PRAGMA database_list").fetchall()]
            if len(names) <= driver.getlimit(sqlite3.SQLITE_LIMIT_ATTACHED) or any(map(_starting(prefix), names)):
                break
            await asyncio.sleep(_LOOK_EVERY_S)  # as many projections are rebuilt at once as SQLite has room for
        for attached in filter(_starting(prefix), names):
            driver.execute(f'DETACH "{attached}"')
        if self._path:
            path = Path(self._path)
            for left in path.parent.glob(f"{path.name}.{prefix}*"):
                left.unlink(missing_ok=True)
        file = str(_file_beside(self._path, name)) if self._path else ":memory:"
        try:
            driver.execute(f'ATTACH ? AS "{name}"', (file,))
            # Whoever is interrupted begins again with nothing, so nothing here has to survive.
            driver.execute(f'PRAGMA "{name}".journal_mode = MEMORY')
            driver.execute(f'PRAGMA "{name}".synchronous = OFF')
        except sqlite3.Error as error:
            raise explained(self.url, error) from error

    async def close(self) -> None:
        if self._closed != FORKED:
            self._closed = "the read model was closed"
            self.engine.dispose()

    def leave(self) -> None:
        """In a process that was forked: neither use its file nor close it. What is in memory is a copy."""
        if self._file and not self._closed:
            leave(self.engine, self._file)
            self._closed = FORKED

    def _check_open(self) -> None:
        if self._closed:
            raise StoreFailed(self.url, self._closed)

    @property
    def _driver(self) -> sqlite3.Connection:
        driver: Any = self.engine.raw_connection().driver_connection
        assert isinstance(driver, sqlite3.Connection)
        return driver


def _starting(prefix: str) -> Callable[[str], bool]:
    return lambda name: name.startswith(prefix)


def _file_beside(path: str, name: str) -> Path:
    return Path(f"{path}.{name}")


def _driver_error(error: Exception) -> sqlite3.Error:
    cause = error.orig if isinstance(error, DBAPIError) else error
    if not isinstance(cause, sqlite3.Error):
        raise TypeError(error)
    return cause


def _parsed(url: str) -> tuple[str, str]:
    """The path, empty for memory, and how each transaction is flushed."""
    if not url.startswith("sqlite:"):
        return "", "OFF"
    path, _, query = url.removeprefix(_PREFIX).partition("?")
    if not url.startswith(_PREFIX) or not path or path == ":memory:":
        raise InvalidValue("read model URL", url, KNOWN_URLS)
    options = dict(parse_qsl(query, keep_blank_values=True))
    synchronous = options.pop("synchronous", "NORMAL").upper()
    if options or synchronous not in ("FULL", "NORMAL"):
        raise InvalidValue("read model URL", url, f"{_PREFIX}PATH, with ?synchronous=FULL or NORMAL at most")
    return path, synchronous
