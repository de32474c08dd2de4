"""Rows in PostgreSQL, through psycopg's asynchronous connections; handlers stay plain functions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from hashlib import blake2b
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CreateSchema, DropSchema

from ..errors import EventlabError, InvalidValue, Retriable, StoreBusy, StoreFailed, StoreUnavailable
from ..resilience.backoff import Exponential
from ..runtime import random_stream
from .database import Work
from .handling import HandlerRaised, guard

T = TypeVar("T")

CONNECTIONS_MAX: Final = 8
ATTEMPTS_MAX: Final = 8
_BACKOFF: Final = Exponential(0.01, factor=2, cap_s=0.5, jitter=0.5)
_RETRIABLE: Final = ("40001", "40P01", "55P03")
"""Two transactions stood in each other's way; nothing happened."""
_FULL: Final = ("53",)
"""Class of SQLSTATE: no disk, memory or connections left."""


class PostgresBackend:
    """A pool of connections of the loop that first uses it."""

    def __init__(self, url: str) -> None:
        # The package brings the ORM along, unused: it is loaded only by those who come here.
        from sqlalchemy.ext.asyncio import create_async_engine

        try:
            parsed = sa.make_url(url).set(drivername="postgresql+psycopg")
        except sa.exc.ArgumentError as error:
            raise InvalidValue("read model URL", url, "postgresql://USER@HOST/NAME") from error
        self.url = parsed.set(drivername="postgresql").render_as_string(hide_password=True)
        self._engine = create_async_engine(parsed, pool_size=2, max_overflow=CONNECTIONS_MAX - 2)
        # Apart from the others: rebuilds that held theirs would leave none to work with.
        self._sessions = create_async_engine(parsed, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        self.engine = self._engine.sync_engine
        self._closed = False
        guard(self.engine)

    async def transaction(self, work: Work[T], *, beside: str | None, writing: bool) -> T:
        if self._closed:
            raise StoreFailed(self.url, "the read model was closed")
        attempts = 0
        while True:
            attempts += 1
            try:
                return await self._transact(work, beside)
            except StoreBusy:
                if attempts == ATTEMPTS_MAX:
                    raise
                await asyncio.sleep(_BACKOFF.delay_s(attempts, random_stream("projections/busy")))

    async def _transact(self, work: Work[T], beside: str | None) -> T:
        options: dict[str, Any] = {} if beside is None else {"schema_translate_map": {None: beside}}
        try:
            async with self._engine.connect() as connection:
                await connection.execution_options(**options)
                async with connection.begin():
                    return await connection.run_sync(work)
        except HandlerRaised as failed:
            trouble = self._trouble(failed.error)
            if trouble is None:
                raise
            raise trouble from failed.error
        except DBAPIError as error:
            raise self._trouble(error) or StoreFailed(self.url, f"PostgreSQL says: {error.orig}") from error
        except PoolTimeout as error:
            reason = f"all {CONNECTIONS_MAX} connections of this read model are in use"
            raise StoreUnavailable(self.url, reason) from error

    def _trouble(self, error: Exception) -> EventlabError | None:
        """*error* in the words of the package, if the server is to blame and no statement."""
        if not isinstance(error, DBAPIError):
            return None
        state = getattr(error.orig, "sqlstate", None)
        if state in _RETRIABLE:
            return StoreBusy(self.url, 0.0)
        if error.connection_invalidated or (state is None and isinstance(error, sa.exc.OperationalError)):
            return StoreUnavailable(self.url, str(error.orig).strip())
        if state is not None and state.startswith(("08", "57P")):
            return StoreUnavailable(self.url, str(error.orig).strip())
        if state is not None and state.startswith(_FULL):
            return StoreFailed(self.url, f"PostgreSQL says: {error.orig}")
        return None

    @asynccontextmanager
    async def beside(self, prefix: str, name: str) -> AsyncIterator[None]:
        """A schema of its own in the same database."""

        def make(rows: sa.Connection) -> None:
            for left in sa.inspect(rows).get_schema_names():
                if left.startswith(prefix):
                    # Another rebuild may clear it away at the same moment.
                    rows.execute(DropSchema(left, cascade=True, if_exists=True))
            rows.execute(CreateSchema(name))

        def remove(rows: sa.Connection) -> None:
            rows.execute(DropSchema(name, cascade=True, if_exists=True))

        async with self._told_of(prefix):
            await self.transaction(make, beside=None, writing=True)
            try:
                yield
            finally:
                with suppress(Retriable):  # the next rebuild clears it away
                    await self.transaction(remove, beside=None, writing=True)

    async def occupied(self, prefix: str) -> bool | None:
        """Asked of the server, which knows at once when a process has died."""

        def ask(rows: sa.Connection) -> bool:
            return not rows.execute(sa.select(sa.func.pg_try_advisory_xact_lock(_key_of(prefix)))).scalar_one()

        return await self.transaction(ask, beside=None, writing=False)

    @asynccontextmanager
    async def _told_of(self, prefix: str) -> AsyncIterator[None]:
        """Hold a lock of a session, which several may share, for as long as the block runs."""
        async with AsyncExitStack() as until_here:
            try:
                session = await until_here.enter_async_context(self._sessions.connect())
                await session.execute(sa.select(sa.func.pg_advisory_lock_shared(_key_of(prefix))))
            except DBAPIError as error:
                raise self._trouble(error) or StoreFailed(self.url, f"PostgreSQL says: {error.orig}") from error
            yield  # with its connection the lock goes, whatever has happened to it

    async def close(self) -> None:
        self._closed = True
        await self._engine.dispose()
        await self._sessions.dispose()


def _key_of(prefix: str) -> int:
    return int.from_bytes(blake2b(prefix.encode(), digest_size=8).digest(), signed=True)
