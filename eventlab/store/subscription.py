"""Following the log: everything after a position, then whatever comes."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Final

import msgspec

from .. import hooks
from ..errors import InvalidValue, StoreBusy, StoreUnavailable, UndecodableEvent, UnknownEventType
from ..resilience.backoff import Backoff, Exponential
from ..runtime import random_stream
from .asking import check_page, check_until
from .cancelling import heed_cancelling
from .filters import EVERYTHING, Filter, check_filter
from .lazily import make_all
from .model import StoredEvent
from .parking import Parking, check_parking
from .protocol import EventStore

PAGE: Final = 500
BACKOFF: Final = Exponential(0.05, factor=2, cap_s=5.0, jitter=0.2)


class Batch(msgspec.Struct, frozen=True):
    """Events to be handled together. With them, everything up to *position* is handled."""

    events: list[StoredEvent]
    position: int


class Subscription:
    """The events of the log, in its order, none skipped and none twice; when there are no more, it waits.

    For one task at a time. At most one page is held: who is slow holds nothing
    back but himself. While the store is not reached it tries again, for as long
    as it takes, and goes on after the last event delivered.
    """

    def __init__(
        self,
        store: EventStore,
        after: int,
        where: Filter,
        page: int,
        until: int | None,
        follow: bool,
        undecodable: Parking | None,
        backoff: Backoff,
    ) -> None:
        self._store, self._where, self._page = store, where, page
        self._until, self._follow = until, follow
        self._undecodable, self._backoff = undecodable, backoff
        self._read_up_to = after
        self._waiting: deque[StoredEvent] = deque()
        self._in_hand = self._position = after
        self._fetching: asyncio.Task[tuple[list[StoredEvent], int]] | None = None
        self._closed = False

    @property
    def position(self) -> int:
        """Everything up to here is finished: the place to go on from after a restart.

        An event is finished when the next one is asked for, so this may be saved at any moment, by another
        task as well. Inside the loop, after the work is done, `StoredEvent.position` is one event further.
        It also moves past events that the filter leaves out.
        """
        return self._position

    def __aiter__(self) -> Subscription:
        return self

    async def __anext__(self) -> StoredEvent:
        self._position = max(self._position, self._in_hand)
        while True:
            await self._fill()
            stored = self._waiting[0]
            delivered = await self._is_decodable(stored)
            if self._closed:
                raise StopAsyncIteration
            # No await from here on: a caller that is cancelled loses nothing.
            self._waiting.popleft()
            self._in_hand = stored.position
            if delivered:
                return stored
            self._position = stored.position

    async def batches(self) -> AsyncIterator[Batch]:
        """The same events, a page at a time, for whoever finishes many at once."""
        while True:
            self._position = max(self._position, self._in_hand)
            try:
                await self._fill()
            except StopAsyncIteration:
                return
            events = [stored for stored in list(self._waiting) if await self._is_decodable(stored)]
            if self._closed:
                return
            self._waiting.clear()
            self._in_hand = self._read_up_to
            if events:
                yield Batch(events, self._read_up_to)

    async def aclose(self) -> None:
        """End it. Whoever waits for the next event is told that there is none."""
        self._closed = True
        self._waiting.clear()
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.wait([self._fetching])

    async def __aenter__(self) -> Subscription:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()

    async def _fill(self) -> None:
        """Return when something is waiting to be delivered. Raises StopAsyncIteration when nothing ever will."""
        if self._fetching is not None:
            raise InvalidValue("the subscription", "waited for by two tasks", "one task; a subscription for each")
        while not self._waiting:
            self._position = self._read_up_to
            if self._closed or (self._until is not None and self._read_up_to >= self._until):
                raise StopAsyncIteration
            # A task of its own, so that closing ends it without cancelling whoever waits.
            self._fetching = asyncio.ensure_future(self._fetch(self._read_up_to))
            try:
                events, self._read_up_to = await self._fetching
                self._waiting.extend(events)
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if self._was_closed() and not (task is not None and task.cancelling()):
                    raise StopAsyncIteration from None
                raise
            finally:
                self._fetching = None

    def _was_closed(self) -> bool:
        return self._closed

    async def _fetch(self, after: int) -> tuple[list[StoredEvent], int]:
        """The next events, waited for if need be, and the position up to which the log was looked through."""
        failures = 0
        while True:
            try:
                if not self._follow:
                    head = await self._store.head()
                    self._until = head if self._until is None else min(self._until, head)
                    self._follow = True  # up to there
                events, reached = await self._look(after)
                if failures and hooks.listening:
                    hooks.emit(hooks.SubscriptionResumed(self._store.name, after, failures))
                failures = 0
                if events or (self._until is not None and reached >= self._until):
                    return events, reached
                after = self._read_up_to = self._position = reached
                await self._store.changed(after)
            except (StoreUnavailable, StoreBusy):
                heed_cancelling()
                failures += 1
                await asyncio.sleep(self._backoff.delay_s(failures, random_stream("store/subscription")))

    async def _look(self, after: int) -> tuple[list[StoredEvent], int]:
        events, reached = await read_page(self._store, after, self._where, self._page)
        if self._until is None or reached < self._until:
            return events, reached
        return [stored for stored in events if stored.position <= self._until], self._until

    async def _is_decodable(self, stored: StoredEvent) -> bool:
        """Whether to deliver it. Only a subscription that sets events aside decodes them beforehand."""
        if self._undecodable is None:
            return True
        try:
            make_all(stored)
            stored.event  # noqa: B018  # decoded here, and kept
        except (UnknownEventType, UndecodableEvent) as error:
            await self._undecodable.park(stored, str(error))
            return False
        return True


def subscribe(
    store: EventStore,
    after: int = 0,
    *,
    where: Filter = EVERYTHING,
    page: int = PAGE,
    until: int | None = None,
    follow: bool = True,
    undecodable: Parking | None = None,
    backoff: Backoff = BACKOFF,
) -> Subscription:
    """The events of *store* after position *after* that *where* lets through, and then those that come.

    ::

        async with subscribe(store, checkpoint) as events:
            async for stored in events:
                await handle(stored)

    It ends after position *until*, or, with ``follow=False``, where the log
    ended when the first event was asked for; with both, at the earlier one. An event that cannot be decoded
    is delivered as it is, and raises when it is looked at (`StoredEvent.event`);
    with *undecodable* it is set aside there, and the others go on. While the
    store is not reached, *backoff* says how long to pause.
    """
    check_page(after, page)
    if until is not None:
        check_until(until)
    check_filter(where)
    check_parking(undecodable)
    return Subscription(store, after, where, page, until, follow, undecodable, backoff)


async def read_page(store: EventStore, after: int, where: Filter, page: int) -> tuple[list[StoredEvent], int]:
    """One page of the log, and how far it reaches: past events that *where* leaves out, too.

    So a narrow filter looks at each part of the log once.
    """
    # The head first: what is written between the two calls is then in the page, or beyond the head.
    head = after if where is EVERYTHING else await store.head()
    events = await store.read_all(after, where=where, limit=page)
    last = events[-1].position if events else after
    return events, last if len(events) == page else max(head, last)
