"""Why a rebuild failed is told to whoever asks, in any process, until one succeeds or the version is taken back."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from eventlab.errors import ProjectionFailed, StoreUnavailable
from eventlab.projections import Park, ProjectionRunner, ReadModel, progress_of
from eventlab.projections.books import FAILED_REBUILDS
from eventlab.store import MemoryStore, StoredEvent
from eventlab.testing import run
from tests.unit.projections.accounts import DATABASES, Moved, a_view, database_at, told

AT_POSITION_2 = "position 2, stream 'acc-1' version 2, type 'tests.projections.Moved': LookupError: no such account"


def failing(rows: sa.Connection, event: Moved, stored: StoredEvent) -> None:
    raise LookupError("no such account")


def elsewhere(kind: str, database: ReadModel) -> ReadModel:
    """The same database as another process sees it; what is in memory is seen by one alone."""
    url = database.engine.url.render_as_string(hide_password=False).replace("+psycopg", "")
    return database if kind == "memory" else ReadModel(url)


@pytest.mark.parametrize("kind", DATABASES)
def test_it_is_told_until_a_rebuild_succeeds(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        store = await told()
        broken, mended = a_view(version=2, moved=failing), a_view(version=2)
        async with database_at(kind, tmp_path) as database:
            await ProjectionRunner(store, a_view(), database).catch_up()
            for _ in range(2):
                with pytest.raises(ProjectionFailed, match="no such account"):
                    await ProjectionRunner(store, broken, database).catch_up()
                other = elsewhere(kind, database)
                told_there = await progress_of(store, broken, other)
                assert told_there == await progress_of(store, broken, database)
                assert (told_there.state, told_there.rows_version) == ("stopped", 1)
                assert told_there.rebuild_failed == AT_POSITION_2
                assert told_there.stopped_reason == f"rebuild as version 2: {AT_POSITION_2}"
                if other is not database:
                    await other.close()
            await ProjectionRunner(store, mended, database).catch_up()
            after = await progress_of(store, mended, database)
            assert (after.state, after.stopped_reason, after.rebuild_failed) == ("caught up", "", "")

    run(main())


@pytest.mark.parametrize("kind", DATABASES)
def test_it_is_none_of_the_business_of_another_version(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        store = await told()
        async with database_at(kind, tmp_path) as database:
            older = ProjectionRunner(store, a_view(), database)
            await older.catch_up()
            with pytest.raises(ProjectionFailed):
                await ProjectionRunner(store, a_view(version=2, moved=failing), database).catch_up()
            await store.append([("acc-1", Moved(1))])
            assert await older.catch_up() == 7
            for version, state in ((1, "caught up"), (3, "caught up")):
                progress = await progress_of(store, a_view(version=version), database)
                assert (progress.state, progress.stopped_reason, progress.rebuild_failed) == (state, "", "")

    run(main())


def test_rows_of_the_same_version_go_on_and_are_not_called_stopped() -> None:
    async def main() -> None:
        store = await told()
        async with database_at("memory", Path()) as database:
            await ProjectionRunner(store, a_view(), database).catch_up()
            with pytest.raises(ProjectionFailed):
                await ProjectionRunner(store, a_view(moved=failing), database).rebuild()
            progress = await progress_of(store, a_view(), database)
            assert (progress.state, progress.stopped_reason) == ("caught up", "")
            assert progress.rebuild_failed == AT_POSITION_2
            await ProjectionRunner(store, a_view(), database).reset()
            assert (await progress_of(store, a_view(), database)).rebuild_failed == ""

    run(main())


def test_a_rebuild_that_parks_or_may_do_better_at_once_has_not_failed() -> None:
    class Unreachable(MemoryStore):
        async def head(self) -> int:
            return 6

        async def read_all(self, *args: object, **options: object) -> list[StoredEvent]:
            raise StoreUnavailable("memory:", "no route")

    async def main() -> None:
        store = await told()
        newer = a_view(version=2, moved=failing)
        async with database_at("memory", Path()) as database:
            await ProjectionRunner(store, a_view(), database).catch_up()
            with pytest.raises(StoreUnavailable):
                await ProjectionRunner(Unreachable(), newer, database).catch_up()
            assert (await progress_of(store, newer, database)).rebuild_failed == ""
            await ProjectionRunner(store, newer, database, failing=Park()).catch_up()
            assert (await progress_of(store, newer, database)).rebuild_failed == ""

    run(main())


def test_one_that_was_overtaken_says_nothing_of_the_later_one() -> None:
    async def main() -> None:
        store = await told()
        async with database_at("memory", Path()) as database:
            await ProjectionRunner(store, a_view(), database).catch_up()

            class Overtaken(MemoryStore):
                async def read_all(self, after: int = 0, **options: object) -> list[StoredEvent]:
                    await ProjectionRunner(store, a_view(version=2), database).rebuild()
                    return await store.read_all(after, **options)  # type: ignore[arg-type]

            with pytest.raises(ProjectionFailed):
                await ProjectionRunner(Overtaken(), a_view(version=2, moved=failing), database).rebuild()
            progress = await progress_of(store, a_view(version=2), database)
            assert (progress.state, progress.rebuild_failed) == ("caught up", "")

    run(main())


def test_a_database_whose_books_are_older_than_this_can_be_asked() -> None:
    async def main() -> str:
        store = await told()
        async with database_at("memory", Path()) as database:
            await ProjectionRunner(store, a_view(), database).catch_up()
            await database.transaction(FAILED_REBUILDS.drop)
            return (await progress_of(store, a_view(), database)).state

    assert run(main()) == "caught up"
