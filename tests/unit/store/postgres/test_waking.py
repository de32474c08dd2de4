"""Who waits for the log to grow is told by other programs; and looks by himself where nobody tells."""

from __future__ import annotations

import asyncio
from threading import Thread
from typing import Any

import pytest

from eventlab.errors import StoreFailed
from eventlab.store import subscribe
from eventlab.store.postgres import store as module
from eventlab.store.postgres.store import PostgresStore
from eventlab.testing import run
from eventlab.testing.postgres import fresh_url
from eventlab.testing.stores.vocabulary import Noted
from tests.unit.store.postgres.servers import needs_postgres, sql, store_at, writer

pytestmark = needs_postgres

LISTENING = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%%' AND state = 'idle' AND datname = %s"
PATIENCE_S = 30.0


async def until_it_listens(url: str) -> None:
    ((name,),) = await sql(url, "SELECT current_database()")
    while not (await sql(url, LISTENING, name))[0][0]:
        pass


def test_an_append_of_another_program_wakes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_EVERY_S", 1000.0)  # nothing but the wake-up can help

    async def main() -> None:
        url = fresh_url()
        async with store_at(url) as one, store_at(url) as other:
            waiting = asyncio.ensure_future(one.changed(0))
            await until_it_listens(url)
            await other.append([("a-1", Noted("1"))])
            async with asyncio.timeout(PATIENCE_S):
                await waiting

    run(main())


def test_what_nobody_tells_is_found_by_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_EVERY_S", 0.001)

    async def main() -> None:
        url = fresh_url()
        async with store_at(url) as store, writer(url) as silent:
            waiting = asyncio.ensure_future(store.changed(0))
            await silent.take("a-1")
            await silent.connection.commit()
            async with asyncio.timeout(PATIENCE_S):
                await waiting

    run(main())


def test_a_listener_that_lost_its_connection_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_EVERY_S", 0.001)

    async def main() -> None:
        url = fresh_url()
        async with store_at(url) as store, store_at(url) as other:
            waiting = asyncio.ensure_future(store.changed(0))
            await until_it_listens(url)
            await sql(url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'")
            await other.append([("a-1", Noted("1"))])
            async with asyncio.timeout(PATIENCE_S):
                await waiting

    run(main())


async def followed(store: PostgresStore) -> None:
    with pytest.raises(StoreFailed, match="the store was closed"):
        async for _ in subscribe(store):
            pass


def listening() -> list[asyncio.Task[Any]]:
    return [task for task in asyncio.all_tasks() if task.get_name() == "eventlab listener"]


def test_followers_of_a_store_that_is_being_closed_do_not_begin_to_listen_anew() -> None:
    async def main() -> None:
        url = fresh_url()
        for _ in range(10):  # each of which would, as often as not
            async with store_at(url) as store:
                following = [asyncio.ensure_future(followed(store)) for _ in range(20)]
                await until_it_listens(url)
                await store.append([("a-1", Noted("1"))])
            await asyncio.gather(*following)
            assert listening() == []

    run(main())


def test_closing_ends_the_listening_of_every_loop() -> None:
    ended: list[bool] = []

    async def follow(store: PostgresStore) -> None:
        await followed(store)
        _, still = await asyncio.wait(listening(), timeout=PATIENCE_S) if listening() else (set(), set())
        ended.append(not still)

    async def main() -> None:
        url = fresh_url()
        async with store_at(url) as store:
            another = Thread(target=lambda: run(follow(store)))
            another.start()
            await until_it_listens(url)
        await asyncio.to_thread(another.join)

    run(main())
    assert ended == [True]


def test_a_loop_that_ends_takes_no_wake_up_of_another_one_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_EVERY_S", 1000.0)

    async def main() -> None:
        url = fresh_url()
        async with store_at(url) as store, store_at(url) as other:
            waiting = asyncio.ensure_future(other.changed(0))
            await until_it_listens(url)
            await store.append([("a-1", Noted("1"))])  # the wake-up is due, and not sent yet
            elsewhere = Thread(target=run, args=(store.append([("b-1", Noted("2"))]),))
            elsewhere.start()
            elsewhere.join()
            async with asyncio.timeout(PATIENCE_S):
                await waiting

    run(main())
