"""Tables are made when somebody asks, once; what they hold is never changed."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from eventlab.codec import Encoded
from eventlab.errors import InvalidValue, SchemaOutdated, SchemaTooNew, StoreFailed
from eventlab.store import open_store
from eventlab.store.postgres import migrate
from eventlab.testing import run
from eventlab.testing.postgres import fresh_url, server_url, unmigrated_url
from eventlab.testing.stores.vocabulary import Noted, raised
from tests.unit.store.postgres.servers import needs_postgres, sql, store_at

pytestmark = needs_postgres


def test_tables_are_not_made_without_being_asked() -> None:
    async def main() -> None:
        url = unmigrated_url()
        async with store_at(url) as store:
            for _ in range(2):
                error = await raised(SchemaOutdated, store.append([("a-1", Noted("1"))]))
                assert (error.found, error.needed) == (0, 1)
            assert await migrate(url) == (0, 1)
            await store.append([("a-1", Noted("1"))])  # the same object: it looks again
            assert await migrate(url) == (1, 1)
            assert len(await store.read_all()) == 1

    run(main())


def test_eight_that_migrate_at_once_do_it_once() -> None:
    async def main() -> None:
        url = unmigrated_url()
        found = await asyncio.gather(*(migrate(url) for _ in range(8)))
        assert sorted(found) == [(0, 1), *[(1, 1)] * 7]

    run(main())


def test_newer_tables_are_left_alone() -> None:
    async def main() -> None:
        url = fresh_url()
        await sql(url, "UPDATE eventlab_schema SET version = 99 WHERE room = 'store'")
        async with store_at(url) as store:
            error = await raised(SchemaTooNew, store.read_all())
        assert (error.found, error.known) == (99, 1)
        await raised(SchemaTooNew, migrate(url))

    run(main())


def test_a_migration_that_fails_leaves_nothing_behind() -> None:
    async def main() -> None:
        url = unmigrated_url()
        await sql(url, "CREATE TABLE receipts (mine integer)")
        assert "already exists" in str(await raised(StoreFailed, migrate(url)))
        assert await sql(url, "SELECT relname::text FROM pg_class WHERE relname IN ('events', 'eventlab_schema')") == []

    run(main())


def test_a_database_in_another_encoding_is_refused() -> None:
    async def main() -> None:
        server = server_url()
        name = unmigrated_url().partition("/eventlab_")[2].partition("?")[0] + "_latin"
        await sql(server, f"CREATE DATABASE l{name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
        error = await raised(StoreFailed, migrate(urlunsplit(urlsplit(server)._replace(path=f"/l{name}"))))
        assert "LATIN1" in str(error)

    run(main())


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET type = 'x'",
        "DELETE FROM events",
        "TRUNCATE events",
        "INSERT INTO events SELECT * FROM events ON CONFLICT (position) DO UPDATE SET type = 'x'",
        "SET session_replication_role = replica; DELETE FROM events",
    ],
)
def test_stored_events_are_never_changed(statement: str) -> None:
    async def main() -> None:
        url = fresh_url()
        async with store_at(url) as store:
            await store.append([("a-1", Noted("1"))])
            before = await store.read_all()
            assert (await raised(psycopg.Error, sql(url, statement))).sqlstate == "EL004"
            assert await store.read_all() == before

    run(main())


def test_two_events_never_have_one_version() -> None:
    async def main() -> None:
        url = fresh_url()
        async with store_at(url) as store:
            await store.append([("a-1", Noted("1"))])
        copy = (
            "INSERT INTO events SELECT position + 1, stream, version, id, type, schema_version, data, metadata, "
            "occurred_at FROM events"
        )
        await raised(psycopg.errors.UniqueViolation, sql(url, copy))

    run(main())


def test_names_and_patterns_compare_as_they_do_everywhere() -> None:
    async def main() -> None:
        from eventlab.store import Filter

        async with store_at(fresh_url()) as store:
            names = ["ä-1", "A-1", "a-1", "a%-1", "a_-1", "ab-1", "a\\-1", "雪-1"]
            await store.append([(name, Noted(name)) for name in names])
            for pattern, found in {
                "a?-1": ["a%-1", "a_-1", "ab-1", "a\\-1"],
                "a%-*": ["a%-1"],
                "a_-*": ["a_-1"],
                "a\\-*": ["a\\-1"],
                "?-1": ["ä-1", "A-1", "a-1", "雪-1"],
                "A*": ["A-1"],
            }.items():
                assert [stored.stream for stored in await store.read_all(where=Filter(streams=pattern))] == found

    run(main())


def test_a_text_that_would_end_at_a_zero_is_refused_not_shortened() -> None:
    async def main() -> None:
        store = open_store(fresh_url())
        await store.append([("a-1", Noted("1"))], command_id="c")
        await raised(InvalidValue, store.append([("a-1", Noted("1"))], command_id="c\0d"))
        await raised(InvalidValue, store.append([("a-1", Encoded("Type\0d", 1, b"{}"))]))
        assert len(await store.read_all()) == 1
        await store.close()

    run(main())
