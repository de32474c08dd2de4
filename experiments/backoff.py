"""Optimistic concurrency with backoff and jitter, after M. Brooker (AWS Architecture Blog, 2015).

Clients contend for one row. All begin at once; each reads its version, writes with
that version, and after a conflict pauses and reads again, until its own write is in. Every hop between client
and store takes \\|N(10 ms, sd 2 ms)\\|. *Calls* are writes that reached the store; the run is over when the
last client has written.

The clients are `eventlab.commands.execute`, the row is a stream, and the version that is checked is the
stream's. Brooker's store answers at once, however many ask. With *service_s* it is a store that works
on one request at a time for so long, and others wait in line.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import simpy

from eventlab.codec import event
from eventlab.commands import Command, ConflictRetry, execute
from eventlab.resilience.backoff import Backoff, Constant, Decorrelated, Exponential
from eventlab.runtime import monotonic, random_stream
from eventlab.simulation import AbsNormal, World
from eventlab.store import (
    EventStore,
    Expectation,
    MemoryStore,
    Metadata,
    PassingStore,
    Receipt,
    StoredEvent,
    StreamId,
)

CLIENTS: Final = tuple(range(10, 200, 10))
HOP: Final = AbsNormal(0.010, 0.002)
BASE_S, CAP_S = 0.005, 2.0
SERVICE_S: Final = 0.005
"""What each request takes in the store of limited capacity: 200 a second."""

ROW: Final = StreamId("row")
_NEVER_GIVING_UP: Final = 1_000_000

# Brooker's first pause is base · 2¹, as his code counts attempts from 1; ours is `base_s`, and the second twice that.
POLICIES: Final[Mapping[str, Backoff]] = {
    "none": Constant(0.0),
    "exponential": Exponential(2 * BASE_S, cap_s=CAP_S, jitter="none"),
    "equal": Exponential(2 * BASE_S, cap_s=CAP_S, jitter="equal"),
    "full": Exponential(2 * BASE_S, cap_s=CAP_S, jitter="full"),
    "decorrelated": Decorrelated(BASE_S, cap_s=CAP_S),
}


@event("experiments.Updated")
@dataclass(frozen=True, slots=True)
class Updated:
    client: int


@dataclass(frozen=True)
class Update(Command[None]):
    """Write the row once, on whatever was read: only its version counts."""

    row: StreamId
    client: int

    def initial(self) -> None:
        return None

    def apply(self, state: None, stored: StoredEvent) -> None:
        return None

    def handle(self, state: None) -> Iterable[tuple[str, object]]:
        return [(self.row, Updated(self.client))]


class RemoteStore(PassingStore):
    """A store behind a network: each request is one hop away from it, and each answer one hop back."""

    def __init__(self, store: EventStore, line: simpy.Resource | None, service_s: float) -> None:
        super().__init__(store)
        self._line, self._service_s = line, service_s
        self.writes = 0

    async def read_many(
        self, streams: Sequence[str], *, after: Mapping[str, int] | None = None
    ) -> dict[str, list[StoredEvent]]:
        await self._arrive()
        found = await self._store.read_many(streams, after=after)
        await _hop()
        return found

    async def append(
        self,
        events: Sequence[tuple[str, object]],
        *,
        expect: Mapping[str, Expectation] | None = None,
        command_id: str | None = None,
        metadata: Metadata | None = None,
    ) -> Receipt:
        await self._arrive()
        self.writes += 1
        try:
            return await self._store.append(events, expect=expect, command_id=command_id, metadata=metadata)
        finally:
            await _hop()  # a conflict is an answer too

    async def _arrive(self) -> None:
        await _hop()
        if self._line is not None:
            with self._line.request() as turn:
                turned: Any = turn  # a SimPy event can be awaited in a world
                await turned
                await asyncio.sleep(self._service_s)


async def _hop() -> None:
    await asyncio.sleep(HOP.sample(random_stream("hops")))


@dataclass(frozen=True, slots=True)
class Contended:
    """One run: the writes that reached the store, and when the last client had written, in seconds."""

    calls: int
    duration_s: float


def contend(clients: int, backoff: Backoff, *, seed: int, service_s: float = 0.0) -> Contended:
    """Let so many clients write the row once each, all from the same moment on."""
    with World(seed) as world:
        line = simpy.Resource(world.env, capacity=1) if service_s else None
        store = RemoteStore(MemoryStore(), line, service_s)
        retry = ConflictRetry(_NEVER_GIVING_UP, backoff)

        async def run() -> float:
            await asyncio.gather(*(execute(store, Update(ROW, number), retry=retry) for number in range(clients)))
            return monotonic()

        duration_s = world.run(run)
    return Contended(store.writes, duration_s)
