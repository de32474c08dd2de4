"""How far a projection is, in events and in time, out of its store and its database alone."""

from __future__ import annotations

import asyncio
from datetime import datetime
from functools import partial
from typing import Final, Literal, TypeAlias

import msgspec
import sqlalchemy as sa

from ..runtime import now
from ..store import EventStore, Filter
from ..store.ending import end_of
from ..store.lazily import moment_of
from . import books
from .books import Checkpoint
from .database import ReadModel
from .definition import Projection
from .stepping import beyond_the_log

COUNTED_MAX: Final = 100_000
_PAGE: Final = 1000

State: TypeAlias = Literal["caught up", "behind", "paused", "stopped"]


class Progress(msgspec.Struct, frozen=True):
    """How far a projection is; true whether or not a runner is at work.

    Everything up to *position* is in the rows; *head* is where the log ends.
    *lag_events* are still to be handled, counting those it wants alone, and
    the oldest of them happened *lag_s* seconds ago, by the clock of who asks
    (0 when there is none; one whose time somebody spoiled is passed over). If
    *counted_all* is False there may be more than were counted.

    *state* is ``stopped`` when a handler failed at the next event, rows of
    another version stand because their rebuild failed, tables or handlers
    changed and the version did not, or the log ends before the rows, for
    *stopped_reason*; ``paused``; or else ``behind`` or ``caught up``: a
    runner that works and one that is not there look alike at one moment, and
    growing *lag_s* tells them apart. *rows_version* is the version of the
    projection that made the rows; 0 when it never ran. *rebuild_failed* is why
    the last rebuild as the version that is asked for failed, until one
    succeeds; empty if none did. The rows that are read may be up to date meanwhile.
    """

    projection: str
    position: int
    head: int
    lag_events: int
    lag_s: float
    counted_all: bool
    state: State
    stopped_reason: str
    parked_events: int
    rows_version: int
    rebuild_failed: str = ""


async def progress_of(
    store: EventStore, projection: Projection, database: ReadModel, counted_max: int = COUNTED_MAX
) -> Progress:
    """The progress of *projection*, looking through at most *counted_max* events."""
    checkpoint, parked, rebuild_failed = await database.read(partial(_in_database, projection))
    position = 0 if checkpoint is None else checkpoint.position
    head = await store.head()
    lag_events, lag_s, counted_all = await _lag(store, position, projection.where, counted_max)
    end = head if position <= head else await end_of(store)
    stopped = _stopped_reason(checkpoint, projection, rebuild_failed, end)
    return Progress(
        projection.name,
        position,
        head=head,
        lag_events=lag_events,
        lag_s=lag_s,
        counted_all=counted_all,
        state=_state(checkpoint, stopped, lag_events),
        stopped_reason=stopped or "",
        parked_events=parked,
        rows_version=0 if checkpoint is None else checkpoint.version,
        rebuild_failed=rebuild_failed,
    )


def _in_database(projection: Projection, rows: sa.Connection) -> tuple[Checkpoint | None, int, str]:
    if not books.exist(rows):
        return None, 0, ""
    checkpoint = books.read(rows, projection.name, lock=False)
    return checkpoint, books.parked_count(rows, projection.name), books.failed_rebuild(rows, projection)


async def _lag(store: EventStore, after: int, where: Filter, counted_max: int) -> tuple[int, float, bool]:
    count = 0
    oldest: datetime | None = None
    while count < counted_max:
        events = await store.read_all(after, where=where, limit=min(_PAGE, counted_max - count))
        if not events:
            return count, _age_s(oldest), True
        if oldest is None:
            oldest = next(filter(None, map(moment_of, events)), None)
        count, after = count + len(events), events[-1].position
        await asyncio.sleep(0)  # neither a store in memory nor SQLite ever suspends: let others run
    return count, _age_s(oldest), not await store.read_all(after, where=where, limit=1)


def _age_s(oldest: datetime | None) -> float:
    return 0.0 if oldest is None else max(0.0, (now() - oldest).total_seconds())


def _stopped_reason(checkpoint: Checkpoint | None, projection: Projection, rebuild_failed: str, end: int) -> str | None:
    """Why nothing goes on before somebody does something; None if it may."""
    if checkpoint is None:
        return None
    if checkpoint.version == projection.version and checkpoint.shape != projection.shape:
        return str(checkpoint.outdated(projection))
    if checkpoint.position > end:  # which was asked for later
        return f"position {checkpoint.position}: {beyond_the_log(end)}"
    if rebuild_failed and (checkpoint.version, checkpoint.shape) != (projection.version, projection.shape):
        return f"rebuild as version {projection.version}: {rebuild_failed}"
    return checkpoint.stopped


def _state(checkpoint: Checkpoint | None, stopped: str | None, lag_events: int) -> State:
    if stopped is not None:
        return "stopped"
    if checkpoint is not None and checkpoint.paused:
        return "paused"
    return "behind" if lag_events else "caught up"
