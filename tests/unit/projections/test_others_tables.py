"""A projection makes, changes and drops tables of its own alone: never a store's, never anybody else's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ENUM

from eventlab.errors import ProjectionMisdefined
from eventlab.projections import Projection, ProjectionRunner, ReadModel
from eventlab.projections import tables as tables_module
from eventlab.projections.tables import OWN_PREFIX, STORE_NAMES
from eventlab.store import MemoryStore, open_store
from eventlab.testing import run
from eventlab.testing.postgres import available, fresh_url
from tests.unit.projections.accounts import DATABASES, Moved, Opened, a_view, accounts, by_hand, database_at

STORES = DATABASES[1:]

NAMES_IN_SQLITE = "SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"
NAMES_IN_POSTGRES = """
SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
UNION SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION SELECT tgname FROM pg_trigger WHERE NOT tgisinternal
"""


def store_url(kind: str, folder: Path) -> str:
    return f"sqlite:///{folder / 'shop.db'}" if kind == "sqlite" else fresh_url()


def one_table(name: str, version: int = 1, *columns: sa.Column[str], projection: str = "view") -> Projection:
    table = sa.Table(name, sa.MetaData(), sa.Column("id", sa.String(50), primary_key=True), *columns)
    view = Projection(projection, tables=[table], version=version)
    view.on(Opened)(lambda rows, event, stored: rows.execute(sa.insert(table).values(id=stored.stream)))
    return view


@pytest.fixture
def nothing_is_reserved(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a name had been forgotten in the list: the books have to hold by themselves."""
    monkeypatch.setattr(tables_module, "STORE_NAMES", frozenset())


@pytest.mark.parametrize("kind", STORES)
def test_whatever_a_store_makes_has_a_reserved_name(kind: str, tmp_path: Path) -> None:
    async def main() -> set[str]:
        url = store_url(kind, tmp_path)
        store = open_store(url)
        await store.append([("acc-1", Opened("ada"))])
        await store.close()
        async with ReadModel(url) as database:
            query = NAMES_IN_SQLITE if kind == "sqlite" else NAMES_IN_POSTGRES
            return await database.read(lambda rows: set(rows.execute(sa.text(query)).scalars()))

    made = run(main())
    others = {name for name in made if not name.startswith(OWN_PREFIX)}
    assert others <= STORE_NAMES and {"events", "receipts", "records"} <= others
    assert kind == "sqlite" or "event_positions" in others


def test_no_name_is_reserved_that_no_store_makes() -> None:
    written = "".join(path.read_text() for path in Path("eventlab/store").glob("*/schema.py"))
    by_the_server = {"events_pkey", "events_stream_version_key", "receipts_pkey", "records_pkey"}
    assert all(name in written for name in STORE_NAMES - by_the_server)


@pytest.mark.parametrize("name", ["events", "receipts", "records"])
@pytest.mark.parametrize("kind", STORES)
def test_an_empty_table_of_the_store_is_not_taken_over(
    kind: str, name: str, tmp_path: Path, nothing_is_reserved: None
) -> None:
    async def main() -> None:
        url = store_url(kind, tmp_path)
        store = open_store(url)
        await store.head()
        async with ReadModel(url) as database:
            for version in (1, 2):
                with pytest.raises(ProjectionMisdefined, match=f"table '{name}' is there already"):
                    await ProjectionRunner(store, one_table(name, version), database).catch_up()
        await store.append([("acc-1", Opened("ada"))])
        assert [each.event for each in await store.read_all()] == [Opened("ada")]
        await store.close()

    run(main())


@pytest.mark.parametrize("how", [ProjectionRunner.catch_up, ProjectionRunner.rebuild, ProjectionRunner.reset])
@pytest.mark.parametrize("kind", STORES)
def test_a_new_version_does_not_drop_what_the_one_before_did_not_make(
    kind: str, how: Callable[[ProjectionRunner], object], tmp_path: Path, nothing_is_reserved: None
) -> None:
    async def main() -> None:
        url = store_url(kind, tmp_path)
        store = open_store(url)
        await store.append([("acc-1", Opened("ada"))])
        async with ReadModel(url) as database:
            older = one_table("names")
            await ProjectionRunner(store, older, database).catch_up()
            newer = ProjectionRunner(store, one_table("events", version=2), database)
            with pytest.raises(ProjectionMisdefined, match="table 'events' is there already"):
                await how(newer)  # type: ignore[misc]
            assert await database.rows(older.tables[0]) == [{"id": "acc-1"}]
            if how is not ProjectionRunner.reset:
                assert "table 'events' is there already" in (await newer.progress()).rebuild_failed
        assert [each.event for each in await store.read_all()] == [Opened("ada")]
        await store.close()

    run(main())


