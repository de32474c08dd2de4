"""The law of projections: the rows depend on the events alone, however they were taken in.

For a projection of your own it finds handlers that ask a clock or chance, that
count on the size of a batch, or that keep something outside the rows::

    def test_my_view():
        run(same_rows_however_run(view, [("order-1", OrderPlaced(3500)), ("order-1", OrderPaid())]))
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

import sqlalchemy as sa

from eventlab.projections import Projection, ProjectionRunner, ReadModel
from eventlab.store import EventStore

from .holding import store_for

CUTS_MAX = 200

Rows: TypeAlias = dict[str, list[dict[str, Any]]]
CatchUp: TypeAlias = Callable[[EventStore, Projection, ReadModel], Awaitable[object]]
OpenDatabase: TypeAlias = Callable[[], ReadModel]


class CutOff(BaseException):
    """The process ends here, as far as the database can tell. No handler's error: nothing catches it."""


async def same_rows_however_run(
    projection: Projection,
    events: Sequence[tuple[str, object]],
    *,
    open_database: OpenDatabase | None = None,
    catch_up: CatchUp | None = None,
    cuts_max: int = CUTS_MAX,
) -> Rows:
    """The rows of *projection* after *events*, by table.

    They are made in one transaction; one event at a time; cut off before each
    statement and each commit in turn, and taken up again; by two runners at
    once; and in a rebuild. Raises AssertionError that says which way led to other
    rows, and where. *open_database* gives an empty one, in memory unless told
    otherwise; *catch_up* runs the projection in place of a `ProjectionRunner`.
    """
    store = store_for(events)
    for stream, event in events:
        await store.append([(stream, event)])
    opening = open_database or (lambda: ReadModel("memory:"))
    running = catch_up or in_batches(2)
    wanted = await _rows_after(in_batches(len(events) + 1), store, projection, opening)
    ways: list[tuple[str, CatchUp]] = [
        ("one event at a time", catch_up or in_batches(1)),
        ("by two runners at once", _at_once(running)),
        ("in a rebuild", _rebuilt),
    ]
    for way, taking in ways:
        _compare(way, wanted, await _rows_after(taking, store, projection, opening))
    for statement in range(1, cuts_max + 1):
        cut, rows = await _rows_after_cut(running, store, projection, opening, statement)
        _compare(f"cut off before statement {statement}", wanted, rows)
        if not cut:
            break
    return wanted


async def rows_of(projection: Projection, database: ReadModel) -> Rows:
    """All rows of its tables, by table, in the order of their keys."""
    return {str(table.name): await database.rows(table) for table in projection.tables}


@contextmanager
def cut_off(database: ReadModel, before_statement: int) -> Iterator[None]:
    """Raise `CutOff` in the place of that statement or commit, the first of which is 1, until the block ends."""
    seen = 0

    def count(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == before_statement:
            raise CutOff(seen)

    for moment in ("before_execute", "commit"):
        sa.event.listen(database.engine, moment, count)
    try:
        yield
    finally:
        for moment in ("before_execute", "commit"):
            sa.event.remove(database.engine, moment, count)


def in_batches(batch: int) -> CatchUp:
    """Run it soundly, with so many events in a transaction."""

    async def catch_up(store: EventStore, projection: Projection, database: ReadModel) -> None:
        await ProjectionRunner(store, projection, database, batch=batch).catch_up()

    return catch_up


def _at_once(running: CatchUp) -> CatchUp:
    async def catch_up(store: EventStore, projection: Projection, database: ReadModel) -> None:
        await asyncio.gather(*(running(store, projection, database) for _ in range(2)))

    return catch_up


async def _rebuilt(store: EventStore, projection: Projection, database: ReadModel) -> None:
    await ProjectionRunner(store, projection, database, batch=2).rebuild()


async def _rows_after(catch_up: CatchUp, store: EventStore, projection: Projection, opening: OpenDatabase) -> Rows:
    async with opening() as database:
        await catch_up(store, projection, database)
        return await rows_of(projection, database)


async def _rows_after_cut(
    catch_up: CatchUp, store: EventStore, projection: Projection, opening: OpenDatabase, statement: int
) -> tuple[bool, Rows]:
    """Whether it was cut off there, and the rows when it had been taken up again."""
    async with opening() as database:
        cut = False
        try:
            with cut_off(database, statement):
                await catch_up(store, projection, database)
        except CutOff:
            cut = True
        await catch_up(store, projection, database)
        return cut, await rows_of(projection, database)


def _compare(way: str, wanted: Rows, rows: Rows) -> None:
    for table, expected in wanted.items():
        found = rows[table]
        if found != expected:
            missing = [row for row in expected if row not in found]
            wrong = [row for row in found if row not in expected]
            raise AssertionError(f"{way}, table {table!r} has {wrong} that it should not, and lacks {missing}")
