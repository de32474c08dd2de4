"""A log that is shorter than the rows, since it was restored or a disk lost its end: that is told, and mended."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from eventlab.errors import ProjectionFailed
from eventlab.projections import Park, ProjectionRunner
from eventlab.store import MemoryStore, StoredEvent
from eventlab.testing import run
from eventlab.testing.projections import rows_of
from tests.unit.projections.accounts import DATABASES, STORY, Moved, a_view, by_hand, database_at

SHORTER = STORY[:3]
READS_MAX = 50


class Restored(MemoryStore):
    """Holds the beginning of the story, and is not asked for more again and again."""

    reads = 0

    async def read_all(self, *args: Any, **options: Any) -> list[StoredEvent]:
        self.reads += 1
        assert self.reads < READS_MAX, "it waits for what will never come"
        return await super().read_all(*args, **options)


async def told(story: Any, store: MemoryStore) -> MemoryStore:
    for each in story:
        await store.append([each])
    return store


def never(rows: sa.Connection, event: Moved, stored: StoredEvent) -> None:
    raise LookupError("no such account")


@pytest.mark.parametrize("kind", DATABASES)
def test_rows_beyond_the_log_stop_and_nothing_that_comes_is_taken_for_known(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with database_at(kind, tmp_path) as database:
            await ProjectionRunner(await told(STORY, MemoryStore()), a_view(), database).catch_up()
            runner = ProjectionRunner(await told(SHORTER, Restored()), a_view(), database)
            progress = await runner.progress()
            assert progress.state == "stopped"
            assert progress.stopped_reason.startswith("position 6: the log ends at 3")
            for running in (runner.catch_up(), asyncio.wait_for(runner.run(), 30)):
                with pytest.raises(ProjectionFailed, match="stopped at position 6: the log ends at 3"):
                    await running
            assert await rows_of(a_view(), database) == by_hand(STORY)

    run(main())


@pytest.mark.parametrize("kind", DATABASES)
def test_a_rebuild_makes_the_rows_of_the_log_that_is_there(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with database_at(kind, tmp_path) as database:
            await ProjectionRunner(await told(STORY, MemoryStore()), a_view(), database).catch_up()
            restored = await told(SHORTER, Restored())
            runner = ProjectionRunner(restored, a_view(), database)
            assert await runner.rebuild() == 3
            assert await rows_of(a_view(), database) == by_hand(SHORTER)
            await restored.append([("acc-1", Moved(5))])
            assert await runner.catch_up() == 4
            assert await rows_of(a_view(), database) == by_hand([*SHORTER, ("acc-1", Moved(5))])
            assert (await runner.progress()).state == "caught up"

    run(main())


def test_a_newer_version_is_rebuilt_from_a_shorter_log_as_well(tmp_path: Path) -> None:
    async def main() -> None:
        async with database_at("sqlite", tmp_path) as database:
            await ProjectionRunner(await told(STORY, MemoryStore()), a_view(), database).catch_up()
            runner = ProjectionRunner(await told(SHORTER, Restored()), a_view(version=2), database)
            assert await runner.catch_up() == 3
            assert await rows_of(a_view(), database) == by_hand(SHORTER)

    run(main())


def test_what_was_parked_of_a_longer_log_stays_and_says_that_it_is_gone(tmp_path: Path) -> None:
    async def main() -> None:
        async with database_at("sqlite", tmp_path) as database:
            view = a_view(moved=never)
            await ProjectionRunner(await told(STORY, MemoryStore()), view, database, failing=Park()).catch_up()
            others = [*SHORTER, ("acc-9", Moved(1)), ("acc-9", Moved(1))]
            runner = ProjectionRunner(await told(others, MemoryStore()), a_view(), database)
            again = await runner.retry_parked()
            assert again.delivered == (2,)
            assert [(one.position, one.reason) for one in again.still_parked] == [
                (position, f"at position {position} the log has no such event any more; rebuild() forgets it")
                for position in (5, 6)
            ]

    run(main())
