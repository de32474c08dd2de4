"""A consumer group as it is usually first written. The sound one is `eventlab.store.ConsumerGroup`.

It looks right, and passes a test in which nobody dies and nobody is slow. What is wrong:

- a lease is a name and a time: whoever wakes up after its time is over has no way of knowing it
- the checkpoint is kept beside the lease, and written over whatever is there: a worker that slept sets it back
- the checkpoint is written when a page was read, before it is handled: who dies in between has lost the rest
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import msgspec

from ..errors import VersionConflict
from ..runtime import now
from ..store import EventStore, Records, StoredEvent
from ..store.parking import Handle
from ..store.sharing import share_of

LEASE, CHECKPOINT = "naive-lease", "naive-checkpoint"


class HeldUntil(msgspec.Struct, frozen=True):
    """Who holds a share, and for how long."""

    owner: str
    until: datetime


class NaiveGroup:
    """Workers that share the events of *store* among them."""

    def __init__(
        self, store: EventStore, name: str, *, shares: int = 8, ttl_s: float = 10.0, page: int = 50, poll_s: float = 0.1
    ) -> None:
        self.store, self.name, self.shares, self.ttl_s = store, name, shares, ttl_s
        self._page, self._poll_s = page, poll_s

    async def run(self, handle: Handle, *, worker: str) -> None:
        """Work until cancelled."""
        while True:
            for share in range(self.shares):
                if await self._hold(share, worker):
                    await self._work(share, handle)
            await asyncio.sleep(self._poll_s)

    async def position(self, share: int) -> int:
        """The checkpoint of a share."""
        record = await self.store.records.get(CHECKPOINT, f"{self.name}/{share}")
        return 0 if record is None else int(record.value)

    async def _hold(self, share: int, worker: str) -> bool:
        record = await self.store.records.get(LEASE, f"{self.name}/{share}")
        if record is not None:
            held = msgspec.json.decode(record.value, type=HeldUntil)
            if held.owner != worker and held.until > now():
                return False
        mine = HeldUntil(worker, now() + timedelta(seconds=self.ttl_s))
        await _overwrite(self.store.records, LEASE, f"{self.name}/{share}", msgspec.json.encode(mine))
        return True

    async def _work(self, share: int, handle: Handle) -> None:
        after = await self.position(share)
        page = await self.store.read_all(after, limit=self._page)
        if not page:
            return
        mine: list[StoredEvent] = [stored for stored in page if share_of(stored.stream, self.shares) == share]
        reached = str(page[-1].position).encode()
        await _overwrite(self.store.records, CHECKPOINT, f"{self.name}/{share}", reached)
        for stored in mine:
            await handle(stored)


async def _overwrite(records: Records, kind: str, key: str, value: bytes) -> None:
    """Write, whatever is there: "the last one wins"."""
    while True:
        found = await records.get(kind, key)
        try:
            await records.put(kind, key, value, version=0 if found is None else found.version)
            return
        except VersionConflict:
            continue
