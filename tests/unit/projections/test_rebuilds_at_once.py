"""Many rebuilds at once, and one that is disturbed: each comes to an end, and none undoes another's work."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import sqlalchemy as sa

from eventlab.errors import StoreFailed
from eventlab.projections import Projection, ProjectionRunner, ReadModel
from eventlab.projections.rebuilding import prefix_of
from eventlab.simulation import SimulatedStore, World
from eventlab.testing import run
from tests.unit.projections.accounts import DATABASES, Moved, a_view, accounts, database_at, doubled, told


def a_count(number: int, version: int = 1) -> Projection:
    table = sa.Table(f"count{number}", sa.MetaData(), sa.Column("position", sa.Integer, primary_key=True))
    view = Projection(f"count{number}", tables=[table], version=version)
    view.on(Moved)(lambda rows, event, stored: rows.execute(sa.insert(table).values(position=stored.position)))
    return view


@pytest.mark.parametrize("kind", DATABASES)
def test_more_projections_than_a_database_has_room_for_are_rebuilt_at_once(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        store = await told()
        async with database_at(kind, tmp_path) as database:
            for version in (1, 2):
                views = [a_count(number, version) for number in range(14)]
                runners = [ProjectionRunner(store, view, database, batch=1) for view in views]
                assert await asyncio.gather(*(runner.catch_up() for runner in runners)) == [6] * 14
            assert [len(await database.rows(view.tables[0])) for view in views] == [3] * 14

    run(main())


def test_rebuilds_of_a_read_model_that_is_closed_end_and_leave_nothing_behind(tmp_path: Path) -> None:
    """Those that are at work, and those that wait for room."""

    async def main() -> None:
        store, database = await told(), ReadModel(f"sqlite:///{tmp_path}/rows.db")
        runners = [ProjectionRunner(store, a_count(number), database, batch=1) for number in range(14)]
        for runner in runners:
            await runner.catch_up()
        rebuilding = [asyncio.create_task(runner.rebuild()) for runner in runners]
        for _ in range(2):
            await asyncio.sleep(0)
        await database.close()
        for ended in await asyncio.gather(*rebuilding, return_exceptions=True):
            assert isinstance(ended, StoreFailed) and "the read model was closed" in str(ended)

    run(main())
    assert [path.name for path in tmp_path.iterdir()] == ["rows.db"]


@pytest.mark.parametrize("kind", DATABASES)
def test_tasks_that_bring_rows_to_a_newer_version_leave_it_to_one_of_them(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        store = await told()
        async with database_at(kind, tmp_path) as database:
            await ProjectionRunner(store, a_view(), database).catch_up()
            runner = ProjectionRunner(store, a_view(version=2, moved=doubled), database, batch=1, look_every_s=0.01)
            following = asyncio.create_task(runner.run())
            assert await asyncio.gather(*(runner.catch_up() for _ in range(3))) == [6] * 3
            assert [row["cents"] for row in await database.rows(accounts)] == [140, 10]
            assert not following.done()
            following.cancel()
            await asyncio.wait([following])

    run(main())


@pytest.mark.parametrize("kind", DATABASES)
def test_a_reset_while_rows_are_brought_to_a_newer_version_brings_them_there_as_well(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        store = await told()
        async with database_at(kind, tmp_path) as database:
            await ProjectionRunner(store, a_view(), database).catch_up()
            runner = ProjectionRunner(store, a_view(version=2, moved=doubled), database, batch=1, look_every_s=0.01)
            catching_up = asyncio.create_task(runner.catch_up())
            while not (await database.occupied(prefix_of("accounts")) or catching_up.done()):  # noqa: ASYNC110
                await asyncio.sleep(0)
            await runner.reset()
            assert await catching_up == await runner.catch_up() == 6
            assert [row["cents"] for row in await database.rows(accounts)] == [140, 10]

    run(main())


def test_a_rebuild_whose_node_has_crashed_is_taken_over() -> None:
    world = World(seed=1)

    async def main() -> float:
        store = SimulatedStore(await told())
        database = ReadModel("memory:")
        await ProjectionRunner(store, a_view(), database).catch_up()
        newer = a_view(version=2, moved=doubled)
        node = world.node("reader")
        node.spawn(ProjectionRunner(store, newer, database, batch=1).catch_up())
        while not await database.occupied(prefix_of("accounts")):  # noqa: ASYNC110  # it has begun
            await asyncio.sleep(0.0001)
        node.crash()
        assert await ProjectionRunner(store, newer, database).catch_up() == 6
        assert [row["cents"] for row in await database.rows(accounts)] == [140, 10]
        return world.now_s

    assert world.run(main) < 12
