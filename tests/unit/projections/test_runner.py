"""Following the log: live, paused, reset, by several, and when something does not answer."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from eventlab import hooks
from eventlab.errors import InvalidValue, StoreFailed, StoreUnavailable
from eventlab.projections import Park, Projection, ProjectionRunner, ReadModel
from eventlab.projections.postgres import CONNECTIONS_MAX
from eventlab.resilience.backoff import Constant
from eventlab.simulation import World
from eventlab.store import EVERYTHING, Filter, MemoryStore, StoredEvent, open_store
from eventlab.testing import run
from eventlab.testing.projections import rows_of
from tests.unit.projections.accounts import (
    DATABASES,
    STORY,
    Moved,
    Noted,
    Opened,
    a_view,
    accounts,
    by_hand,
    database_at,
    moved,
    opened,
    owners,
    until,
)


async def told(*more: tuple[str, object]) -> MemoryStore:
    store = MemoryStore()
    await store.append([*STORY, *more])
    return store


async def cents(database: ReadModel, account: str = "acc-1") -> int:
    (row,) = await database.rows(sa.select(accounts.c.cents).where(accounts.c.id == account))
    return int(row["cents"])


@pytest.mark.parametrize("kind", DATABASES)
def test_it_catches_up_and_then_follows(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        store = await told()
        async with database_at(kind, tmp_path) as database:
            runner = ProjectionRunner(store, a_view(), database)
            task = asyncio.create_task(runner.run())
            await until(runner, 6)
            assert await cents(database) == 70
            await store.append([("acc-1", Moved(1))])
            await until(runner, 7)
            assert await cents(database) == 71
            task.cancel()
            await asyncio.wait([task])

    run(main())


def test_events_come_in_transactions_of_at_most_a_batch() -> None:
    async def main() -> list[tuple[int, int]]:
        store = await told()
        async with ReadModel("memory:") as database:
            await ProjectionRunner(store, a_view(), database, batch=2).catch_up()
        return [(each.position, each.events) for each in heard if isinstance(each, hooks.ProjectionAdvanced)]

    heard: list[hooks.Happening] = []
    with hooks.listen(heard.append):
        assert run(main()) == [(2, 2), (5, 2), (6, 1)]


def test_the_checkpoint_passes_events_that_nobody_wants() -> None:
    class Counting(MemoryStore):
        decoded = 0

        async def read_all(self, after: int = 0, *, where: Filter = EVERYTHING, limit: int = 1000) -> list[StoredEvent]:
            page = await super().read_all(after, where=where, limit=limit)
            self.decoded += len(page)
            return page

    async def main() -> tuple[int, int, int]:
        store = Counting()
        await store.append([("acc-1", Noted(str(number))) for number in range(3000)])
        async with ReadModel("memory:") as database:
            runner = ProjectionRunner(store, a_view(), database)
            position = await runner.catch_up()
            return position, (await runner.progress()).position, store.decoded

    assert run(main()) == (3000, 3000, 0)


@pytest.mark.parametrize("kind", DATABASES)
def test_paused_it_stands_still_in_every_process_until_it_is_resumed(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        store = await told()
        async with database_at(kind, tmp_path) as database:
            runner, other = (ProjectionRunner(store, a_view(), database) for _ in range(2))
            await runner.pause()
            assert await other.catch_up() == 0
            assert (await other.progress()).state == "paused"
            await other.resume()
            assert await runner.catch_up() == 6
            assert (await runner.progress()).state == "caught up"

    run(main())


def test_a_live_runner_notices_what_another_process_asks_for() -> None:
    async def main() -> list[Any]:
        store = await told()
        database = ReadModel("memory:")
        live, elsewhere = (ProjectionRunner(store, a_view(), database) for _ in range(2))
        world.spawn(live.run(), name="live")
        await asyncio.sleep(0.1)
        seen: list[Any] = [(await live.progress()).position]
        await elsewhere.pause()
        await store.append([("acc-1", Moved(1))])
        await asyncio.sleep(3)
        seen.append((await live.progress()).position)
        await elsewhere.resume()
        await asyncio.sleep(3)
        seen.append((await live.progress()).position)
        await elsewhere.reset()
        seen.append((await live.progress()).position)
        await asyncio.sleep(3)
        seen.append((await live.progress()).position)
        return [*seen, await cents(database)]

    world = World(seed=1)
    with world:
        assert world.run(main) == [6, 6, 7, 0, 7, 71]


@pytest.mark.parametrize("kind", DATABASES)
def test_a_reset_takes_rows_checkpoint_and_parked_events_away_at_once(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        store = await told()
        async with database_at(kind, tmp_path) as database:
            runner = ProjectionRunner(store, a_view(), database)
            await runner.catch_up()
            await runner.reset()
            assert (await runner.progress()).position == 0
            assert await rows_of(runner.projection, database) == {"accounts": [], "owners": []}
            await runner.catch_up()
            assert await rows_of(runner.projection, database) == by_hand(STORY)

    run(main())


def test_a_store_that_does_not_answer_is_waited_for() -> None:
    class Away(MemoryStore):
        failures = 0

        async def read_all(self, after: int = 0, *, where: Filter = EVERYTHING, limit: int = 1000) -> list[StoredEvent]:
            if self.failures:
                self.failures -= 1
                raise StoreUnavailable("somewhere", "no route")
            return await super().read_all(after, where=where, limit=limit)

    async def main() -> None:
        store = Away()
        await store.append(STORY)
        store.failures = 3
        database = ReadModel("memory:")
        runner = ProjectionRunner(store, a_view(), database)
        with pytest.raises(StoreUnavailable):
            await runner.catch_up()
        world.spawn(runner.run(), name="live")
        await asyncio.sleep(10)
        assert await rows_of(runner.projection, database) == by_hand(STORY)

    world = World(seed=1)
    with world:
        world.run(main)


def test_rows_may_lie_in_the_file_of_the_store(tmp_path: Path) -> None:
    async def main(synchronous: str) -> None:
        url = f"sqlite:///{tmp_path / synchronous}.db?synchronous={synchronous}"
        store = open_store(url)
        async with ReadModel(url) as database:
            runner = ProjectionRunner(store, a_view(), database, batch=2)
            live = asyncio.create_task(runner.run())
            log = [*STORY, *(("acc-1", Moved(number)) for number in range(50))]
            for each in log:
                await store.append([each])
            await runner.rebuild()
            await until(runner, len(log))
            live.cancel()
            await asyncio.wait([live])
            assert await rows_of(runner.projection, database) == by_hand(log)
        await store.close()

    for synchronous in ("FULL", "NORMAL"):
        run(main(synchronous))


def test_two_projections_share_a_database_but_not_a_table() -> None:
    async def main() -> None:
        store = await told()
        async with ReadModel("memory:") as database:
            await ProjectionRunner(store, a_view(), database).catch_up()
            names = sa.Table("names", sa.MetaData(), sa.Column("name", sa.String(20), primary_key=True))
            second = Projection("names", tables=[names])
            second.on(Opened)(lambda rows, event, stored: rows.execute(sa.insert(names).values(name=event.owner)))
            await ProjectionRunner(store, second, database).catch_up()
            assert await database.rows(names) == [{"name": "ada"}, {"name": "bob"}]
            third = Projection("thief", tables=[owners, accounts])
            third.on(Opened)(opened)
            with pytest.raises(ValueError, match="table 'accounts' is filled by projection 'accounts' already"):
                await ProjectionRunner(store, third, database).catch_up()

    run(main())


def test_rows_that_nobody_accounts_for_are_not_mixed_with_new_ones(tmp_path: Path) -> None:
    async def main() -> None:
        async with database_at("sqlite", tmp_path) as database:

            def foreign(rows: sa.Connection) -> None:
                owners.create(rows)
                rows.execute(sa.insert(owners).values(name="eve", accounts=9))

            await database.transaction(foreign)
            with pytest.raises(ValueError, match="table 'owners' is there already, and no checkpoint accounts for it"):
                await ProjectionRunner(await told(), a_view(), database).catch_up()

    run(main())


def test_settings_outside_their_domain_are_named() -> None:
    view, database = a_view(), ReadModel("memory:")
    numbers = [{name: value} for name in ("batch", "look_every_s") for value in (0, "1", None)]
    for settings in [*numbers, {"batch": 0.5}, {"outdated": "ignore"}]:
        with pytest.raises(InvalidValue, match=next(iter(settings))):
            ProjectionRunner(MemoryStore(), view, database, **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", DATABASES[2:])
def test_a_server_that_ends_connections_is_reached_again(kind: str, tmp_path: Path) -> None:
    def suicide(rows: sa.Connection) -> None:
        rows.execute(sa.select(sa.func.pg_terminate_backend(sa.func.pg_backend_pid())))

    def broken(rows: sa.Connection, event: Moved, stored: StoredEvent) -> None:
        if not ended:
            ended.append(stored.position)
            suicide(rows)
        moved(rows, event, stored)

    ended: list[int] = []

    async def main() -> None:
        store = await told()
        async with database_at(kind, tmp_path) as database:
            runner = ProjectionRunner(store, a_view(moved=broken), database, backoff=Constant(0.01), failing=Park())
            with pytest.raises(StoreUnavailable, match=r"postgresql://.* was not reached"):
                await runner.catch_up()
            assert await runner.parked() == []
            ended.clear()
            live = asyncio.create_task(runner.run())
            await until(runner, 6)
            live.cancel()
            await asyncio.wait([live])
            assert (await rows_of(runner.projection, database), ended) == (by_hand(STORY), [2])

    run(main())


@pytest.mark.parametrize("kind", DATABASES)
def test_a_read_model_that_was_closed_says_so(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        database = database_at(kind, tmp_path)
        await ProjectionRunner(await told(), a_view(), database).catch_up()
        await database.close()
        with pytest.raises(StoreFailed, match="the read model was closed"):
            await database.rows(accounts)
        await database.close()

    run(main())


def test_a_runner_goes_from_one_event_loop_to_the_next() -> None:
    database, store = ReadModel("memory:"), MemoryStore()
    runner = ProjectionRunner(store, a_view(), database)

    async def follow(number: int) -> None:
        following = asyncio.create_task(runner.run())
        await store.append([*STORY[:1], ("acc-1", Moved(number))])
        await until(runner, await store.head())
        await runner.pause()
        await runner.resume()
        for _ in range(20):
            await asyncio.sleep(0)
        assert not following.done()
        following.cancel()
        await asyncio.wait([following])

    for number in range(3):
        run(follow(number))


@pytest.mark.parametrize("kind", DATABASES[2:])
def test_where_all_connections_are_in_use_for_too_long_the_database_is_not_reached(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with database_at(kind, tmp_path) as database, AsyncExitStack() as stack:
            engine: Any = database._backend._engine  # type: ignore[attr-defined]
            engine.pool._timeout = 0.01
            for _ in range(CONNECTIONS_MAX):
                await stack.enter_async_context(engine.connect())
            with pytest.raises(StoreUnavailable, match="all 8 connections of this read model are in use"):
                await ProjectionRunner(MemoryStore(), a_view(), database).catch_up()

    run(main())
