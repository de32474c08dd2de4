"""Made anew beside the live rows, and swapped in one transaction; a new version never mixes with an old one."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from eventlab import hooks
from eventlab.errors import ProjectionFailed, ProjectionOutdated
from eventlab.projections import Park, Projection, ProjectionRunner, ReadModel
from eventlab.simulation import SimulatedStore, World
from eventlab.store import MemoryStore, StoredEvent
from eventlab.testing import run
from eventlab.testing.projections import rows_of
from tests.unit.projections.accounts import (
    DATABASES,
    STORY,
    Moved,
    Opened,
    a_view,
    accounts,
    by_hand,
    database_at,
    doubled,
    opened,
    told,
    until,
)
from tests.unit.store.turns import turns_of_others

EXPECTED = by_hand(STORY)


def failing(rows: sa.Connection, event: Moved, stored: StoredEvent) -> None:
    raise LookupError("no such account")


@pytest.mark.parametrize("kind", DATABASES)
def test_readers_see_the_old_rows_until_all_new_ones_are_there(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        store = await told()
        async with database_at(kind, tmp_path) as database:
            await ProjectionRunner(store, a_view(), database).catch_up()
            seen: list[dict[str, Any]] = []

            class Watched(MemoryStore):
                async def read_all(self, *args: Any, **options: Any) -> list[StoredEvent]:
                    seen.append(await rows_of(a_view(), database))
                    return await store.read_all(*args, **options)

                async def head(self) -> int:
                    return await store.head()

            newer = a_view(version=2, moved=doubled)
            assert await ProjectionRunner(Watched(), newer, database, batch=2).rebuild() == 6
            assert len(seen) > 3 and seen == [EXPECTED] * len(seen)
            assert [row["cents"] for row in await database.rows(accounts)] == [140, 10]

    run(main())


@pytest.mark.parametrize("kind", DATABASES)
def test_the_live_runner_goes_on_meanwhile_and_after_the_new_rows(kind: str, tmp_path: Path) -> None:
    log = [*STORY, *(("acc-1", Moved(number)) for number in range(60))]

    async def main() -> None:
        store = MemoryStore()
        async with database_at(kind, tmp_path) as database:
            runner = ProjectionRunner(store, a_view(), database, batch=3)
            live = asyncio.create_task(runner.run())
            rebuilding: asyncio.Task[int] | None = None
            for number, each in enumerate(log):
                await store.append([each])
                await asyncio.sleep(0)
                if number == 20:
                    rebuilding = asyncio.create_task(ProjectionRunner(store, a_view(), database, batch=3).rebuild())
            assert rebuilding is not None
            await rebuilding
            await until(runner, len(log))
            live.cancel()
            await asyncio.wait([live])
            assert await rows_of(runner.projection, database) == by_hand(log)

    run(main())


@pytest.mark.parametrize("kind", DATABASES)
def test_a_failing_rebuild_leaves_rows_and_checkpoint_and_may_begin_again(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        store = await told()
        async with database_at(kind, tmp_path) as database:
            old = ProjectionRunner(store, a_view(), database)
            await old.catch_up()
            with pytest.raises(ProjectionFailed, match=r"position 2, stream 'acc-1' version 2.*no such account"):
                await ProjectionRunner(store, a_view(version=2, moved=failing), database).rebuild()
            assert await rows_of(old.projection, database) == EXPECTED
            assert (await old.progress()).state == "caught up"
            await store.append([("acc-1", Moved(1))])
            assert await old.catch_up() == 7
            await ProjectionRunner(store, a_view(version=2, moved=doubled), database).rebuild()
            assert [row["cents"] for row in await database.rows(accounts)] == [142, 10]

    run(main())


@pytest.mark.parametrize("kind", DATABASES)
def test_a_cancelled_rebuild_leaves_nothing_behind(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        store = await told()
        async with database_at(kind, tmp_path) as database:
            runner = ProjectionRunner(store, a_view(), database, batch=1)
            await runner.catch_up()

            class Hangs(MemoryStore):
                async def read_all(self, after: int = 0, **options: Any) -> list[StoredEvent]:
                    if after >= 3:
                        reached.set()
                        await asyncio.Event().wait()
                    return await store.read_all(after, **options)

                async def head(self) -> int:
                    return await store.head()

            reached = asyncio.Event()
            rebuilding = asyncio.create_task(ProjectionRunner(Hangs(), a_view(), database, batch=1).rebuild())
            await reached.wait()
            rebuilding.cancel()
            await asyncio.wait([rebuilding])
            assert await rows_of(runner.projection, database) == EXPECTED
            await runner.rebuild()
            assert await rows_of(runner.projection, database) == EXPECTED
            assert [name for name in await database.read(schemas) if name.startswith("rebuild")] == []
            assert sorted(path.name.split("-")[0] for path in tmp_path.iterdir()) in ([], ["rows.db"] * 3)

    run(main())


def schemas(rows: sa.Connection) -> list[str]:
    return sa.inspect(rows).get_schema_names()


@pytest.mark.parametrize("kind", DATABASES)
def test_of_two_rebuilds_the_one_that_began_later_counts(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        store = await told()
        async with database_at(kind, tmp_path) as database:
            await ProjectionRunner(store, a_view(), database).catch_up()

            class Overtaken(MemoryStore):
                async def read_all(self, after: int = 0, **options: Any) -> list[StoredEvent]:
                    if after >= 3:
                        await ProjectionRunner(store, a_view(), database).rebuild()
                    return await store.read_all(after, **options)

                async def head(self) -> int:
                    return await store.head()

            with pytest.raises(ProjectionFailed, match="another rebuild began meanwhile"):
                await ProjectionRunner(Overtaken(), a_view(), database, batch=2).rebuild()
            assert await rows_of(a_view(), database) == EXPECTED

    run(main())


@pytest.mark.parametrize("kind", DATABASES)
def test_an_older_program_does_not_put_its_rows_over_those_of_a_newer_one(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        store = await told()
        async with database_at(kind, tmp_path) as database:
            url = str(database.engine.url.render_as_string(hide_password=False)).replace("+psycopg", "")
            elsewhere = database if kind == "memory" else ReadModel(url)
            await ProjectionRunner(store, a_view(), database).catch_up()

            class Overtaken(MemoryStore):
                async def read_all(self, after: int = 0, **options: Any) -> list[StoredEvent]:
                    if after == 3:
                        await ProjectionRunner(store, a_view(version=2, moved=doubled), elsewhere).rebuild()
                    return await store.read_all(after, **options)

                async def head(self) -> int:
                    return await store.head()

            with pytest.raises(ProjectionFailed, match="another rebuild began meanwhile"):
                await ProjectionRunner(Overtaken(), a_view(), database, batch=1).rebuild()
            assert [row["cents"] for row in await database.rows(accounts)] == [140, 10]
            await elsewhere.close()

    run(main())


def test_rows_never_go_back_to_where_they_were() -> None:
    async def main() -> list[int]:
        store = await told()
        database = database_at("memory", Path())
        live = ProjectionRunner(store, a_view(), database)
        await live.catch_up()
        positions = []

        class AlwaysBehind(MemoryStore):
            """Whenever one has seen its end twice, one more event has come, and is live already; five times."""

            shown = asked = 0

            async def read_all(self, after: int = 0, **options: Any) -> list[StoredEvent]:
                return [each for each in await store.read_all(after, **options) if each.position <= self.shown]

            async def head(self) -> int:
                self.shown = await store.head()
                self.asked += 1
                if self.asked % 2 == 0 and self.shown <= 10:
                    await store.append([("acc-1", Moved(1))])
                    await live.catch_up()
                positions.append((await live.progress()).position)
                return self.shown

        await ProjectionRunner(AlwaysBehind(), a_view(), database).rebuild()
        positions.append((await live.progress()).position)
        assert await rows_of(a_view(), database) == by_hand([*STORY, *[("acc-1", Moved(1))] * 5])
        return positions

    positions = run(main())
    assert positions == sorted(positions) and positions[-1] == 11


def newer_tables() -> Projection:
    """Another table, and one column more."""
    kept = sa.MetaData()
    mine = sa.Table(
        "accounts",
        kept,
        sa.Column("id", sa.String(50), primary_key=True),
        sa.Column("cents", sa.Integer, nullable=False),
        sa.Column("highest", sa.Integer, nullable=False, index=True),
    )
    numbered = sa.Table("openings", kept, sa.Column("number", sa.Integer, primary_key=True), sa.Column("who", sa.Text))
    view = Projection("accounts", tables=[mine, numbered], version=2)

    @view.on(Opened)
    def opened(rows: sa.Connection, event: Opened, stored: StoredEvent) -> None:
        rows.execute(sa.insert(mine).values(id=stored.stream, cents=0, highest=0))
        rows.execute(sa.insert(numbered).values(who=event.owner))

    @view.on(Moved)
    def moved(rows: sa.Connection, event: Moved, stored: StoredEvent) -> None:
        after = mine.c.cents + event.cents
        values = {"cents": after, "highest": sa.case((after > mine.c.highest, after), else_=mine.c.highest)}
        rows.execute(sa.update(mine).where(mine.c.id == stored.stream).values(values))

    return view


@pytest.mark.parametrize("kind", DATABASES)
def test_a_new_version_with_other_tables_is_rebuilt_when_it_first_runs(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        store = await told()
        async with database_at(kind, tmp_path) as database:
            await ProjectionRunner(store, a_view(), database).catch_up()
            newer = newer_tables()
            runner = ProjectionRunner(store, newer, database)
            assert await runner.catch_up() == 6
            await store.append([("acc-3", Opened("eve"))])
            await runner.catch_up()
            assert await rows_of(newer, database) == {
                "accounts": [
                    {"id": "acc-1", "cents": 70, "highest": 100},
                    {"id": "acc-2", "cents": 5, "highest": 5},
                    {"id": "acc-3", "cents": 0, "highest": 0},
                ],
                "openings": [{"number": 1, "who": "ada"}, {"number": 2, "who": "bob"}, {"number": 3, "who": "eve"}],
            }
            tables = await database.read(lambda rows: sa.inspect(rows).get_table_names())
            assert "owners" not in tables, "a table that nobody fills any more"

    run(main())


@pytest.mark.parametrize("kind", DATABASES)
def test_rows_of_another_version_are_refused_if_so_chosen(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        store = await told()
        async with database_at(kind, tmp_path) as database:
            old = ProjectionRunner(store, a_view(), database)
            await old.catch_up()
            newer = ProjectionRunner(store, a_view(version=2, moved=doubled), database, outdated="refuse")
            with pytest.raises(ProjectionOutdated, match=r"by version 1, and this program has 2: rebuild\(\) or reset"):
                await newer.catch_up()
            await store.append([("acc-1", Moved(1))])
            await newer.rebuild()
            await store.append([("acc-1", Moved(1))])
            for doing in (old.catch_up, old.rebuild, old.reset):
                with pytest.raises(ProjectionOutdated, match="by version 2, newer than 1"):
                    await doing()
            assert await newer.catch_up() == 8
            assert (await newer.progress()).rows_version == 2

    run(main())


def test_other_handlers_under_the_same_version_are_refused() -> None:
    async def main() -> None:
        store = await told()
        async with database_at("memory", Path()) as database:
            await ProjectionRunner(store, a_view(), database).catch_up()
            fewer = Projection("accounts", tables=a_view().tables)
            fewer.on(Opened)(opened)
            with pytest.raises(ProjectionOutdated, match=r"version 1, with other handlers than now; give .* version 2"):
                await ProjectionRunner(store, fewer, database).catch_up()
            progress = await ProjectionRunner(store, fewer, database).progress()
            assert progress.state == "stopped" and "with other handlers than now" in progress.stopped_reason

    run(main())


def test_an_older_program_that_is_live_stops_when_a_newer_one_has_swapped() -> None:
    async def main() -> None:
        store = await told()
        database = database_at("memory", Path())
        live = world.spawn(ProjectionRunner(store, a_view(), database).run(), name="old")
        await asyncio.sleep(0.1)
        await ProjectionRunner(store, a_view(version=2, moved=doubled), database).rebuild()
        await store.append([("acc-1", Moved(1))])
        with pytest.raises(ProjectionOutdated):
            await live
        assert [row["cents"] for row in await database.rows(accounts)] == [140, 10]

    world = World(seed=1)
    with world:
        world.run(main)


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_a_rebuild_that_crashes_with_its_node_is_begun_again(kind: str, tmp_path: Path) -> None:
    async def main() -> list[hooks.Happening]:
        store = SimulatedStore(await told())
        database = database_at(kind, tmp_path)
        view = a_view()
        await ProjectionRunner(store, view, database).catch_up()
        node = world.node("worker")
        for crash_after_s in (0.0, 0.001, 0.002, 0.003, 0.005, 0.007, 0.009):
            rebuilding = node.start(ProjectionRunner(store, view, database, batch=1).rebuild())
            await asyncio.sleep(crash_after_s)
            node.crash()
            assert await rows_of(view, database) == EXPECTED
            await node.restart()
            assert rebuilding.done()
        await node.start(ProjectionRunner(store, view, database, batch=1).rebuild())
        assert await rows_of(view, database) == EXPECTED
        await database.close()
        return [each for each in heard if isinstance(each, hooks.ProjectionRebuilt)]

    heard: list[hooks.Happening] = []
    world = World(seed=1)
    with world, hooks.listen(heard.append):
        assert world.run(main) == [hooks.ProjectionRebuilt("accounts", 1, 6)]


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_others_have_a_turn_between_its_batches(kind: str, tmp_path: Path) -> None:
    """A rebuild of a long log takes minutes, and neither of its databases ever suspends."""

    async def main() -> None:
        store = MemoryStore()
        await store.append([*STORY, *(("acc-1", Moved(number)) for number in range(54))])
        async with database_at(kind, tmp_path) as database:
            runner = ProjectionRunner(store, a_view(), database, batch=2)
            assert await turns_of_others(runner.rebuild()) > 25

    run(main())


def test_others_have_a_turn_between_the_parked_events_that_are_tried_again(tmp_path: Path) -> None:
    async def main() -> None:
        store = MemoryStore()
        await store.append([(f"acc-{number}", Moved(number)) for number in range(40)])
        async with database_at("sqlite", tmp_path) as database:
            await ProjectionRunner(store, a_view(moved=failing), database, failing=Park()).catch_up()
            runner = ProjectionRunner(store, a_view(), database)
            assert await turns_of_others(runner.retry_parked()) > 30
            assert await runner.parked() == []

    run(main())
