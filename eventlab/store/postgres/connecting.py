"""Connections to PostgreSQL, and what is asked on them without a detour."""

from __future__ import annotations

import select
from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

import psycopg
from psycopg import AsyncConnection, pq
from psycopg.errors import error_from_result

from ...errors import SchemaOutdated, SchemaTooNew
from .schema import ROOM, SCHEMA_VERSION
from .settings import Settings
from .trouble import explained, unreached
from .waiting import Waiting

LOCK_PATIENCE_S = 5.0
"""How long an append waits for another that writes the same stream."""

_SETTINGS = f"""
SET default_transaction_isolation = 'read committed';
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SELECT set_config('lock_timeout', '{LOCK_PATIENCE_S:g}s', false) WHERE current_setting('lock_timeout') = '0';
"""
# Every statement here has its index. A plan made while a table was small would else read all of it when it is large.

Parameter: TypeAlias = bytes | None
TEXT, BINARY = 0, 1


class Statement:
    """A statement that is prepared once per connection: its name there, its text, and which parameters are binary."""

    __slots__ = ("formats", "name", "result_format", "sql")

    def __init__(self, name: str, sql: str, formats: Sequence[int], result_format: int = TEXT) -> None:
        self.name, self.sql = f"eventlab_{name}".encode(), sql.encode()
        self.formats, self.result_format = list(formats), result_format


class Home(Protocol):
    """Where a connection goes back to."""

    def give(self, session: Session) -> None: ...


class Session:
    """A connection, held as long as it works."""

    __slots__ = ("_driver", "_prepared", "_waiting", "head", "pgconn", "pool")

    pool: Home

    def __init__(self, driver: AsyncConnection[Any]) -> None:
        self._driver = driver
        self.pgconn = driver.pgconn
        self._prepared: set[bytes] = set()
        self._waiting = Waiting(driver)
        self.head = 0
        """Up to here the log is known to be complete."""

    def as_driver(self) -> AsyncConnection[Any]:
        """The driver's connection, which waits for its answers by itself: the socket is watched no longer."""
        self._waiting.pause()
        return self._driver

    async def ask(self, statement: Statement, parameters: Sequence[Parameter]) -> pq.abc.PGresult:
        """The answer to a prepared statement: one round trip, once it is prepared here.

        The driver's cursors would do the same, at three times the cost in this process.
        Raises psycopg.Error; without an ``sqlstate`` if no answer came. Raises NotSent if it was not sent.
        """
        pgconn = self.pgconn
        if statement.name not in self._prepared:
            await self._prepare(statement)
        try:
            pgconn.send_query_prepared(statement.name, parameters, statement.formats, statement.result_format)
        except psycopg.OperationalError as error:
            raise NotSent from error  # a statement begins with its last byte
        return _good(await self._waiting.results())

    async def _prepare(self, statement: Statement) -> None:
        """Raises NotSent: what fails here has not begun."""
        try:
            self.pgconn.send_prepare(statement.name, statement.sql)
            _good(await self._waiting.results())
        except psycopg.Error as error:
            raise NotSent from error
        except BaseException:
            self.drop()  # cancelled meanwhile: the server may have it, and would refuse to prepare it once more
            raise
        self._prepared.add(statement.name)

    def is_idle(self) -> bool:
        """Whether it can be used again: it works, and nothing is left of what was asked before."""
        return self.pgconn.transaction_status == pq.TransactionStatus.IDLE

    def is_alive(self) -> bool:
        """Whether the server is still there, as far as it has told. It tells when it ends a connection that waits."""
        if not self._waiting.has_just_answered():
            try:
                while _readable(self.pgconn.socket):
                    self.pgconn.consume_input()
            except psycopg.Error:
                return False
        return self.pgconn.status == pq.ConnStatus.OK

    def drop(self) -> None:
        """Close it at once, whatever loop it was made on."""
        self._waiting.end(self.pgconn.finish)


def _readable(socket: int) -> bool:
    """Whether something has come, or the end."""
    if not hasattr(select, "poll"):
        return bool(select.select([socket], [], [], 0)[0])
    poll = select.poll()
    poll.register(socket, select.POLLIN)
    return bool(poll.poll(0))


class NotSent(Exception):
    """The connection was lost before the statement was sent: nothing happened. Its cause is the driver's error."""


def _good(results: Sequence[pq.abc.PGresult]) -> pq.abc.PGresult:
    result = results[-1]
    if result.status not in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
        raise error_from_result(result)
    return result


async def connect(settings: Settings) -> AsyncConnection[Any]:
    """A connection that commits each statement by itself. Raises StoreUnavailable, or StoreFailed if it is refused."""
    try:
        # The driver must prepare nothing: after a failed transaction it drops all that is prepared, ours as well.
        return await AsyncConnection.connect(settings.conninfo, autocommit=True, prepare_threshold=None)
    except psycopg.Error as error:
        raise unreached(settings.url, error) from error


async def open_session(settings: Settings) -> Session:
    """A connection to a store whose tables are as they should be. Raises SchemaOutdated or SchemaTooNew."""
    driver = await connect(settings)
    try:
        await driver.execute(_SETTINGS.encode())
        await _check_schema(driver, settings.url)
    except psycopg.Error as error:
        driver.pgconn.finish()
        raise explained(settings.url, error) from error
    except BaseException:
        driver.pgconn.finish()
        raise
    return Session(driver)


async def _check_schema(driver: AsyncConnection[Any], url: str) -> None:
    try:
        cursor = await driver.execute("SELECT version FROM eventlab_schema WHERE room = %s", (ROOM,))
        row = await cursor.fetchone()
    except psycopg.errors.UndefinedTable:
        row = None
    found = 0 if row is None else int(row[0])
    if found < SCHEMA_VERSION:
        raise SchemaOutdated(url, found, SCHEMA_VERSION)
    if found > SCHEMA_VERSION:
        raise SchemaTooNew(url, found, SCHEMA_VERSION)
