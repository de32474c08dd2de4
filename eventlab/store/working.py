"""One worker of a consumer group: it says that it lives, holds its part of the shares, and handles their events."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, Final

from ..errors import LeaseLost
from ..runtime import monotonic, random_stream
from .cancelling import heed_cancelling
from .handling import Handling
from .holding import BACKOFF, TROUBLE, HeldShare, Holder, first_of
from .leases import Lease
from .model import StoredEvent
from .parking import Handle
from .sharing import share_of
from .subscription import read_page

if TYPE_CHECKING:
    from .groups import ConsumerGroup

SAVE_EVERY: Final = 100
"""After so many events of a share its checkpoint is saved; before that, when there are no more at hand."""


class Share(HeldShare):
    """A share that this worker holds. *position* is what it has handled, *saved* what its lease knows of that."""

    def __init__(self, number: int, lease: Lease, position: int) -> None:
        super().__init__(number, lease)
        self.position = self.saved = position
        self.attempts = 0
        self.pausing_until_s = 0.0


class Worker(Holder[Share]):
    """See the module."""

    def __init__(self, group: ConsumerGroup, begun_after: int, handle: Handle, name: str) -> None:
        chance = random_stream(f"group/{group.name}/{name}")
        super().__init__(group.leases, group.key, name, shares=group.shares, ttl_s=group.ttl_s, chance=chance)
        self._group, self._begun_after = group, begun_after
        self._handling = Handling(group, handle, name, chance)

    async def run(self) -> None:
        """Until cancelled, or until one of the two tasks fails."""
        await self._hold_while(self._handle_rounds())

    def _taken(self, number: int, lease: Lease) -> Share:
        return Share(number, lease, position_in(lease, self._begun_after))

    async def _let_go(self, share: Share) -> None:
        self._shares.pop(share.number, None)
        if share.lost:
            return
        async with share.saving:
            if share.position > share.saved:
                share.lease = await self._leases.write(share.lease, share.position)
            await self._leases.release(share.lease)

    async def _save(self, share: Share) -> None:
        """Write the checkpoint and renew the lease, in one step; if it was taken over, write nothing and drop it."""
        async with share.saving:
            if share.lost or self._shares.get(share.number) is not share:
                return
            position = share.position
            try:
                share.lease = await self._leases.write(share.lease, position, ttl_s=self._ttl_s)
            except LeaseLost:
                share.lost = True
                self._shares.pop(share.number, None)
                return
            share.saved = position

    # -- handling

    async def _handle_rounds(self) -> None:
        """One page of the log after another, read once for all shares, beginning where the last of them stands."""
        failures = 0
        while True:
            self._nudged.clear()
            try:
                for share in [share for share in self._shares.values() if share.leaving]:
                    await self._let_go(share)
                ready = [share for share in self._shares.values() if share.pausing_until_s <= monotonic()]
                after = min((share.position for share in ready), default=0)
                if not ready or not await self._round(ready, after):
                    await self._wait(after if ready else None)
                failures = 0
            except (LeaseLost, *TROUBLE) as trouble:
                heed_cancelling()
                if self._handling.failure is not None:
                    raise self._handling.failure from None  # the handler's, and no trouble with this group's store
                if isinstance(trouble, LeaseLost):
                    continue  # one that was to be given back; it is gone already
                failures += 1
                await asyncio.sleep(BACKOFF.delay_s(failures, self._chance))

    async def _round(self, ready: list[Share], after: int) -> bool:
        """Handle one page; whether it led any further."""
        group = self._group
        events, reached = await read_page(group.store, after, group.where, group.page)
        if reached == after:
            return False
        dealt: dict[int, list[StoredEvent]] = {}
        for stored in events:
            dealt.setdefault(share_of(stored.stream, group.shares), []).append(stored)
        working: list[Awaitable[None]] = []
        for share in ready:
            mine = [stored for stored in dealt.get(share.number, ()) if stored.position > share.position]
            if mine:
                working.append(self._work(share, mine, reached))
            else:
                share.position = max(share.position, reached)
        if not working:
            await asyncio.sleep(0)  # a long log without anything for this worker is read on, but not all at once
        trouble = [error for error in await asyncio.gather(*working, return_exceptions=True) if error is not None]
        if self._handling.failure is not None:
            raise self._handling.failure
        if trouble:
            raise trouble[0]
        return True

    async def _work(self, share: Share, events: list[StoredEvent], reached: int) -> None:
        """Handle *events* of one share, as long as it is held; the checkpoint follows what is done."""
        unsaved = 0
        for stored in events:
            if not share.lease.remaining_s:  # this worker slept, or its store was away: is it still the owner?
                await self._save(share)
            if share.lost or share.leaving or self._handling.failure is not None:
                break
            if not await self._handling.has_done(share, stored):
                break
            share.position, share.attempts = stored.position, 0
            heed_cancelling()  # the handler may have kept it to itself
            unsaved += 1
            if unsaved % SAVE_EVERY == 0:
                await self._save(share)
        else:
            share.position = max(share.position, reached)
        if unsaved:
            await self._save(share)
        if share.leaving and not share.lost:
            await self._let_go(share)

    async def _wait(self, after: int | None) -> None:
        """Until the log has grown beyond *after*, a share has come or is to go, or a pause is over."""
        pauses = [share.pausing_until_s for share in self._shares.values() if share.pausing_until_s > monotonic()]
        timeout_s = max(0.0, min(pauses) - monotonic()) if pauses else None
        waiting: list[asyncio.Future[Any]] = [asyncio.ensure_future(self._nudged.wait())]
        if after is not None:
            waiting.append(asyncio.ensure_future(self._group.store.changed(after)))
        await first_of(waiting, timeout_s)


def position_in(lease: Lease | None, begun_after: int) -> int:
    """The checkpoint that the lease of a share carries; where the group began, before there is one."""
    return begun_after if lease is None or lease.value is None else int(lease.value)
