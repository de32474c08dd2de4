"""When a handler fails, or an event cannot be decoded: stop before it, try again, or set it aside."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from eventlab import hooks
from eventlab.codec import EVENTS, Encoded
from eventlab.errors import ProjectionFailed, StoreBusy, StoreFailed
from eventlab.projections import Park, Projection, ProjectionRunner, ReadModel, Retrying, Stop
from eventlab.resilience.backoff import Constant
from eventlab.runtime import monotonic
from eventlab.simulation import World
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
    moved,
    owners,
)

BAD = 666
STORY_WITH_BAD = [*STORY, ("acc-1", Moved(BAD)), ("acc-2", Moved(7)), ("acc-1", Moved(1)), ("acc-1", Moved(2))]
"""The bad event is at position 7."""


class Picky:
    """A view whose handler fails at the bad event, after it has changed a row, until it is *mended*."""

    def __init__(self, failures: int | None = None) -> None:
        self.calls = 0
        self.mended = False
        self.failures = failures

        def picky(rows: sa.Connection, event: Moved, stored: StoredEvent) -> None:
            moved(rows, event, stored)
            if event.cents == BAD and not self.mended:
                self.calls += 1
                if self.failures is None or self.calls <= self.failures:
                    raise LookupError(f"nobody has {BAD}")

        self.view = a_view(moved=picky)


async def told(*events: tuple[str, object]) -> MemoryStore:
    store = MemoryStore()
    for each in events or STORY_WITH_BAD:
        await store.append([each])
    return store


def without(*positions: int) -> dict[str, list[dict[str, Any]]]:
    return by_hand(each for number, each in enumerate(STORY_WITH_BAD, start=1) if number not in positions)


@pytest.mark.parametrize("batch", [1, 3, 100])
@pytest.mark.parametrize("kind", DATABASES)
def test_it_stops_with_the_rows_of_all_events_before(kind: str, batch: int, tmp_path: Path) -> None:
    async def main() -> None:
        picky = Picky()
        async with database_at(kind, tmp_path) as database:
            runner = ProjectionRunner(await told(), picky.view, database, batch=batch)
            for _ in range(2):
                with pytest.raises(ProjectionFailed) as caught:
                    await runner.catch_up()
                assert str(caught.value) == (
                    "projection 'accounts' stopped at position 7, stream 'acc-1' version 4, "
                    "type 'tests.projections.Moved': LookupError: nobody has 666"
                )
                assert isinstance(caught.value.__cause__, LookupError)
                assert await rows_of(picky.view, database) == by_hand(STORY)
                progress = await runner.progress()
                assert (progress.state, progress.position, progress.lag_events) == ("stopped", 6, 4)
                assert "position 7" in progress.stopped_reason and "nobody has 666" in progress.stopped_reason
            picky.mended = True
            await runner.catch_up()
            assert await rows_of(picky.view, database) == without()
            assert ((await runner.progress()).state, (await runner.progress()).stopped_reason) == ("caught up", "")

    run(main())


def test_who_runs_it_live_is_told_as_well_and_so_is_who_listens() -> None:
    async def main() -> None:
        runner = ProjectionRunner(await told(), Picky().view, ReadModel("memory:"))
        with pytest.raises(ProjectionFailed):
            await runner.run()

    heard: list[hooks.Happening] = []
    with hooks.listen(heard.append):
        run(main())
    assert heard[-1] == hooks.ProjectionStopped(
        "accounts", 7, "acc-1", "tests.projections.Moved", "LookupError: nobody has 666"
    )


def test_retrying_waits_and_then_goes_on() -> None:
    async def main() -> tuple[float, int]:
        picky, database = Picky(failures=3), ReadModel("memory:")
        await ProjectionRunner(await told(), picky.view, database, failing=Retrying(Constant(2.0))).catch_up()
        assert await rows_of(picky.view, database) == without()
        return monotonic(), picky.calls

    assert World(seed=1).run(main) == (4.0, 4)  # once in the batch, then by itself: two pauses, and the third try


@pytest.mark.parametrize("then", [Stop(), Park()])
def test_after_so_many_attempts_it_stops_or_parks(then: Stop | Park) -> None:
    async def main() -> float:
        picky, database = Picky(), ReadModel("memory:")
        failing = Retrying(Constant(2.0), attempts_max=3, then=then)
        runner = ProjectionRunner(await told(), picky.view, database, failing=failing)
        if then == Stop():
            with pytest.raises(ProjectionFailed):
                await runner.catch_up()
            assert await rows_of(picky.view, database) == by_hand(STORY)
        else:
            await runner.catch_up()
            assert [each.position for each in await runner.parked()] == [7, 9, 10]
        return monotonic()

    assert World(seed=1).run(main) == 4.0


@pytest.mark.parametrize("batch", [1, 3, 100])
@pytest.mark.parametrize("kind", DATABASES)
def test_a_parked_event_holds_back_its_stream_and_no_other(kind: str, batch: int, tmp_path: Path) -> None:
    async def main() -> None:
        picky = Picky()
        async with database_at(kind, tmp_path) as database:
            runner = ProjectionRunner(await told(), picky.view, database, failing=Park(), batch=batch)
            assert await runner.catch_up() == 10
            assert await rows_of(picky.view, database) == without(7, 9, 10)
            behind = "behind position 7 of its stream, which is parked"
            assert [(each.position, each.reason) for each in await runner.parked()] == [
                (7, "LookupError: nobody has 666"),
                (9, behind),
                (10, behind),
            ]
            again = await runner.retry_parked()
            assert (again.delivered, [each.position for each in again.still_parked]) == ((), [7, 9, 10])
            assert (await runner.progress()).parked_events == 3
            picky.mended = True
            again = await runner.retry_parked()
            assert (again.delivered, again.still_parked) == ((7, 9, 10), ())
            assert await rows_of(picky.view, database) == without()
            await runner.store.append([("acc-1", Moved(3))])
            assert (await runner.catch_up(), await runner.parked()) == (11, [])

    run(main())


def test_without_keeping_order_what_comes_later_overtakes() -> None:
    async def main() -> None:
        picky, database = Picky(), ReadModel("memory:")
        runner = ProjectionRunner(await told(), picky.view, database, failing=Park(), keep_order=False)
        await runner.catch_up()
        assert [each.position for each in await runner.parked()] == [7]
        assert await rows_of(picky.view, database) == without(7)

    run(main())


@pytest.mark.parametrize("kind", DATABASES)
def test_a_rebuild_and_a_reset_forget_what_was_parked(kind: str, tmp_path: Path) -> None:
    async def main() -> None:
        picky = Picky()
        async with database_at(kind, tmp_path) as database:
            runner = ProjectionRunner(await told(), picky.view, database, failing=Park())
            await runner.catch_up()
            await runner.rebuild()
            assert [each.position for each in await runner.parked()] == [7, 9, 10], "parked again beside"
            picky.mended = True
            await runner.rebuild()
            assert (await runner.parked(), await rows_of(picky.view, database)) == ([], without())
            picky.mended = False
            await runner.reset()
            assert await runner.parked() == []

    run(main())


UNREADABLE = [
    (Encoded("tests.projections.Moved", 1, b'{"cents": "many"}'), "cannot be decoded"),
    (Encoded("tests.projections.Moved", 9, b"{}"), "no event is registered as 'tests.projections.Moved' version 9"),
]


@pytest.mark.parametrize(("unreadable", "reason"), UNREADABLE)
def test_an_event_that_cannot_be_read_is_a_failure_and_never_passed_over(unreadable: Encoded, reason: str) -> None:
    async def main() -> None:
        store = await told(("acc-1", Opened("ada")), ("acc-1", unreadable), ("acc-1", Moved(1)))
        database = ReadModel("memory:")
        with pytest.raises(ProjectionFailed, match=f"stopped at position 2, stream 'acc-1' version 2.*{reason}"):
            await ProjectionRunner(store, a_view(), database).catch_up()
        runner = ProjectionRunner(store, a_view(), database, failing=Park())
        await runner.catch_up()
        assert [(each.position, reason in each.reason) for each in await runner.parked()] == [(2, True), (3, False)]

    run(main())


def committing(rows: sa.Connection, event: object, stored: object) -> None:
    rows.commit()


def rolling_back(rows: sa.Connection, event: object, stored: object) -> None:
    rows.rollback()


def sending_text(rows: sa.Connection, event: object, stored: object) -> None:
    rows.execute(sa.text("DELETE FROM owners"))


def sending_to_the_driver(rows: sa.Connection, event: object, stored: object) -> None:
    rows.exec_driver_sql("DELETE FROM owners")


@pytest.mark.parametrize("handler", [committing, rolling_back, sending_text, sending_to_the_driver])
@pytest.mark.parametrize("kind", DATABASES)
def test_a_handler_neither_ends_the_transaction_nor_sends_text(
    kind: str, handler: Callable[..., object], tmp_path: Path
) -> None:
    async def main() -> None:
        async with database_at(kind, tmp_path) as database:
            runner = ProjectionRunner(await told(*STORY), a_view(moved=handler), database)
            with pytest.raises(ProjectionFailed, match=r"position 2.*(checkpoint commits with them|Core statement)"):
                await runner.catch_up()
            assert await rows_of(runner.projection, database) == by_hand(STORY[:1])
            await runner.reset()

    run(main())


@pytest.mark.parametrize("kind", DATABASES)
def test_a_statement_that_fails_is_the_handlers_fault(kind: str, tmp_path: Path) -> None:
    def careless(rows: sa.Connection, event: Moved, stored: StoredEvent) -> None:
        rows.execute(sa.insert(owners).values(name="ada", accounts=1))

    async def main() -> None:
        async with database_at(kind, tmp_path) as database:
            runner = ProjectionRunner(await told(*STORY), a_view(moved=careless), database, failing=Park())
            await runner.catch_up()
            assert [each.position for each in await runner.parked()] == [2, 5, 6]
            assert "IntegrityError" in (await runner.parked())[0].reason

    run(main())


def test_a_database_in_trouble_is_no_fault_of_an_event(tmp_path: Path) -> None:
    def full(rows: sa.Connection, event: Moved, stored: StoredEvent) -> None:
        rows.execute(sa.update(accounts).values(owner="x" * 1_000_000))

    async def main() -> None:
        async with database_at("sqlite", tmp_path) as database:
            runner = ProjectionRunner(await told(*STORY), a_view(moved=full), database, failing=Park())
            with pytest.raises(StoreFailed, match="the disk is full"):

                def small(rows: sa.Connection) -> None:
                    pages = rows.exec_driver_sql("PRAGMA page_count").scalar_one()
                    rows.exec_driver_sql(f"PRAGMA max_page_count = {pages + 20}")

                await database.read(small)
                await runner.catch_up()
            assert await runner.parked() == []

    run(main())


def test_a_file_that_is_locked_for_good_is_said_so_and_nothing_is_lost(tmp_path: Path) -> None:
    async def main() -> None:
        store = await told(*STORY)
        database = database_at("sqlite", tmp_path)
        runner = ProjectionRunner(store, a_view(), database)
        await runner.catch_up()
        holder = sqlite3.connect(tmp_path / "rows.db", isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        await store.append([("acc-1", Moved(1))])
        with pytest.raises(StoreBusy):
            await runner.catch_up()
        live = world.spawn(runner.run(), name="live")
        await asyncio.sleep(20)
        holder.execute("COMMIT")
        await asyncio.sleep(20)
        assert not live.done()
        assert await rows_of(runner.projection, database) == by_hand([*STORY, ("acc-1", Moved(1))])
        holder.close()
        await database.close()

    world = World(seed=1)
    with world:
        world.run(main)


@dataclass(frozen=True, slots=True)
class Reopened:
    owner: str
    times: int


def test_another_version_of_an_event_than_there_are_handlers_for_is_a_failure() -> None:
    view = Projection("openings", tables=[accounts, owners])
    view.on(Opened)(lambda rows, event, stored: None)

    async def main() -> None:
        EVENTS.register(Reopened, "tests.projections.Opened", 2)
        store = await told(("acc-1", Reopened("ada", 3)))
        with pytest.raises(
            ProjectionFailed, match=r"'openings': it has no handler for event .* version 2, and one for version 1"
        ):
            await ProjectionRunner(store, view, ReadModel("memory:")).catch_up()

    run(main())


@pytest.mark.parametrize("batch", [1, 100])
@pytest.mark.parametrize("kind", DATABASES)
def test_an_error_that_a_handler_keeps_to_itself_is_its_own_and_no_trouble_of_the_database(
    kind: str, batch: int, tmp_path: Path
) -> None:
    """SQLite goes on after it. PostgreSQL does not, and would say so at the checkpoint, of nobody in particular."""

    def swallowing(rows: sa.Connection, event: Moved, stored: StoredEvent) -> None:
        moved(rows, event, stored)
        if event.cents == BAD:
            with suppress(sa.exc.IntegrityError):
                rows.execute(sa.insert(owners).values(name="ada", accounts=1))

    async def main() -> None:
        view = a_view(moved=swallowing)
        async with database_at(kind, tmp_path) as database:
            runner = ProjectionRunner(await told(), view, database, failing=Park(), batch=batch)
            assert await runner.catch_up() == 10
            parked = await runner.parked()
            if kind == "postgres":
                assert [each.position for each in parked] == [7, 9, 10]
                assert "begin_nested" in parked[0].reason
                assert await rows_of(view, database) == without(7, 9, 10)
            else:
                assert parked == []
                assert await rows_of(view, database) == without()

    run(main())


def test_a_handler_that_leaves_its_work_to_somebody_else_fails() -> None:
    async def later(rows: sa.Connection, event: Moved, stored: StoredEvent) -> None:
        moved(rows, event, stored)

    def yielding(rows: sa.Connection, event: Moved, stored: StoredEvent) -> object:
        return (moved(rows, each, stored) for each in [event])

    async def main() -> None:
        for handler in (lambda rows, event, stored: later(rows, event, stored), yielding):
            runner = ProjectionRunner(await told(), a_view(moved=handler), ReadModel("memory:"))
            with pytest.raises(ProjectionFailed, match=r"stopped at position 2, .*what a handler returns is"):
                await runner.catch_up()

    run(main())
