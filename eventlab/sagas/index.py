"""Which sagas of a store have not ended, found without reading the whole log.

The index is made of the log alone: of the events at which a saga begins, ends, gets stuck or gets going again. It is
written to the store's records now and then, and whoever comes later reads on from there. So it may be behind, and
whoever acts on it looks into the saga's own log before; and it may be thrown away. What a saga writes stays as it is.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from eventlab.errors import InvalidValue
from eventlab.runtime import now
from eventlab.sagas import log
from eventlab.sagas.kept import Entry, Kept
from eventlab.store import EventStore, Filter, StoredEvent
from eventlab.store.lazily import moment_of
from eventlab.store.subscription import read_page

OPENING: Final = ("SagaStarted", "SagaRetried", "SagaTurnedBack", "StepResolved", "StepSkippedByHand")
"""From here on somebody has to drive the saga."""

STICKING: Final = ("SagaStuck",)
"""From here on the saga waits for a person."""

ENDING: Final = ("SagaCompleted", "CompensationCompleted", "SagaCancelled", "SagaAbandoned")
"""From here on nothing is to be done any more, unless an opening event follows."""

BOUND_TYPES: Final = (*OPENING, *STICKING, *ENDING)
BOUNDS: Final = Filter(categories=(log.CATEGORY,), types=BOUND_TYPES)

PAGE: Final = 500
KEEP_EVERY: Final = 5000


class SagaIndex:
    """The sagas of *store* that have not ended, as far as the index has read. For one task at a time.

    With *keep* it writes down where it is, whenever it has read *keep_every* events of the log since, or as many as
    there are sagas in it if those are more. Several may do so at once: who is late writes nothing.
    """

    def __init__(self, store: EventStore, *, keep: bool = True, keep_every: int = KEEP_EVERY, page: int = PAGE) -> None:
        for what, value in (("keep_every", keep_every), ("page", page)):
            if value < 1:
                raise InvalidValue(f"{what} of the index of sagas", value, "1 or more")
        self._store, self._page = store, page
        self._keep, self._keep_every = keep, keep_every
        self._kept = Kept(store)
        self._begun = False
        self._read_since = 0
        self.open: dict[str, Entry] = {}
        """Sagas that somebody has to drive, by id, in the order in which that began."""
        self.stuck: dict[str, Entry] = {}
        """Sagas that wait for a person, by id, with the reason."""
        self.position = 0
        """What came up to here in the log is known."""

    async def advance(self, until: int | None = None) -> list[str] | None:
        """Read one more piece of what was kept, or page of the log: the sagas found open in it. None if there is none.

        With *until*, no further than to that position of the log. Raises what the store raises, and goes on from the
        same place when called again.
        """
        if not self._begun:
            await self._begin()
        if self._kept.pieces:
            return await self._take_in_piece()
        if until is not None and self.position >= until:
            return None
        events, reached = await read_page(self._store, self.position, BOUNDS, self._page)
        if until is not None and reached > until:
            events, reached = [stored for stored in events if stored.position <= until], until
        found = self._take_in(events)
        self.position = reached
        self._read_since += len(events)
        if self._keep and self._read_since >= max(self._keep_every, len(self.open) + len(self.stuck)):
            await self.keep()
        return found if events else None

    async def catch_up(self) -> None:
        """Read all that there is."""
        while await self.advance() is not None:
            pass

    async def keep(self) -> None:
        """Write down where the index is, if it has read anything since. Whoever was faster has done it as well."""
        if self._read_since and not self._kept.pieces:
            await self._kept.write(self.position, self.open.values(), self.stuck.values())
            self._read_since = 0

    async def _begin(self) -> None:
        self.open.clear()
        self.stuck.clear()
        self.position = await self._kept.begin()
        self._begun = True

    async def _take_in_piece(self) -> list[str]:
        entries = await self._kept.next_piece()
        if entries is None:  # another has written anew meanwhile, and swept this away
            self._begun = False
            return []
        for entry in entries:
            (self.stuck if entry.reason is not None else self.open)[entry.saga_id] = entry
        return [entry.saga_id for entry in entries if entry.reason is None]

    def _take_in(self, events: list[StoredEvent]) -> list[str]:
        """Fold *events*; the sagas that are open after them and were not before; a spoiled time is now."""
        found: dict[str, None] = {}
        for stored in events:
            saga_id = stored.stream.removeprefix(f"{log.CATEGORY}-")
            stuck = self.stuck.pop(saga_id, None)
            if stored.type in OPENING:
                if saga_id not in self.open:
                    self.open[saga_id] = Entry(saga_id, moment_of(stored) or now())
                    found[saga_id] = None
                continue
            self.open.pop(saga_id, None)
            found.pop(saga_id, None)
            if stored.type in STICKING:
                since = (moment_of(stored) or now()) if stuck is None else stuck.since
                self.stuck[saga_id] = Entry(saga_id, since, _reason(stored))
        return list(found)


class Unfinished:
    """The sagas that somebody has to drive, oldest first, each looked up in its own log: ``async for saga_id in ...``.

    It ends where the log ended when the first was asked for. What the store raises may be tried again: nothing is left
    out. Where the index is written anew meanwhile, a saga may come twice.
    """

    def __init__(self, store: EventStore, index: SagaIndex) -> None:
        self._store, self._index = store, index
        self._waiting = deque(index.open)
        self._until: int | None = None

    def __aiter__(self) -> Unfinished:
        return self

    async def __anext__(self) -> str:
        if self._until is None:
            self._until = await self._store.head()
        while True:
            while self._waiting:
                saga_id = self._waiting[0]
                is_open = saga_id in self._index.open and await self._has_to_be_driven(saga_id)
                self._waiting.popleft()
                if is_open:
                    return saga_id
            news = await self._index.advance(self._until)
            if news is None:
                raise StopAsyncIteration
            self._waiting += news

    async def _has_to_be_driven(self, saga_id: str) -> bool:
        try:
            return log.drives_on(await log.load(self._store, saga_id))
        except log.UNREADABLE:
            return True  # whoever would drive it is told why that cannot be, and the others are not kept waiting


def unfinished(store: EventStore, *, keep: bool = True) -> Unfinished:
    """The sagas of *store* that somebody has to drive, oldest first, without reading them all before the first."""
    return Unfinished(store, SagaIndex(store, keep=keep))


async def is_open(store: EventStore, saga_id: str) -> bool:
    """Whether somebody has to drive the saga, as the index has it: by the types in its log, which need not be read."""
    stored = await store.read(log.stream_of(saga_id), backwards=True)
    return next((each.type in OPENING for each in stored if each.type in BOUND_TYPES), False)


def _reason(stored: StoredEvent) -> str:
    try:
        said = stored.event
    except log.UNREADABLE as error:
        return str(error)
    return ": ".join(part for part in (getattr(said, "step", ""), getattr(said, "reason", "")) if part)
