"""Each event has its effect on the rows exactly once: in any batches, wherever it is cut off, and by two at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from eventlab.naive import projection as naive
from eventlab.projections import ProjectionRunner, ReadModel
from eventlab.runtime import new_id
from eventlab.simulation import SimulatedStore, World
from eventlab.store import MemoryStore, StoredEvent, open_store
from eventlab.testing import run
from eventlab.testing.projections import CatchUp, CutOff, cut_off, in_batches, rows_of, same_rows_however_run
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
)

EVENTS = st.one_of(
    st.builds(Opened, st.sampled_from(["ada", "bob"])),
    st.builds(Moved, st.integers(-100, 100)),
    st.builds(Noted, st.just("")),
)
HISTORIES = st.lists(st.tuples(st.sampled_from(["acc-1", "acc-2", "acc-3"]), EVENTS), max_size=12)
VIEW = a_view()


@pytest.mark.parametrize("kind", DATABASES)
def test_a_cut_before_any_statement_changes_nothing_about_the_rows(kind: str, tmp_path: Path) -> None:
    number = count()

    def opening() -> ReadModel:
        folder = tmp_path / str(next(number))
        folder.mkdir()
        return database_at(kind, folder)

    story = STORY if kind != "postgres" else STORY[:2]  # a database for each cut
    assert run(same_rows_however_run(VIEW, story, open_database=opening)) == by_hand(story)


def test_the_same_law_finds_a_runner_whose_checkpoint_is_apart_from_its_rows() -> None:
    with pytest.raises(AssertionError, match=r"^cut off before statement \d+, .*'accounts': 2"):
        run(same_rows_however_run(VIEW, STORY[:2], catch_up=naive.catch_up))


def test_the_same_law_finds_a_handler_that_remembers_something_outside_the_rows() -> None:
    seen: list[str] = []

    def forgetful(rows: sa.Connection, event: Moved, stored: StoredEvent) -> None:
        seen.append(stored.stream)
        rows.execute(sa.update(accounts).where(accounts.c.id == stored.stream).values(moves=len(seen)))

    with pytest.raises(AssertionError, match=r"^one event at a time, table 'accounts' has .*'moves': 2"):
        run(same_rows_however_run(a_view(moved=forgetful), STORY[:2]))


def test_two_naive_runners_at_once_handle_everything_twice() -> None:
    async def main() -> object:
        store = SimulatedStore(MemoryStore())
        await store.append(STORY)
        async with ReadModel("memory:") as database:
            await asyncio.gather(*(naive.catch_up(store, VIEW, database) for _ in range(2)))
            return (await rows_of(VIEW, database))["accounts"][0]["moves"]

    assert World(seed=1).run(main) == 4


class Hesitant(MemoryStore):
    """Answers after some turns of the loop, now more, now fewer, as a server does."""

    asked = 0

    async def read_all(self, *args: Any, **options: Any) -> list[StoredEvent]:
        found = await super().read_all(*args, **options)
        self.asked += 1
        for _ in range(self.asked * 7 % 10):
            await asyncio.sleep(0)
        return found


@pytest.mark.parametrize("kind", DATABASES)
def test_tasks_that_share_a_runner_handle_each_event_once(kind: str, tmp_path: Path) -> None:
    """As does a program that follows the log, and lets a request catch up before it reads the rows."""
    story: list[tuple[str, object]] = [*STORY]

    async def main() -> None:
        store = Hesitant()
        await store.append(story)
        async with database_at(kind, tmp_path) as database:
            runner = ProjectionRunner(store, VIEW, database, batch=2)
            following = asyncio.create_task(runner.run())
            for number in range(30):
                more = [("acc-1", Moved(number)), ("acc-2", Noted("hello")), ("acc-2", Moved(1))]
                await store.append(more)
                story.extend(more)
                await asyncio.gather(runner.catch_up(), runner.catch_up())
                assert await rows_of(VIEW, database) == by_hand(story)
            following.cancel()
            await asyncio.wait([following])

    run(main())


def test_a_reset_while_tasks_share_a_runner_leaves_nothing_out(tmp_path: Path) -> None:
    async def main() -> None:
        store = Hesitant()
        await store.append(STORY)
        async with database_at("sqlite", tmp_path) as database:
            runner = ProjectionRunner(store, VIEW, database, batch=2)
            await runner.catch_up()
            await store.append([("acc-2", Noted("hello"))] * 20)
            for _ in range(20):
                await asyncio.gather(runner.catch_up(), runner.reset(), runner.catch_up())
                await runner.catch_up()
                assert await rows_of(VIEW, database) == by_hand(STORY)

    run(main())


@given(HISTORIES)
@settings(max_examples=6)
def test_rebuilt_is_live_is_a_fold_in_plain_python(history: list[tuple[str, object]]) -> None:
    assert run(same_rows_however_run(VIEW, history)) == by_hand(history)


class Steps:
    """What happens to a projection, drawn by chance: appends, runs cut off somewhere, restarts, rebuilds."""

    def __init__(self, database: ReadModel, catch_up: CatchUp | None = None) -> None:
        self.store, self.database, self.catch_up = MemoryStore(), database, catch_up
        self.log: list[tuple[str, object]] = []

    async def play(self, steps: Sequence[tuple[str, object, int, int]]) -> None:
        for what, history, batch, cut in steps:
            assert isinstance(history, list)
            for each in history:
                await self.store.append([each])
                self.log.append(each)
            catch_up = self.catch_up or in_batches(batch)
            try:
                with cut_off(self.database, cut):
                    if what == "rebuild" and self.catch_up is None:
                        await ProjectionRunner(self.store, VIEW, self.database, batch=batch).rebuild()
                    else:
                        await catch_up(self.store, VIEW, self.database)
            except CutOff:
                continue
        await (self.catch_up or in_batches(100))(self.store, VIEW, self.database)


STEPS = st.lists(
    st.tuples(st.sampled_from(["run", "run", "rebuild"]), HISTORIES, st.integers(1, 5), st.integers(1, 60)), max_size=6
)


def plays(
    kind: str, folder: Path, steps: Sequence[tuple[str, object, int, int]], catch_up: CatchUp | None = None
) -> None:
    async def main() -> None:
        home = folder / new_id().hex
        home.mkdir()
        async with database_at(kind, home) as database:
            played = Steps(database, catch_up)
            await played.play(steps)
            assert await rows_of(VIEW, database) == by_hand(played.log)

    run(main())


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_any_cuts_and_restarts_and_rebuilds_end_in_the_same_rows(
    kind: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("rows")

    @given(STEPS)
    @settings(max_examples=60 if kind == "memory" else 25)
    def law(steps: list[tuple[str, object, int, int]]) -> None:
        plays(kind, folder, steps)

    law()


def test_the_same_cuts_and_restarts_find_the_naive_one(tmp_path_factory: pytest.TempPathFactory) -> None:
    @given(STEPS)
    @settings(phases=[Phase.generate])  # which history it is does not matter
    def law(steps: list[tuple[str, object, int, int]]) -> None:
        plays("memory", tmp_path_factory.getbasetemp(), steps, naive.catch_up)

    with pytest.raises(AssertionError):
        law()


@pytest.mark.parametrize("kind", DATABASES[2:])
def test_any_cuts_and_restarts_and_rebuilds_end_in_the_same_rows_on_a_server(
    kind: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("rows")

    @given(STEPS)
    @settings(max_examples=6)
    def law(steps: list[tuple[str, object, int, int]]) -> None:
        plays(kind, folder, steps)

    law()


@pytest.mark.parametrize("kind", DATABASES)
def test_four_runners_at_once_do_the_work_of_one(kind: str, tmp_path: Path) -> None:
    story = [*STORY, *(("acc-1", Moved(number)) for number in range(40))]

    async def main() -> None:
        store = MemoryStore()
        await store.append(story)
        async with database_at(kind, tmp_path) as database:
            await asyncio.gather(*(in_batches(batch)(store, VIEW, database) for batch in (1, 2, 3, 7)))
            assert await rows_of(VIEW, database) == by_hand(story)

    run(main())


@pytest.mark.parametrize("url", ["memory:", "sqlite:///{}/rows.db"])
def test_in_a_world_two_nodes_run_it_and_one_crashes_again_and_again(url: str, tmp_path: Path) -> None:
    story = [*STORY, *(("acc-2", Moved(number)) for number in range(200))]

    async def main() -> None:
        store = SimulatedStore(open_store("memory:"))
        database = ReadModel(url.format(tmp_path))
        others = ReadModel(url.format(tmp_path)) if url != "memory:" else database

        async def boot(node: object) -> None:
            here = database if getattr(node, "name", "") == "a" else others
            getattr(node, "spawn")(ProjectionRunner(store, VIEW, here, batch=3).run())  # noqa: B009

        nodes = [world.node(name, boot) for name in ("a", "b")]
        for node in nodes:
            await node.begin()
        for number, each in enumerate(story):
            await store.append([each])
            if number % 7 == 0:
                nodes[0].crash()
                await asyncio.sleep(0.003 * (number % 5))
                await nodes[0].restart()
        await asyncio.sleep(5)
        assert await rows_of(VIEW, database) == by_hand(story)
        await database.close()

    world = World(seed=3)
    with world:
        world.run(main)