@pytest.mark.parametrize("kind", STORES)
def test_books_of_old_that_claim_a_table_of_the_store_do_not_drop_it(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        url = store_url(kind, tmp_path)
        store = open_store(url)
        await store.append([("acc-1", Opened("ada"))])
        async with ReadModel(url) as database:
            with monkeypatch.context() as patched:
                patched.setattr(tables_module, "STORE_NAMES", frozenset())
                careless = one_table("events")
                patched.setattr(tables_module, "first_foreign", lambda *_: None)
                patched.setattr("eventlab.projections.books.first_foreign", lambda *_: None)
                patched.setattr("eventlab.projections.books.make", lambda *_: None)
                await ProjectionRunner(store, careless, database).pause()
                await ProjectionRunner(store, careless, database).resume()
            newer = one_table("names", version=2)
            await ProjectionRunner(store, newer, database).catch_up()
            assert await database.rows(newer.tables[0]) == [{"id": "acc-1"}]
        assert [each.event for each in await store.read_all()] == [Opened("ada")]
        await store.close()

    run(main())


@pytest.mark.parametrize("kind", STORES)
def test_a_read_model_beside_the_events_leaves_them_be(kind: str, tmp_path: Path) -> None:
    """Made while the store is empty, rebuilt as another version, reset: the log is as it was."""
    log: list[tuple[str, object]] = [("acc-1", Opened("ada")), ("acc-1", Moved(3))]

    async def main() -> None:
        url = store_url(kind, tmp_path)
        store = open_store(url)
        async with ReadModel(url) as database:
            await ProjectionRunner(store, a_view(), database).catch_up()
            await store.append(log)
            newer = ProjectionRunner(store, a_view(version=2), database)
            await newer.catch_up()
            await newer.reset()
            await newer.catch_up()
            assert await database.rows(accounts) == by_hand(log)["accounts"]
        assert [(each.stream, each.event) for each in await store.read_all()] == log
        await store.append([("acc-1", Moved(4))])
        await store.close()

    run(main())


@pytest.mark.parametrize("kind", DATABASES)
def test_a_view_of_somebody_else_is_not_written_through(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with database_at(kind, tmp_path) as database:
            await database.transaction(lambda rows: rows.execute(sa.text("CREATE VIEW names AS SELECT 1 AS id")))
            with pytest.raises(ProjectionMisdefined, match="table 'names' is there already"):
                await ProjectionRunner(MemoryStore(), one_table("names"), database).catch_up()

    run(main())


def test_to_sqlite_a_name_is_the_same_in_capital_letters(tmp_path: Path) -> None:
    async def main() -> None:
        store = MemoryStore()
        await store.append([("acc-1", Opened("ada"))])
        async with database_at("sqlite", tmp_path) as database:
            await ProjectionRunner(store, one_table("names"), database).catch_up()
            with pytest.raises(ProjectionMisdefined, match="filled by projection 'view' already"):
                await ProjectionRunner(store, one_table("NAMES", projection="thief"), database).catch_up()
            renamed = one_table("Names", version=2)
            await ProjectionRunner(store, renamed, database).catch_up()
            assert await database.rows(renamed.tables[0]) == [{"id": "acc-1"}]

    run(main())


@pytest.mark.skipif(bool(available()), reason=available())
def test_columns_that_postgres_could_not_copy_are_refused_before_anything_is_made() -> None:
    columns: list[tuple[sa.Column[str], str]] = [
        (sa.Column("mood", sa.Enum("good", "bad", name="mood")), "column 'mood' of table 'names' is a native Enum"),
        (sa.Column("mood", ENUM("good", "bad", name="mood")), "column 'mood' of table 'names' is a native Enum"),
        (sa.Column("moods", sa.ARRAY(sa.Enum("good", "bad", name="mood"))), "column 'moods' .* is a native Enum"),  # type: ignore[list-item]
        (sa.Column("n", sa.Integer, sa.Identity(always=True)), r"column 'n' .* is Identity\(always=True\)"),  # type: ignore[list-item]
    ]

    async def main() -> None:
        async with ReadModel(fresh_url()) as database:
            for column, reason in columns:
                with pytest.raises(ProjectionMisdefined, match=reason):
                    await ProjectionRunner(MemoryStore(), one_table("names", 1, column), database).catch_up()
            with pytest.raises(ProjectionMisdefined, match="is longer than the 63 bytes"):
                await ProjectionRunner(MemoryStore(), one_table("ä" * 32), database).catch_up()
            assert "names" not in await database.read(lambda rows: sa.inspect(rows).get_table_names())

    run(main())


@pytest.mark.skipif(bool(available()), reason=available())
def test_the_name_of_an_index_that_sqlalchemy_makes_up_may_be_of_any_length() -> None:
    """It shortens that for PostgreSQL."""

    async def main() -> None:
        async with ReadModel(fresh_url()) as database:
            for version in (1, 2):
                view = one_table("names", version, sa.Column("x" * 60, sa.String(9), index=True))
                assert await ProjectionRunner(MemoryStore(), view, database).catch_up() == 0
            (made,) = await database.read(lambda rows: sa.inspect(rows).get_indexes("names"))
            assert made["column_names"] == ["x" * 60]

    run(main())


@pytest.mark.parametrize("kind", DATABASES)
def test_columns_that_look_like_them_are_copied(kind: str, tmp_path: Path) -> None:
    table = sa.Table(
        "names",
        sa.MetaData(),
        sa.Column("number", sa.Integer, sa.Identity(), primary_key=True),
        sa.Column("mood", sa.Enum("good", "bad", native_enum=False)),
    )
    view = Projection("view", tables=[table])
    view.on(Opened)(lambda rows, event, stored: rows.execute(sa.insert(table).values(mood="good")))

    async def main() -> None:
        store = MemoryStore()
        await store.append([("acc-1", Opened("ada"))])
        async with database_at(kind, tmp_path) as database:
            runner = ProjectionRunner(store, view, database)
            await runner.rebuild()
            await store.append([("acc-2", Opened("bob"))])
            await runner.catch_up()
            assert await database.rows(table) == [{"number": 1, "mood": "good"}, {"number": 2, "mood": "good"}]

    run(main())
