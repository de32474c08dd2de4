"""What a projection answers whoever scrapes: how late it is, how much it has set aside; whether it runs or not."""

from __future__ import annotations

from functools import partial

import sqlalchemy as sa

from ..hooks.gauges import Since, gauge
from ..store import EventStore, PassingStore
from ..store.lazily import moment_of
from . import books
from .database import ReadModel
from .definition import Projection


class ProjectionGauges:
    """The gauges of *projection*, for as long as this object lives; a `ProjectionRunner` has its own.

    Make one yourself where the runner is in another process: ``lag = ProjectionGauges(store, view, database)``. They
    are computed from the store and the database. In a world they ask the store beneath all latency, and draw nothing.
    """

    def __init__(self, store: EventStore, projection: Projection, database: ReadModel) -> None:
        self._store = store.beneath if isinstance(store, PassingStore) else store
        self._projection, self._database = projection, database
        gauge("eventcore_event_lag_seconds", self.oldest_unhandled, consumer=projection.name)
        gauge("eventcore_dead_letter_depth", self.parked, consumer=projection.name)

    async def oldest_unhandled(self) -> Since:
        """When the oldest event occurred that is not handled yet."""
        position = await self._database.read(partial(_position, name=self._projection.name))
        while events := await self._store.read_all(position, where=self._projection.where, limit=1):
            moment = moment_of(events[0])
            if moment is not None:
                return Since(moment)
            position = events[0].position
        return Since(None)

    async def parked(self) -> float:
        """How many events are set aside."""
        return await self._database.read(partial(_parked, name=self._projection.name))


def _position(rows: sa.Connection, name: str) -> int:
    checkpoint = books.read(rows, name, lock=False) if books.exist(rows) else None
    return 0 if checkpoint is None else checkpoint.position


def _parked(rows: sa.Connection, name: str) -> float:
    return books.parked_count(rows, name) if books.exist(rows) else 0
