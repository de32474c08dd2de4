"""Semantic locks: who works on a thing, and who waits for it, while sagas leave it half done in between.

A saga has no isolation: what one has written, and may yet undo, another one sees. A lock on the thing, held from
before the first step until after the last event, keeps them apart (H. Garcia-Molina and K. Salem, *Sagas*, 1987; C.
Richardson, *Microservices Patterns*, 2018, chapter 4, "semantic lock").

The queue of a thing is folded from its stream, ``lock-<thing>``, in the saga's own store. A saga asks for all of its
things in the one append that starts it. So any two sagas stand in the same order in every queue that they share, no
circle of waiting can close, and there is no deadlock. It gives them back in the append of its last
event, so no crash lies between. The holder is the saga, not the process that drives it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from eventlab.codec import event
from eventlab.errors import Refused
from eventlab.sagas.state import SagaState
from eventlab.store import EventStore, StreamId

CATEGORY = "lock"
KEPT_MAX = 10_000
"""How many queues are kept in mind, so that only what is new of their streams is read."""


@event("LockRequested")
@dataclass(frozen=True, slots=True)
class LockRequested:
    """The saga stands in the queue: it holds the thing if it is the first, else it waits."""

    saga_id: str


@event("LockReleased")
@dataclass(frozen=True, slots=True)
class LockReleased:
    """The saga has ended: it holds the thing, or waits for it, no more. Nobody releases but the saga itself."""

    saga_id: str


class Place(NamedTuple):
    """One saga in a queue."""

    saga_id: str
    since: datetime


class LockQueue(NamedTuple):
    """The queue of one thing, the holder first. *version* is that of its stream."""

    places: tuple[Place, ...] = ()
    version: int = 0

    @property
    def holder(self) -> str | None:
        return self.places[0].saga_id if self.places else None

    def after(self, event: object, at: datetime) -> LockQueue:
        match event:
            case LockRequested(saga_id):
                return LockQueue((*self.places, Place(saga_id, at)), self.version + 1)
            case LockReleased(saga_id):
                left = tuple(place for place in self.places if place.saga_id != saga_id)
                return LockQueue(left, self.version + 1)
        raise TypeError(f"{event!r} is no event of a lock")


def lock_stream(thing: str) -> StreamId:
    return StreamId(f"{CATEGORY}-{thing}")


def writes(before: SagaState, after: SagaState) -> list[tuple[str, object]]:
    """What goes into the queues together with the events that lead from *before* to *after*."""
    if not after.locks:
        return []
    if not before.version:
        return [(lock_stream(thing), LockRequested(after.saga_id)) for thing in after.locks]
    if after.status.ended and not before.status.ended:
        return [(lock_stream(thing), LockReleased(after.saga_id)) for thing in after.locks]
    return []


class Locks:
    """The queues of one store, and those of this process who wait in them."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._queues: dict[str, LockQueue] = {}
        self._waiting: dict[str, dict[asyncio.Event, None]] = {}

    async def queues(self, things: Sequence[str]) -> dict[str, LockQueue]:
        """The queue of each thing, as they are at one moment."""
        known = {lock_stream(thing): self._queues.pop(thing, LockQueue()) for thing in things}
        news = await self._store.read_many(
            list(known), after={stream: queue.version for stream, queue in known.items() if queue.version}
        )
        found = {}
        for thing, (stream, queue) in zip(things, known.items(), strict=True):
            for stored in news[stream]:
                if stored.version == queue.version + 1:
                    queue = queue.after(stored.event, stored.occurred_at)
            found[thing] = self._queues[thing] = queue
        while len(self._queues) > KEPT_MAX:
            del self._queues[next(iter(self._queues))]
        return found

    async def are_held(self, things: Sequence[str], saga_id: str) -> bool:
        """Whether the saga is the first in every queue."""
        return all(queue.holder == saga_id for queue in (await self.queues(things)).values())

    async def free(self, things: Sequence[str], saga_id: str) -> dict[str, int]:
        """The versions of the queues, which are all empty. Raises Refused, ``locked``, when another saga is in one."""
        found = await self.queues(things)
        for thing, queue in found.items():
            if queue.holder not in (None, saga_id):
                facts = {"thing": thing, "holder": queue.holder}
                raise Refused("locked", f"saga {queue.holder} works on {thing}", facts)
        return {lock_stream(thing): queue.version for thing, queue in found.items()}

    @contextmanager
    def waiting(self, things: Sequence[str]) -> Iterator[asyncio.Event]:
        """An event that is set when a saga of this process gives one of the things back."""
        woken = asyncio.Event()
        for thing in things:
            self._waiting.setdefault(thing, {})[woken] = None
        try:
            yield woken
        finally:
            for thing in things:
                waiting = self._waiting[thing]
                del waiting[woken]
                if not waiting:
                    del self._waiting[thing]

    def given_back(self, things: Sequence[str]) -> None:
        """Wake those of this process who wait for one of the things."""
        for thing in things:
            for woken in self._waiting.get(thing, ()):
                woken.set()
