"""Lines that are cut, servers that go away, callers that are cancelled: what is known then, and what comes after."""

from __future__ import annotations

import asyncio
import gc
import warnings

import psycopg
import pytest

from eventlab.errors import AppendUnknown, NotSimulated, StoreBusy, StoreFailed, StoreUnavailable
from eventlab.simulation import World
from eventlab.store import open_store
from eventlab.store.postgres import waiting
from eventlab.store.postgres.connecting import NotSent, Statement
from eventlab.store.postgres.store import PostgresStore
from eventlab.testing import run
from eventlab.testing.postgres import fresh_url
from eventlab.testing.stores.vocabulary import Noted, places, raised, texts
from tests.unit.store.postgres.servers import Line, needs_postgres, sql, store_at, writer

pytestmark = needs_postgres

PATIENT = "&options=-c%20lock_timeout%3D300s"
END_ALL = """SELECT pid, pg_terminate_backend(pid, 9000) FROM pg_stat_activity
    WHERE pid <> pg_backend_pid() AND datname = %s"""

END_WAITING = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'"""


async def end_all(url: str) -> None:
    """The server ends every connection to this database."""
    ((name,),) = await sql(url, "SELECT current_database()")
    ended = [pid for pid, _ in await sql(url, END_ALL, name)]
    # Those and no others: a store may be connected again before the last of them has gone.
    while (await sql(url, "SELECT count(*) FROM pg_stat_activity WHERE pid = ANY(%s)", ended))[0][0]:
        pass


def end_all_at_a_standstill(url: str) -> None:
    """The same, while the loop has no turn."""
    with psycopg.connect(url, autocommit=True) as elsewhere:
        (name,) = elsewhere.execute("SELECT current_database()").fetchone() or ("",)
        ended = [pid for pid, _ in elsewhere.execute(END_ALL, (name,)).fetchall()]
        while elsewhere.execute("SELECT FROM pg_stat_activity WHERE pid = ANY(%s)", (ended,)).fetchone():
            pass


@pytest.mark.parametrize("committed", [True, False])
def test_an_append_whose_answer_never_came_is_unknown_and_the_receipt_tells(committed: bool) -> None:
    async def main() -> None:
        url = fresh_url()
        async with Line(url) as line, store_at(line.url) as store:
            await store.append([("a-1", Noted("1"))])
            line.cut_before_answer, line.cut_before_request = committed, not committed
            event = [("a-1", Noted("2"))]
            await raised(AppendUnknown, store.append(event, expect={"a-1": 1}, command_id="c-1"))
            line.cut_before_answer = line.cut_before_request = False
            receipt = await store.receipt("c-1")
            assert (receipt is not None) == committed
            assert texts(await store.read("a-1")) == ["1", "2"][: 1 + committed]
            again = await store.append(event, expect={"a-1": 1}, command_id="c-1")
            assert (again.repeated, texts(await store.read("a-1"))) == (committed, ["1", "2"])

    run(main())


def test_a_server_that_is_not_reached_has_written_nothing() -> None:
    async def main() -> None:
        url = fresh_url()
        async with Line(url) as line, store_at(line.url) as store:
            line.refuse = True
            await raised(StoreUnavailable, store.append([("a-1", Noted("1"))]))
            await raised(StoreUnavailable, store.read("a-1"))  # never reached: it is not waited for
            line.refuse = False
            await store.append([("a-1", Noted("2"))])
            assert texts(await store.read_all()) == ["2"]

    run(main())


def test_a_connection_that_ended_while_it_was_idle_is_replaced_before_anything_is_sent() -> None:
    async def main() -> None:
        url = fresh_url()
        async with store_at(url) as store:
            for number in range(1, 4):
                await store.append([("a-1", Noted(str(number)))])
                await end_all(url)
            assert texts(await store.read("a-1")) == ["1", "2", "3"]

    run(main())


