"""What the tests of the store in PostgreSQL share: transactions that are held open, and a line that can be cut."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from eventlab.runtime import new_id
from eventlab.store import PortableStore, open_store
from eventlab.testing.postgres import available

needs_postgres = pytest.mark.skipif(bool(available()), reason=available())

_ONE = (
    "SELECT out_position FROM eventlab_append_one(%s::text, -1, %s::uuid, 'eventlab.testing.Noted', 1, %b, %b, now(), "
    "NULL, NULL)"
)
_TWO = (
    "SELECT out_positions FROM eventlab_append(%s::text[], ARRAY[-1, -1], 2, ARRAY[1, 2], %s::uuid[], "
    "array_fill('eventlab.testing.Noted'::text, ARRAY[2]), ARRAY[1, 1], ARRAY[%b, %b]::bytea[], %b, now(), NULL, NULL)"
)
NOTE = b'{"text":"held"}'


class Writer:
    """An append in a transaction that ends when the test says so."""

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self.connection = connection

    async def take(self, stream: str) -> int:
        """Write one event, and tell its position; nobody sees it yet."""
        found = await self.connection.execute(_ONE, (stream, new_id(), NOTE, b"{}"))
        return int((await found.fetchone() or (0,))[0])

    async def take_two(self, one: str, other: str) -> list[int]:
        ids = [new_id(), new_id()]
        found = await self.connection.execute(_TWO, ([one, other], ids, NOTE, NOTE, b"{}"))
        return list((await found.fetchone() or ([],))[0])


@asynccontextmanager
async def writer(url: str) -> AsyncIterator[Writer]:
    connection = await psycopg.AsyncConnection.connect(url)
    try:
        yield Writer(connection)
    finally:
        await connection.close()


@asynccontextmanager
async def store_at(url: str) -> AsyncIterator[PortableStore]:
    store = open_store(url, name="under test")
    try:
        yield store
    finally:
        await store.close()


async def sql(url: str, statement: str, *arguments: object) -> list[tuple[Any, ...]]:
    """What a statement gives on a connection of its own."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        found = await connection.execute(statement.encode(), arguments or None)
        return await found.fetchall() if found.description else []


class Line:
    """A way to the server that can be cut: before a request has arrived, or before its answer has."""

    def __init__(self, url: str) -> None:
        self._to = conninfo_to_dict(url)
        self.cut_before_request = self.cut_before_answer = self.refuse = False

    @property
    def url(self) -> str:
        user, database = self._to.get("user", "postgres"), self._to["dbname"]
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}?pool=1&sslmode=disable&gssencmode=disable"

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, port = str(self._to.get("host", "localhost")), self._to.get("port") or 5432
        if host.startswith("/"):
            return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        return await asyncio.open_connection(host, int(port))

    async def _serve(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        if self.refuse:
            to_client.transport.abort()
            return
        from_server, to_server = await self._connect()

        async def requests() -> None:
            while data := await from_client.read(65536):
                if self.cut_before_request:
                    break
                to_server.write(data)

        async def answers() -> None:
            while data := await from_server.read(65536):
                if self.cut_before_answer:
                    break
                to_client.write(data)

        both = [asyncio.ensure_future(requests()), asyncio.ensure_future(answers())]
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        for task in both:
            task.cancel()
        to_client.transport.abort()
        to_server.close()

    async def __aenter__(self) -> Line:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._server.close()
