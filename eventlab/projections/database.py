"""Where rows live: in memory, in a SQLite file, or in PostgreSQL; one transaction at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import sqlalchemy as sa

from ..errors import InvalidValue
from ..store.closing import Closing

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")
Work = Callable[[sa.Connection], T]

KNOWN_URLS = "memory:, sqlite:///PATH or postgresql://USER@HOST/NAME"


class Backend(Protocol):
    """What differs between databases."""

    url: str
    """Without a password."""
    engine: sa.Engine

    async def transaction(self, work: Work[T], *, beside: str | None, writing: bool) -> T: ...

    def beside(self, prefix: str, name: str) -> AbstractAsyncContextManager[None]: ...

    async def occupied(self, prefix: str) -> bool | None: ...

    async def close(self) -> None: ...


class ReadModel(Closing):
    """The database at *url* that projections keep their rows in: ``memory:``, ``sqlite:///shop.db`` or ``postgresql://…``.

    Several projections may share one, each with tables of its own; it may be
    the database of a store as well. On SQLite a transaction runs on the loop's
    thread, at once, in a world as outside. Only one event loop may use it.
    """

    def __init__(self, url: str) -> None:
        self._backend = _backend(url)

    @property
    def url(self) -> str:
        return self._backend.url

    @property
    def engine(self) -> sa.Engine:
        """For SQLAlchemy's listeners. On PostgreSQL, connections of it work inside `transaction` and `read` alone."""
        return self._backend.engine

    async def transaction(self, work: Work[T], *, beside: str | None = None) -> T:
        """What *work* gives for a connection, committed; or nothing of it. With *beside*, on the doubles of that name.

        Raises StoreBusy, StoreUnavailable or StoreFailed in the words of the
        package where the database is to blame, and what *work* raises.
        """
        return await self._backend.transaction(work, beside=beside, writing=True)

    async def read(self, work: Work[T]) -> T:
        """What *work* gives for a connection that writes nothing."""
        return await self._backend.transaction(work, beside=None, writing=False)

    async def rows(self, query: sa.Table | sa.Select[Any]) -> list[dict[str, Any]]:
        """The rows of a table in the order of its primary key, or those of a query, by the names of their columns."""
        wanted = _query(query)
        return await self.read(lambda rows: [dict(row._mapping) for row in rows.execute(wanted)])

    async def frame(self, query: sa.Table | sa.Select[Any]) -> pd.DataFrame:
        """The same as a DataFrame."""
        import pandas as pd

        wanted = _query(query)

        def fetch(rows: sa.Connection) -> tuple[list[str], list[tuple[Any, ...]]]:
            result = rows.execute(wanted)
            return list(result.keys()), [tuple(row) for row in result]

        names, values = await self.read(fetch)
        return pd.DataFrame.from_records(values, columns=names)

    @asynccontextmanager
    async def beside(self, prefix: str, name: str) -> AsyncIterator[None]:
        """Room for doubles of tables, under *name*, until the block ends.

        What earlier ones left behind, whose names begin with *prefix*, is cleared away first.
        """
        async with self._backend.beside(prefix, name):
            yield

    async def occupied(self, prefix: str) -> bool | None:
        """Whether somebody, in any process, has room beside under such a name; None where nobody can tell."""
        return await self._backend.occupied(prefix)

    async def close(self) -> None:
        """Let go of connections. What is in memory is gone."""
        await self._backend.close()


def _query(query: sa.Table | sa.Select[Any]) -> sa.Select[Any]:
    return sa.select(query).order_by(*query.primary_key.columns) if isinstance(query, sa.Table) else query


def _backend(url: str) -> Backend:
    if not isinstance(url, str):
        raise InvalidValue("read model URL", url, KNOWN_URLS)
    if url in ("memory:", "memory://") or url.startswith("sqlite:"):
        from .sqlite import SqliteBackend

        return SqliteBackend(url)
    if url.startswith(("postgresql:", "postgres:", "postgresql+psycopg:")):
        from .postgres import PostgresBackend

        return PostgresBackend(url)
    raise InvalidValue("read model URL", url, KNOWN_URLS)