def test_a_connection_that_ended_while_the_loop_stood_still_is_replaced_as_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The loop watches the socket, and has had no turn to see that it was closed."""
    monkeypatch.setattr(waiting, "JUST_S", 0.0)

    async def main() -> None:
        url = fresh_url()
        async with store_at(url) as store:
            await store.append([("a-1", Noted("1"))])
            end_all_at_a_standstill(url)
            await store.append([("a-1", Noted("2"))])
            assert texts(await store.read_all()) == ["1", "2"]

    run(main())


@pytest.mark.parametrize("prepared", [True, False])
def test_what_a_lost_connection_does_not_send_has_not_happened(prepared: bool) -> None:
    """An append whose outcome is unknown is never tried again by itself; one that was never sent is known."""
    question = Statement("question", "SELECT 1", [])

    async def main() -> None:
        url = fresh_url()
        async with store_at(url) as store:
            session = await store._connections.take()  # type: ignore[attr-defined]
            if prepared:
                await session.ask(question, ())
            session.pgconn.finish()
            await raised(NotSent, session.ask(question, ()))
            session.pool.give(session)
            assert len((await store.append([("a-1", Noted("1"))])).positions) == 1

    run(main())


def test_stores_that_follow_each_other_on_one_loop_leave_no_socket_watched() -> None:
    """The next connection may get the number of one that was closed."""

    async def main() -> None:
        url = fresh_url()
        for number in range(5):
            async with store_at(url) as store:
                await store.append([("a-1", Noted(str(number)))])
                assert len(await store.read_all()) == number + 1

    run(main())


def test_a_connection_that_ended_before_it_was_handed_on_is_replaced_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "JUST_S", 0.0)

    async def main() -> None:
        url = fresh_url()
        async with store_at(f"{url}&pool=1") as store:
            await store.append([("a-1", Noted("0"))])
            lent = await store._connections.take()  # type: ignore[attr-defined]
            in_line = asyncio.ensure_future(store.append([("a-1", Noted("1"))]))
            await asyncio.sleep(0)
            end_all_at_a_standstill(url)
            store._connections.give(lent)  # type: ignore[attr-defined]
            await in_line
            assert texts(await store.read("a-1")) == ["0", "1"]

    run(main())


def test_a_store_that_was_forgotten_gives_its_connections_back() -> None:
    """The loop watches their sockets, and holds nothing else of them."""

    async def main() -> None:
        url = fresh_url()
        store = open_store(url)
        await store.append([("a-1", Noted("1"))])
        (name,) = (await sql(url, "SELECT current_database()"))[0]
        await store._notifier.finish()
        del store
        gc.collect()
        while (
            await sql(url, "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = %s", name)
        )[0][0]:
            gc.collect()  # an alarm of the notifier may have held it a moment longer

    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        run(main())


def test_a_read_whose_connection_is_cut_is_asked_again() -> None:
    async def main() -> None:
        url = fresh_url()
        async with Line(url) as line, store_at(line.url) as store:
            await store.append([("a-1", Noted("1"))])
            line.cut_before_answer = True
            reading = asyncio.ensure_future(store.read("a-1"))
            asyncio.get_running_loop().call_later(0.05, setattr, line, "cut_before_answer", False)
            assert texts(await reading) == ["1"]

    run(main())


def test_a_server_that_ends_the_connection_of_a_waiting_append_says_so() -> None:
    async def main() -> None:
        url = fresh_url()
        async with store_at(url + PATIENT) as store, writer(url) as other:
            await other.take("a-1")
            appending = asyncio.ensure_future(store.append([("a-1", Noted("1"))], command_id="c-1"))
            await until_somebody_waits(url)
            await sql(url, END_WAITING)  # and not whom it waits for: it might go on just before its own end
            await raised(StoreUnavailable, appending)
            assert (await store.receipt("c-1"), await store.read_all()) == (None, [])

    run(main())


def test_a_cancelled_append_is_stopped_whole_and_its_connection_used_again() -> None:
    async def main() -> None:
        url = fresh_url()
        async with store_at(f"{url}&pool=1{PATIENT}") as store, writer(url) as other:
            await other.take("a-1")
            appending = asyncio.ensure_future(store.append([("a-1", Noted("1"))], command_id="c-1"))
            await until_somebody_waits(url)
            appending.cancel()
            await raised(asyncio.CancelledError, appending)  # type: ignore[type-var]
            await other.connection.rollback()
            assert (await store.receipt("c-1"), await store.read_all()) == (None, [])
            await store.append([("a-1", Noted("2"))], command_id="c-1")
            assert texts(await store.read_all()) == ["2"]

    run(main())


def test_many_callers_that_are_cancelled_leave_every_connection_usable() -> None:
    async def main() -> None:
        url = fresh_url()
        async with store_at(f"{url}&pool=2") as store:
            for round_ in range(5):
                tasks = [
                    asyncio.ensure_future(store.append([(f"a-{n}", Noted("1"))], command_id=f"{round_}/{n}"))
                    for n in range(10)
                ]
                for _ in range(round_ * 3):
                    await asyncio.sleep(0)
                for task in tasks[::2]:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                # Whoever was cancelled has written once or not at all, and the receipt knows.
                for n in range(10):
                    await store.append([(f"a-{n}", Noted("1"))], command_id=f"{round_}/{n}")
            assert sorted(places(await store.read_all())) == [(f"a-{n}", v) for n in range(10) for v in range(1, 6)]

    run(main())


def test_an_append_that_waits_too_long_for_a_stream_is_busy() -> None:
    async def main() -> None:
        url = fresh_url()
        async with store_at(f"{url}&options=-c%20lock_timeout%3D50ms") as store, writer(url) as other:
            await other.take("a-1")
            await raised(StoreBusy, store.append([("a-1", Noted("1"))]))
            await other.connection.rollback()
            await store.append([("a-1", Noted("2"))])
            assert texts(await store.read_all()) == ["2"]

    run(main())


def test_a_read_only_server_is_named() -> None:
    async def main() -> None:
        async with store_at(f"{fresh_url()}&options=-c%20default_transaction_read_only%3Don") as store:
            error = await raised(StoreFailed, store.append([("a-1", Noted("1"))]))
            assert "read-only" in str(error) and "nothing was written" in str(error)
            assert await store.read_all() == []

    run(main())


def test_a_database_that_is_not_there_is_no_reason_to_try_again() -> None:
    async def main() -> None:
        async with store_at(fresh_url().replace("/eventlab_", "/missing_")) as store:
            assert "does not exist" in str(await raised(StoreFailed, store.read_all()))

    run(main())


def test_a_store_serves_one_loop_after_another_and_holds_no_more_connections_than_it_may() -> None:
    url = fresh_url()
    store = open_store(f"{url}&pool=3", name="under test")

    async def use() -> None:
        await asyncio.gather(*(store.append([(f"a-{n}", Noted("1"))]) for n in range(20)))
        mine = "application_name = 'eventlab' AND datname = current_database()"
        while (await sql(url, f"SELECT count(*) FROM pg_stat_activity WHERE {mine}"))[0][0] != 3:
            pass  # those of the loop before may still be going

    for _ in range(3):
        run(use())

    async def end() -> None:
        assert len(await store.read_all()) == 60
        await store.close()
        await raised(StoreFailed, store.read_all())

    run(end())


@pytest.mark.parametrize("next_", ["loop", "close"])
def test_what_was_lent_when_its_loop_was_closed_is_closed_as_well(next_: str) -> None:
    """As to a wake-up that begins while the loop is being closed: nobody goes on with it."""
    store = open_store(fresh_url(), name="under test")
    assert isinstance(store, PostgresStore)
    lent = []

    async def leave() -> None:
        lent.append(await store._connections.take())

    async def go_on() -> None:
        if next_ == "loop":
            await store.append([("a-1", Noted("1"))])
        await store.close()

    run(leave())
    assert lent[0].pgconn.status == psycopg.pq.ConnStatus.OK
    run(go_on())
    assert lent[0].pgconn.status == psycopg.pq.ConnStatus.BAD


def test_in_a_world_it_says_what_to_use_instead() -> None:
    url = fresh_url()

    async def opened_inside() -> None:
        open_store(url)

    with pytest.raises(NotSimulated, match="sqlite"):
        World(seed=1).run(opened_inside())
    store = open_store(url)

    async def used_inside() -> None:
        await store.append([("a-1", Noted("1"))])

    with pytest.raises(NotSimulated, match="memory"):
        World(seed=1).run(used_inside())


async def until_somebody_waits(url: str) -> None:
    """Look until a connection to this database waits for an advisory lock."""
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    while not (await sql(url, waiting))[0][0]:
        pass
