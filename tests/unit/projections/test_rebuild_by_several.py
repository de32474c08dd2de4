"""Several processes are given a newer version at once, as replicas are: on PostgreSQL one of them makes the rows."""

from __future__ import annotations

import asyncio

import psycopg
import pytest
import sqlalchemy as sa

from eventlab.projections import ProjectionRunner, ReadModel
from eventlab.projections.rebuilding import prefix_of
from eventlab.testing import run
from eventlab.testing.postgres import available, unmigrated_url
from eventlab.testing.projections import rows_of
from tests.unit.projections.accounts import STORY, a_view, by_hand, told

pytestmark = pytest.mark.skipif(bool(available()), reason=available())
PREFIX = prefix_of("accounts")


def test_replicas_that_are_given_a_newer_version_at_once_undo_no_work_of_each_other() -> None:
    async def main() -> None:
        store, url = await told(), unmigrated_url()
        replicas = [ReadModel(url) for _ in range(4)]
        await ProjectionRunner(store, a_view(), replicas[0]).catch_up()
        newer = [ProjectionRunner(store, a_view(2), each, batch=1, look_every_s=0.01) for each in replicas]
        assert await asyncio.gather(*(runner.catch_up() for runner in newer)) == [6] * 4
        assert await rows_of(a_view(), replicas[0]) == by_hand(STORY)
        assert (await newer[0].progress()).rows_version == 2
        for each in replicas:
            await each.close()

    run(main())


def test_who_waits_for_the_rebuild_of_another_makes_the_rows_when_that_one_has_gone() -> None:
    async def main() -> None:
        store, url = await told(), unmigrated_url()
        async with ReadModel(url) as one, ReadModel(url) as other:
            await ProjectionRunner(store, a_view(), one).catch_up()
            runner = ProjectionRunner(store, a_view(2), one, look_every_s=0.01)
            async with other.beside(PREFIX, f"{PREFIX}other"):
                assert await one.occupied(PREFIX)
                waiting = asyncio.create_task(runner.catch_up())
                for _ in range(50):
                    assert (await runner.progress()).rows_version == 1
            assert await waiting == 6
            assert (await runner.progress()).rows_version == 2
            assert not await one.occupied(PREFIX)

    run(main())


def test_what_another_rebuild_clears_away_at_the_same_moment_is_no_trouble() -> None:
    async def main() -> None:
        url = unmigrated_url()
        left = f"{PREFIX}left"
        waits = sa.select(sa.func.count()).select_from(sa.text("pg_locks")).where(sa.text("NOT granted"))
        async with ReadModel(url) as database, await psycopg.AsyncConnection.connect(url) as another:
            await another.execute(f"CREATE SCHEMA {left}".encode())
            await another.commit()
            await another.execute(f"DROP SCHEMA {left}".encode())
            room = database.beside(PREFIX, f"{PREFIX}new")
            entering = asyncio.create_task(room.__aenter__())
            while not (await database.rows(waits))[0]["count_1"]:
                assert not entering.done()
            await another.commit()
            await entering
            await room.__aexit__(None, None, None)

    run(main())
