"""Events that were set aside, tried once more."""

from __future__ import annotations

import asyncio
from functools import partial

import sqlalchemy as sa

from ..store import EventStore, StoredEvent
from ..store.parking import Parked, Redriven, reason_of
from . import books
from .database import ReadModel
from .definition import Projection
from .handling import HandlerRaised, handle_one


async def retry_parked(store: EventStore, projection: Projection, database: ReadModel, keep_order: bool) -> Redriven:
    """Handle what is set aside, in the order of the log, each in a transaction of its own; what fails again stays.

    With *keep_order*, what lies behind one that failed again waits on.
    """
    delivered: list[int] = []
    failed: set[str] = set()
    for parked in await database.transaction(partial(_parked, projection=projection)):
        if keep_order and parked.stream in failed:
            continue
        await asyncio.sleep(0)  # as between the batches of a runner
        try:
            stored = await _read_again(store, parked)
            done = await database.transaction(partial(_retry, projection=projection, stored=stored))
        except (HandlerRaised, _GoneFromTheLog) as again:
            failed.add(parked.stream)
            reason = reason_of(again.error) if isinstance(again, HandlerRaised) else str(again)
            await database.transaction(
                partial(books.park_again, name=projection.name, position=parked.position, reason=reason)
            )
            continue
        if done:
            delivered.append(parked.position)
    still = await database.transaction(partial(_parked, projection=projection))
    return Redriven(tuple(delivered), tuple(still))


class _GoneFromTheLog(Exception):
    """Where the event stood that was set aside, there is none, or another one: the log was restored."""


async def _read_again(store: EventStore, parked: Parked) -> StoredEvent:
    for stored in await store.read_all(parked.position - 1, limit=1):
        if (stored.position, stored.stream, stored.version) == (parked.position, parked.stream, parked.version):
            return stored
    raise _GoneFromTheLog(f"at position {parked.position} the log has no such event any more; rebuild() forgets it")


def _parked(rows: sa.Connection, projection: Projection) -> list[Parked]:
    books.begin(rows, projection).check(projection)
    return books.parked(rows, projection.name)


def _retry(rows: sa.Connection, projection: Projection, stored: StoredEvent) -> bool:
    """Whether it was still set aside, and is handled now."""
    books.begin(rows, projection).check(projection)  # and with it, locked: the live runner waits
    if not books.unpark(rows, projection.name, stored.position):
        return False
    try:
        handle_one(rows, projection, stored)
    except Exception as error:
        raise HandlerRaised(0, error) from error
    return True
