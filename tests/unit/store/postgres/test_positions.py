"""The log is read up to where it is complete: the cases of the proof, each with transactions that the test holds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import psycopg

from eventlab.errors import InvalidValue
from eventlab.store import Filter, PassingStore, PortableStore, StoredEvent
from eventlab.store.subscription import read_page
from eventlab.testing import run
from eventlab.testing.postgres import fresh_url
from eventlab.testing.stores.vocabulary import Noted, places, raised
from tests.unit.store.postgres.servers import Writer, needs_postgres, sql, store_at, writer

pytestmark = needs_postgres


def told(story: Callable[[str, PortableStore, Writer, Writer], Awaitable[None]]) -> None:
    async def main() -> None:
        url = fresh_url()
        async with store_at(url) as store, writer(url) as one, writer(url) as other:
            await story(url, store, one, other)

    run(main())


def test_an_append_under_way_holds_the_head_and_nothing_else() -> None:
    async def story(_: str, store: PortableStore, one: Writer, __: Writer) -> None:
        before = (await store.append([("a-1", Noted("before"))])).positions[-1]
        await one.take("b-1")
        after = (await store.append([("a-1", Noted("after"))])).positions[-1]
        assert (await store.head(), places(await store.read_all())) == (before, [("a-1", 1)])
        assert places(await store.read("a-1")) == [("a-1", 1), ("a-1", 2)]
        await one.connection.commit()
        assert (await store.head(), places(await store.read_all(before))) == (after, [("b-1", 1), ("a-1", 2)])

    told(story)


def test_an_append_that_is_given_up_leaves_a_gap_and_frees_the_head() -> None:
    async def story(_: str, store: PortableStore, one: Writer, __: Writer) -> None:
        gap = await one.take("b-1")
        after = (await store.append([("a-1", Noted("after"))])).positions[-1]
        await one.connection.rollback()
        assert (gap < after, await store.head()) == (True, after)
        await one.take("b-1")
        await one.connection.rollback()
        assert await store.head() == after, "what was never committed is no end of the log"

    told(story)


def test_the_first_append_of_all_holds_the_head_at_zero() -> None:
    async def story(_: str, store: PortableStore, one: Writer, other: Writer) -> None:
        await one.take("a-1")
        await other.take("b-1")
        await other.connection.commit()
        assert (await store.head(), await store.read_all()) == (0, [])

    told(story)


def test_the_head_does_not_cut_an_append_in_two() -> None:
    """One takes a position between the two of another: what it announces lies in the middle of that append."""

    async def story(url: str, store: PortableStore, one: Writer, other: Writer) -> None:
        (first,) = (await store.append([("z-1", Noted("before"))])).positions
        positions = await one.take_two("a-1", "b-1")
        # The other announced what it saw after the first of the two: put in by hand, as it depends on a moment.
        await other.connection.execute("SELECT pg_advisory_xact_lock_shared((x'65E'::int << 20), %s)", (positions[0],))
        await one.connection.commit()
        assert (await store.head(), places(await store.read_all(first))) == (first, [])
        await other.connection.commit()
        assert places(await store.read_all(first)) == [("a-1", 1), ("b-1", 1)]

    told(story)


STALLED = "SELECT pg_advisory_xact_lock_shared((x'65E'::int << 20), %s)"
"""An append that had read where the log stood, was held up, and announces that only now: put in by hand, as above."""


async def six(store: PortableStore) -> list[int]:
    return [(await store.append([("a-1", Noted(str(n)))])).positions[0] for n in range(6)]


def test_what_was_complete_stays_so_while_an_append_announces_late() -> None:
    async def story(url: str, store: PortableStore, one: Writer, _: Writer) -> None:
        positions = await six(store)
        assert await store.head() == positions[-1]
        await one.connection.execute(STALLED, (positions[1],))
        assert (await store.head(), len(await store.read_all())) == (positions[-1], 6)
        async with store_at(url) as other:  # it has seen nothing yet, and goes by what is announced
            assert (await other.head(), len(await other.read_all())) == (positions[1], 2)
        await one.take("b-1")
        assert await store.head() == positions[-1]

    told(story)


def test_nothing_is_passed_over_where_an_append_announces_late_between_the_head_and_the_page() -> None:
    async def story(_: str, store: PortableStore, one: Writer, __: Writer) -> None:
        positions = await six(store)

        class Late(PassingStore):
            async def read_all(self, after: int = 0, **options: Any) -> list[StoredEvent]:
                await one.connection.execute(STALLED, (positions[1],))
                return await super().read_all(after, **options)

        events, reached = await read_page(Late(store), 0, Filter(categories=("a",)), 100)
        assert ([stored.position for stored in events], reached) == (positions, positions[-1])

    told(story)


def test_a_log_that_lost_its_end_beneath_a_store_is_complete_as_far_as_it_goes() -> None:
    async def story(url: str, store: PortableStore, _: Writer, __: Writer) -> None:
        positions = await six(store)
        assert await store.head() == positions[-1]
        await sql(url, "ALTER TABLE events DISABLE TRIGGER ALL")
        await sql(url, "DELETE FROM events WHERE position > %s", positions[2])
        assert (await store.head(), len(await store.read_all())) == (positions[2], 3)

    told(story)


def test_who_looked_between_the_positions_of_an_append_sees_nothing_of_it() -> None:
    """The last position is looked at first, the locks after: meanwhile an append may take more, commit and be gone."""

    async def story(url: str, store: PortableStore, __: Writer, ___: Writer) -> None:
        (first,) = (await store.append([("z-1", Noted("before"))])).positions
        one, other = (await store.append([("a-1", Noted("1")), ("b-1", Noted("2"))])).positions
        await sql(url, "SELECT setval('event_positions', %s)", one)  # so it was at that moment
        assert (await store.head(), places(await store.read_all(first))) == (first, [])
        await sql(url, "SELECT setval('event_positions', %s)", other)
        assert places(await store.read_all(first)) == [("a-1", 1), ("b-1", 1)]

    told(story)


def test_positions_beyond_32_bits_hold_the_head_as_well() -> None:
    async def story(url: str, store: PortableStore, one: Writer, _: Writer) -> None:
        await sql(url, "SELECT setval('event_positions', 7 * 4294967296 + 4294967290)")
        before = (await store.append([("a-1", Noted("1"))])).positions[-1]
        for _number in range(10):
            held = await one.take("b-1")
        await store.append([("a-1", Noted("2"))])
        assert (before < held, held >> 32, await store.head()) == (True, 8, before)
        await one.connection.commit()
        assert len(await store.read_all()) == 12

    told(story)


def test_what_is_under_way_in_another_database_holds_nothing() -> None:
    async def story(_: str, store: PortableStore, __: Writer, ___: Writer) -> None:
        async with writer(fresh_url()) as elsewhere:
            await elsewhere.take("a-1")
            after = (await store.append([("a-1", Noted("1"))])).positions[-1]
            assert await store.head() == after

    told(story)


def test_under_another_isolation_level_nothing_is_promised_and_nothing_done() -> None:
    async def story(_: str, __: PortableStore, one: Writer, other: Writer) -> None:
        await one.connection.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)
        error = await raised(psycopg.Error, one.take("a-1"))
        assert error.sqlstate == "EL005"
        await other.connection.set_isolation_level(psycopg.IsolationLevel.SERIALIZABLE)
        assert (await raised(psycopg.Error, other.connection.execute("SELECT eventlab_head()"))).sqlstate == "EL005"

    told(story)


def test_a_session_that_would_default_to_another_level_is_set_right() -> None:
    async def main() -> None:
        url = fresh_url()
        async with store_at(f"{url}&options=-c%20default_transaction_isolation%3Dserializable") as store:
            await store.append([("a-1", Noted("1"))], expect={"a-1": 0})
            assert len(await store.read_all()) == 1

    run(main())


def test_what_is_taken_in_waits_for_appends_under_way_and_the_log_goes_on_after_it() -> None:
    async def story(_: str, store: PortableStore, one: Writer, __: Writer) -> None:
        async with store_at(fresh_url()) as source:
            await source.append([("x-1", Noted("1")), ("y-1", Noted("2"))])
            events = await source.read_all()
        await one.take("b-1")
        await one.connection.commit()
        await raised(InvalidValue, store.restore(events))  # position 1 is taken
        (last,) = (await store.append([("a-1", Noted("1"))])).positions
        moved = [type(stored)(*(last + 1000 + n, *_rest(stored))) for n, stored in enumerate(events)]
        await store.restore(moved)
        (after,) = (await store.append([("a-1", Noted("2"))])).positions
        assert after == moved[-1].position + 1
        assert [stored.position for stored in await store.read_all(last)] == [last + 1000, last + 1001, after]

    told(story)


def _rest(stored: object) -> tuple[object, ...]:
    names = ("stream", "version", "id", "type", "schema_version", "data", "metadata", "occurred_at")
    return tuple(getattr(stored, name) for name in names)
