"""One worker of a consumer group: it says that it lives, holds its part of the shares, and handles their events."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from ..errors import (
    LeaseHeld,
    LeaseLost,
    Retriable,
    StoreBusy,
    StoreUnavailable,
    UnknownOutcome,
)
from ..resilience.backoff import Exponential
from ..runtime import monotonic, now, random_stream
from .handling import Handling
from .leases import Lease
from .model import StoredEvent
from .parking import Handle
from .sharing import quota_of, share_of
from .subscription import read_page

if TYPE_CHECKING:
    from .groups import ConsumerGroup

BEATS_PER_TTL: Final = 3
SAVE_EVERY: Final = 100
"""After so many events of a share its checkpoint is saved; before that, when there are no more at hand."""
DEAD_FOR_TTLS: Final = 10
"""A worker that has been silent for so many times its ttl is forgotten."""
LEAVING_ATTEMPTS_MAX: Final = 3
_BACKOFF: Final = Exponential(0.05, factor=2, cap_s=2.0, jitter=0.2)
_Trouble = (StoreUnavailable, StoreBusy, UnknownOutcome)


class Share:
    """A share that this worker holds. *position* is what it has handled, *saved* what its lease knows of that."""

    def __init__(self, number: int, lease: Lease, position: int) -> None:
        self.number, self.lease = number, lease
        self.position = self.saved = position
        self.saving = asyncio.Lock()
        self.leaving = False
        """To be given back as soon as the event in hand is done."""
        self.lost = False
        self.attempts = 0
        self.pausing_until_s = 0.0


class Worker:
    """See the module."""

    def __init__(self, group: ConsumerGroup, begun_after: int, handle: Handle, name: str) -> None:
        self._group, self._begun_after, self._name = group, begun_after, name
        self._shares: dict[int, Share] = {}
        self._membership: Lease | None = None
        self._nudged = asyncio.Event()
        self._chance = random_stream(f"group/{group.name}/{name}")
        self._handling = Handling(group, handle, name, self._chance)

    async def run(self) -> None:
        """Until cancelled, or until one of the two tasks fails."""
        beating = asyncio.ensure_future(self._beat())
        handling = asyncio.ensure_future(self._handle_rounds())
        try:
            done, _ = await asyncio.wait([beating, handling], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except GeneratorExit:
            raise  # thrown away unfinished, as with a whole world: nothing can be awaited any more
        except BaseException:
            for task in (beating, handling):
                task.cancel()
            await asyncio.gather(beating, handling, return_exceptions=True)
            await self._leave()
            raise

    # -- being there, and holding a fair part of the shares

    async def _beat(self) -> None:
        group = self._group
        while True:
            pause_s = group.ttl_s / BEATS_PER_TTL
            try:
                await self._say_so()
                if await self._take_part():
                    pause_s /= BEATS_PER_TTL  # somebody is about to give one back, or about to expire
            except _Trouble:
                pause_s = min(pause_s, 1.0)
            await asyncio.sleep(pause_s * self._chance.uniform(0.9, 1.0))

    async def _say_so(self) -> None:
        """Tell the others that this worker lives. Raises LeaseLost when there is a newer one of the same name."""
        leases, ttl_s = self._group.leases, self._group.ttl_s
        if self._membership is None:
            self._membership = await leases.acquire(self._group.worker_key(self._name), owner=self._name, ttl_s=ttl_s)
        else:
            self._membership = await leases.renew(self._membership, ttl_s=ttl_s)
        for share in list(self._shares.values()):
            await self._save(share)

    async def _take_part(self) -> bool:
        """Give back what is too much, take what is free; whether there is still something to be taken."""
        group = self._group
        quota = quota_of(self._name, await self._alive(), group.shares)
        held = [share for share in self._shares.values() if not share.leaving]
        for share in sorted(held, key=lambda share: share.number)[quota:]:
            share.leaving = True
        if len(held) > quota:
            self._nudged.set()
        if len(held) >= quota:
            return False
        taken = {lease.key: lease for lease in await group.leases.all(group.share_key())}
        for number in self._in_turn():
            if len([share for share in self._shares.values() if not share.leaving]) >= quota:
                return False
            lease = taken.get(group.share_key(number))
            free = lease is None or lease.owner == self._name or not lease.remaining_s
            if free and number not in self._shares:
                await self._take(number)
        return True

    async def _take(self, number: int) -> None:
        group = self._group
        try:
            lease = await group.leases.acquire(group.share_key(number), owner=self._name, ttl_s=group.ttl_s)
        except LeaseHeld:
            return  # another was faster
        self._shares[number] = Share(number, lease, position_in(lease, self._begun_after))
        self._nudged.set()

    def _in_turn(self) -> list[int]:
        """The shares, beginning anywhere: workers that come together do not all reach for the same one."""
        begin = self._chance.randrange(self._group.shares)
        return [*range(begin, self._group.shares), *range(begin)]

    async def _alive(self) -> list[str]:
        alive = []
        for lease in await self._group.leases.all(self._group.worker_key()):
            if lease.remaining_s > 0:
                alive.append(lease.owner)
            elif (now() - lease.expires_at).total_seconds() > DEAD_FOR_TTLS * self._group.ttl_s:
                await self._group.leases.forget(lease)
        return alive

    async def _leave(self) -> None:
        """Give everything back at once. What cannot be given back expires by itself."""
        for share in list(self._shares.values()):
            await _at_best(partial(self._let_go, share))
        if self._membership is not None:
            await _at_best(partial(self._sweep, self._membership))
            await _at_best(partial(self._group.leases.release, self._membership))

    async def _sweep(self, membership: Lease) -> None:
        """Give back what was just being taken, or given back, when this worker was cancelled."""
        leases = self._group.leases
        found = await leases.get(self._group.worker_key(self._name))
        if found is None or found.token != membership.token:
            return  # a newer worker has the name, and the leases under it
        for lease in await leases.all(self._group.share_key()):
            if lease.owner == self._name:
                await _at_best(partial(leases.release, lease))

    async def _let_go(self, share: Share) -> None:
        self._shares.pop(share.number, None)
        if share.lost:
            return
        async with share.saving:
            if share.position > share.saved:
                share.lease = await self._group.leases.write(share.lease, share.position)
            await self._group.leases.release(share.lease)

    async def _save(self, share: Share) -> None:
        """Write the checkpoint and renew the lease, in one step; if it was taken over, write nothing and drop it."""
        async with share.saving:
            if share.lost or self._shares.get(share.number) is not share:
                return
            position = share.position
            try:
                share.lease = await self._group.leases.write(share.lease, position, ttl_s=self._group.ttl_s)
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
            except (LeaseLost, *_Trouble) as trouble:
                if self._handling.failure is not None:
                    raise self._handling.failure from None  # the handler's, and no trouble with this group's store
                if isinstance(trouble, LeaseLost):
                    continue  # one that was to be given back; it is gone already
                failures += 1
                await asyncio.sleep(_BACKOFF.delay_s(failures, self._chance))

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
        try:
            done, _ = await asyncio.wait(waiting, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                each.result()
        finally:
            for each in waiting:
                each.add_done_callback(_seen)
                each.cancel()


def position_in(lease: Lease | None, begun_after: int) -> int:
    """The checkpoint that the lease of a share carries; where the group began, before there is one."""
    return begun_after if lease is None or lease.value is None else int(lease.value)


def _seen(future: asyncio.Future[Any]) -> None:
    """Nobody waits for it any more; an error of it is no news."""
    if not future.cancelled():
        future.exception()


async def _at_best(doing: Callable[[], Awaitable[None]]) -> None:
    """What is good to have done when leaving, and settles itself in time when it cannot be.

    Tried a few times: the call that was cancelled just now may have taken its connection with it.
    """
    for attempt in range(1, LEAVING_ATTEMPTS_MAX + 1):
        try:
            return await doing()
        except LeaseLost:
            return
        except (Retriable, UnknownOutcome):
            await asyncio.sleep(_BACKOFF.delay_s(attempt, random_stream("group/leaving")))
