"""How far a projection is: in events and in time, whether or not anybody runs it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from eventlab.projections import Progress, ProjectionRunner, ReadModel, progress_of
from eventlab.runtime import EPOCH
from eventlab.simulation import World
from eventlab.store import MemoryStore
from eventlab.testing import run
from tests.unit.projections.accounts import Moved, Noted, Opened, a_view, accounts, database_at


def told_in_a_world(main: Any) -> Any:
    world = World(seed=1)
    with world:
        return world.run(main)


def test_age_grows_while_nothing_is_consumed_and_is_nothing_when_all_is_handled() -> None:
    async def main() -> list[tuple[int, int, float, str]]:
        store, database = MemoryStore(), ReadModel("memory:")
        runner = ProjectionRunner(store, a_view(), database)
        seen: list[tuple[int, int, float, str]] = []

        async def look() -> None:
            progress = await runner.progress()
            seen.append((progress.position, progress.lag_events, progress.lag_s, progress.state))

        await look()
        await store.append([("acc-1", Opened("ada"))])
        await asyncio.sleep(60)
        await store.append([("acc-1", Noted("nobody wants it"))])
        await store.append([("acc-1", Moved(1))])
        await asyncio.sleep(30)
        await look()
        await runner.catch_up()
        await store.append([("acc-1", Noted("nobody wants it"))])
        await asyncio.sleep(30)
        await look()
        await store.append([("acc-1", Moved(1))])
        await asyncio.sleep(5)
        await runner.pause()
        await look()
        return seen

    assert told_in_a_world(main) == [
        (0, 0, 0.0, "caught up"),
        (0, 2, 90.0, "behind"),
        (3, 0, 0.0, "caught up"),
        (3, 1, 5.0, "paused"),
    ]


def test_it_says_everything_of_a_projection_that_nobody_ever_ran(tmp_path: Path) -> None:
    async def main() -> Progress:
        store = MemoryStore()
        await store.append([("acc-1", Opened("ada"))])
        async with database_at("sqlite", tmp_path) as database:
            return await progress_of(store, a_view(), database)

    assert told_in_a_world(main) == Progress("accounts", 0, 1, 1, 0.0, True, "behind", "", 0, 0)


CENTURY_LATER = EPOCH + timedelta(days=36_500)


def test_an_event_from_a_clock_that_is_ahead_is_not_older_than_nothing() -> None:
    async def main() -> float:
        store = MemoryStore()
        world = World(seed=2, epoch=CENTURY_LATER)
        world.run(store.append([("acc-1", Opened("ada"))]))
        return (await progress_of(store, a_view(), ReadModel("memory:"))).lag_s

    assert run(main()) == 0.0


def test_counting_has_a_limit_and_says_so() -> None:
    async def main() -> list[tuple[int, bool]]:
        store = MemoryStore()
        await store.append([("acc-1", Moved(number)) for number in range(20)])
        runner = ProjectionRunner(store, a_view(), ReadModel("memory:"))
        counted = [await runner.progress(counted_max=most) for most in (5, 20, 100)]
        return [(each.lag_events, each.counted_all) for each in counted]

    assert told_in_a_world(main) == [(5, False), (20, True), (20, True)]


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_rows_come_as_a_data_frame(kind: str, tmp_path: Path) -> None:
    pytest.importorskip("pandas")

    async def main() -> list[Any]:
        store = MemoryStore()
        await store.append([("acc-2", Opened("bob")), ("acc-1", Opened("ada")), ("acc-1", Moved(3))])
        async with database_at(kind, tmp_path) as database:
            empty = await database.read(lambda rows: accounts.create(rows)) or await database.frame(accounts)
            await database.transaction(lambda rows: accounts.drop(rows))
            await ProjectionRunner(store, a_view(), database).catch_up()
            frame = await database.frame(accounts)
            richest = await database.frame(accounts.select().where(accounts.c.cents > 0))
        return [list(empty.columns), len(empty), frame.to_dict("list"), richest["id"].tolist()]

    assert told_in_a_world(main) == [
        ["id", "owner", "cents", "moves"],
        0,
        {"id": ["acc-1", "acc-2"], "owner": ["ada", "bob"], "cents": [3, 0], "moves": [1, 0]},
        ["acc-1"],
    ]
