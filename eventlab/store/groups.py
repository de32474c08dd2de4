"""Consumer groups: several workers follow one log, each event goes to one of them, and none is left out.

Streams are dealt into shares by hash. A share is a lease that carries its
checkpoint, so that being the owner and moving the checkpoint are checked in
one step. `working` has what a worker does.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Final

import msgspec

from ..errors import InvalidValue, VersionConflict
from ..errors.given import check_seconds
from ..runtime import now, random_stream
from .cancelling import heed_cancelling
from .filters import EVERYTHING, Filter, check_filter
from .holding import BACKOFF, TROUBLE, share_key
from .lazily import moment_of
from .leases import Leases
from .parking import Handle, Parking, check_handler, check_parking
from .protocol import EventStore
from .sharing import Failing, Stop, check_failing, share_of
from .subscription import PAGE
from .working import Worker, position_in

KIND: Final = "group"
COUNTED_MAX: Final = 100_000


class ShareProgress(msgspec.Struct, frozen=True):
    """How far one share of a group has come.

    *owner* is empty while nobody works on it. Everything up to *position* is
    handled. *lag_events* are still to be handled, and the oldest of them
    happened *lag_s* seconds ago (0 when there is none). If *counted_all* is
    False there may be more than were counted.
    """

    share: int
    owner: str
    token: int
    position: int
    lag_events: int
    lag_s: float
    counted_all: bool


class _Definition(msgspec.Struct, frozen=True):
    """What all workers of a group must agree on, and where it began."""

    shares: int
    after: int


class ConsumerGroup:
    """Workers that share the events of *store* among them: each calls `run` with a name of its own.

    The events of a stream are handled one after another, in order, each at
    least once: again after a crash, or when a worker was so slow that its
    share went to another. The share of a worker that died moves after *ttl_s*
    seconds. How many *shares* there are, and the position *after* which the
    group begins, are settled when it first runs.

    *failing* says what happens when the handler raises: `Stop`, `Retrying` or
    `Park`; parked events are found under the name of the group. With
    *undecodable*, events that cannot be decoded are set aside there, before
    the handler sees them.
    """

    def __init__(
        self,
        store: EventStore,
        name: str,
        *,
        shares: int = 8,
        ttl_s: float = 10.0,
        where: Filter = EVERYTHING,
        after: int = 0,
        page: int = PAGE,
        failing: Failing = Stop(),  # noqa: B008  # a value without parts
        undecodable: Parking | None = None,
    ) -> None:
        numbers: tuple[tuple[str, object, int], ...] = (("shares", shares, 1), ("page", page, 1), ("after", after, 0))
        for what, value, least in numbers:
            if not isinstance(value, int) or value < least:
                raise InvalidValue(f"{what} of group {name!r}", value, f"{least} or more")
        check_seconds(f"ttl_s of group {name!r}", ttl_s)
        check_filter(where)
        check_failing(failing)
        check_parking(undecodable)
        self.parking = Parking(store, name)  # checks the name
        self.store, self.name, self.shares, self.ttl_s = store, name, shares, ttl_s
        self.where, self.after, self.page = where, after, page
        self.failing, self.undecodable = failing, undecodable
        self.leases = Leases(store)

    async def run(self, handle: Handle, *, worker: str) -> None:
        """Work until cancelled: join, take a fair part of the shares, and give *handle* their events.

        A cancelled worker saves what it has finished and gives its shares back
        at once. Raises what *handle* raised where the policy is to stop, and
        LeaseLost when another worker joins under the same name: the newer one
        stays. Raises InvalidValue if the group has another number of shares,
        and for a *handle* that cannot be waited for. If something that it waits
        for is cancelled, while the worker is not, it has failed with
        HandlerCancelled, and the policy is asked.
        """
        if not worker:
            raise InvalidValue("worker", worker, "a name")
        check_handler(f"group {self.name!r}", handle)
        begun = await self._begun()
        await Worker(self, begun.after, handle, worker).run()

    async def progress(self, *, counted_max: int = COUNTED_MAX) -> list[ShareProgress]:
        """How far each share is, also when nobody works. At most *counted_max* events of the log are looked through."""
        definition = await self._definition()
        after, shares = (self.after, self.shares) if definition is None else (definition.after, definition.shares)
        held = {lease.key: lease for lease in await self.leases.all(share_key(self.key))}
        leases = [held.get(share_key(self.key, share)) for share in range(shares)]
        positions = [position_in(lease, after) for lease in leases]
        oldest, counts, all_ = await self._lag(positions, counted_max)
        moment = now()
        return [
            ShareProgress(
                share,
                owner=lease.owner if lease is not None and lease.remaining_s > 0 else "",
                token=0 if lease is None else lease.token,
                position=position,
                lag_events=counts[share],
                lag_s=max(0.0, (moment - first).total_seconds()) if (first := oldest[share]) else 0.0,
                counted_all=all_,
            )
            for share, (lease, position) in enumerate(zip(leases, positions, strict=True))
        ]

    @property
    def key(self) -> str:
        """What the keys of its leases begin with."""
        return f"group/{self.name}"

    async def _lag(self, positions: list[int], counted_max: int) -> tuple[list[datetime | None], list[int], bool]:
        """For each share: since when an event waits to be handled, and how many do; and whether that is all."""
        oldest: list[datetime | None] = [None] * len(positions)
        counts = [0] * len(positions)
        after, looked_at = min(positions), 0
        while looked_at < counted_max:
            events = await self.store.read_all(after, where=self.where, limit=min(self.page, counted_max - looked_at))
            for stored in events:
                share = share_of(stored.stream, len(positions))
                if stored.position > positions[share]:
                    counts[share] += 1
                    oldest[share] = oldest[share] or moment_of(stored)
            if not events:
                return oldest, counts, True
            after, looked_at = events[-1].position, looked_at + len(events)
            await asyncio.sleep(0)  # whoever shares the loop goes on between two pages
        return oldest, counts, not await self.store.read_all(after, where=self.where, limit=1)

    async def _definition(self) -> _Definition | None:
        record = await self.store.records.get(KIND, self.name)
        return None if record is None else msgspec.json.decode(record.value, type=_Definition)

    async def _begun(self) -> _Definition:
        """What the group agreed on, asked for until the store answers: who works does not mind when it is away."""
        failures = 0
        while True:
            try:
                return await self._agreed()
            except TROUBLE:
                heed_cancelling()
                failures += 1
                await asyncio.sleep(BACKOFF.delay_s(failures, random_stream(f"group/{self.name}/beginning")))

    async def _agreed(self) -> _Definition:
        """What the group agreed on when it first ran; now, if this is the first time."""
        mine = _Definition(self.shares, self.after)
        found = await self._definition()
        while found is None:
            try:
                await self.store.records.put(KIND, self.name, msgspec.json.encode(mine), version=0)
                found = mine
            except VersionConflict:
                found = await self._definition()
        if found.shares != self.shares:
            raise InvalidValue(
                f"shares of group {self.name!r}", self.shares, f"{found.shares}, as it began with, or a new name"
            )
        return found
