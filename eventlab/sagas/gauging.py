"""What a store of sagas answers whoever scrapes: how many have not ended, how many are stuck, and since when."""

from __future__ import annotations

import asyncio

from eventlab.hooks.gauges import Since, gauge
from eventlab.sagas.index import SagaIndex
from eventlab.sagas.kept import Entry
from eventlab.store import EventStore, PassingStore


class SagaGauges:
    """The gauges of the sagas of *store*, for as long as this object lives; a `SagaWorker` has its own.

    Make one yourself where nobody works on them: ``waiting = SagaGauges(store)``. They are computed from the log,
    read on from one scrape to the next. In a world they ask the store beneath all latency, and draw nothing.
    """

    def __init__(self, store: EventStore) -> None:
        self._index = SagaIndex(store.beneath if isinstance(store, PassingStore) else store, keep=False)
        self._reading = asyncio.Lock()
        gauge("eventcore_sagas_unfinished", self.open, state="open")
        gauge("eventcore_sagas_unfinished", self.stuck, state="stuck")
        gauge("eventcore_saga_age_seconds", self.open_since, state="open")
        gauge("eventcore_saga_age_seconds", self.stuck_since, state="stuck")

    async def open(self) -> float:
        """How many sagas somebody has to drive."""
        return len((await self._read()).open)

    async def stuck(self) -> float:
        """How many sagas wait for a person."""
        return len((await self._read()).stuck)

    async def open_since(self) -> Since:
        """When the oldest of those that are to be driven was started, or got going again."""
        return _oldest((await self._read()).open)

    async def stuck_since(self) -> Since:
        """When the one got stuck that has been for longest."""
        return _oldest((await self._read()).stuck)

    async def _read(self) -> SagaIndex:
        async with self._reading:
            await self._index.catch_up()
        return self._index


def _oldest(entries: dict[str, Entry]) -> Since:
    return Since(min((entry.since for entry in entries.values()), default=None))
