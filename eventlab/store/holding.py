"""Holding a fair part of the shares of something: being there, taking what is free, giving back what is too much.

Whoever works on shares derives from `Holder`: the workers of a consumer group, and those who drive sagas.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any, Final, Generic, TypeVar

from ..errors import LeaseHeld, LeaseLost, Retriable, StoreBusy, StoreUnavailable, UnknownOutcome
from ..resilience.backoff import Exponential
from ..runtime import now, random_stream
from .cancelling import heed_cancelling
from .leases import Lease, Leases
from .sharing import quota_of

BEATS_PER_TTL: Final = 3
DEAD_FOR_TTLS: Final = 10
"""A worker that has been silent for so many times its ttl is forgotten."""
LEAVING_ATTEMPTS_MAX: Final = 3
LEAVING_LIMIT_S: Final = 5.0
"""How long a worker gives back what it holds: then it goes, however busy the store is, and the rest expires."""
BACKOFF: Final = Exponential(0.05, factor=2, cap_s=2.0, jitter=0.2)
TROUBLE: Final = (StoreUnavailable, StoreBusy, UnknownOutcome)
"""The store is away for a while. It is asked again."""


def share_key(of: str, share: int | None = None) -> str:
    """The key of the lease on a share of *of*; without a share, what all of them begin with."""
    return f"{of}/share/" + ("" if share is None else f"{share:06}")


def worker_key(of: str, worker: str = "") -> str:
    """The key of the lease by which a worker on *of* says that it is there."""
    return f"{of}/worker/{worker}"


class HeldShare:
    """A share that this worker holds, by its lease."""

    def __init__(self, number: int, lease: Lease) -> None:
        self.number, self.lease = number, lease
        self.saving = asyncio.Lock()
        self.leaving = False
        """To be given back as soon as what is in hand is done."""
        self.lost = False


S = TypeVar("S", bound=HeldShare)


class Holder(Generic[S]):
    """One of several, called *name*, who share *of* in so many *shares* among them, each held for *ttl_s* at a time."""

    def __init__(self, leases: Leases, of: str, name: str, *, shares: int, ttl_s: float, chance: random.Random) -> None:
        self._leases, self._of, self._name = leases, of, name
        self._shares_in_all, self._ttl_s, self._chance = shares, ttl_s, chance
        self._shares: dict[int, S] = {}
        self._membership: Lease | None = None
        self._nudged = asyncio.Event()
        """A share has come, or is to go."""

    async def _hold_while(self, *working: Coroutine[Any, Any, None]) -> None:
        """Hold shares while *working* works on them, until cancelled, or until one of these tasks fails."""
        tasks = [asyncio.ensure_future(each) for each in (self._beat(), *working)]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except GeneratorExit:
            raise  # thrown away unfinished, as with a whole world: nothing can be awaited any more
        except BaseException:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            with suppress(TimeoutError):
                async with asyncio.timeout(min(LEAVING_LIMIT_S, self._ttl_s)):
                    await self._leave()
            raise

    # -- what differs

    def _taken(self, number: int, lease: Lease) -> S:
        """The share that was just taken by *lease*."""
        raise NotImplementedError

    async def _save(self, share: S) -> None:
        """Renew the share's lease. If it was taken over, drop the share."""
        raise NotImplementedError

    async def _let_go(self, share: S) -> None:
        """Give the share back."""
        raise NotImplementedError

    # -- being there

    async def _beat(self) -> None:
        while True:
            pause_s = self._ttl_s / BEATS_PER_TTL
            try:
                await self._say_so()
                if await self._take_part():
                    pause_s /= BEATS_PER_TTL  # somebody is about to give one back, or about to expire
            except TROUBLE:
                heed_cancelling()
                pause_s = min(pause_s, 1.0)
            await asyncio.sleep(pause_s * self._chance.uniform(0.9, 1.0))

    async def _say_so(self) -> None:
        """Tell the others that this worker lives. Raises LeaseLost when there is a newer one of the same name."""
        leases, ttl_s = self._leases, self._ttl_s
        if self._membership is None:
            key = worker_key(self._of, self._name)
            self._membership = await leases.acquire(key, owner=self._name, ttl_s=ttl_s)
        else:
            self._membership = await leases.renew(self._membership, ttl_s=ttl_s)
        for share in list(self._shares.values()):
            await self._save(share)

    async def _take_part(self) -> bool:
        """Give back what is too much, take what is free; whether there is still something to be taken."""
        quota = quota_of(self._name, await self._alive(), self._shares_in_all)
        held = [share for share in self._shares.values() if not share.leaving]
        for share in sorted(held, key=lambda share: share.number)[quota:]:
            share.leaving = True
        if len(held) > quota:
            self._nudged.set()
        if len(held) >= quota:
            return False
        taken = {lease.key: lease for lease in await self._leases.all(share_key(self._of))}
        for number in self._in_turn():
            if len([share for share in self._shares.values() if not share.leaving]) >= quota:
                return False
            lease = taken.get(share_key(self._of, number))
            free = lease is None or lease.owner == self._name or not lease.remaining_s
            if free and number not in self._shares:
                await self._take(number)
        return True

    async def _take(self, number: int) -> None:
        try:
            lease = await self._leases.acquire(share_key(self._of, number), owner=self._name, ttl_s=self._ttl_s)
        except LeaseHeld:
            return  # another was faster
        self._shares[number] = self._taken(number, lease)
        self._nudged.set()

    def _in_turn(self) -> list[int]:
        """The shares, beginning anywhere: workers that come together do not all reach for the same one."""
        begin = self._chance.randrange(self._shares_in_all)
        return [*range(begin, self._shares_in_all), *range(begin)]

    async def _alive(self) -> list[str]:
        alive = []
        for lease in await self._leases.all(worker_key(self._of)):
            if lease.remaining_s > 0:
                alive.append(lease.owner)
            elif (now() - lease.expires_at).total_seconds() > DEAD_FOR_TTLS * self._ttl_s:
                await self._leases.forget(lease)
        return alive

    # -- leaving

    async def _leave(self) -> None:
        """Give everything back at once. What cannot be given back, or not in time, expires by itself."""
        for share in list(self._shares.values()):
            await at_best(partial(self._let_go, share))
        if self._membership is not None:
            await at_best(partial(self._sweep, self._membership))
            await at_best(partial(self._leases.release, self._membership))

    async def _sweep(self, membership: Lease) -> None:
        """Give back what was just being taken, or given back, when this worker was cancelled."""
        found = await self._leases.get(worker_key(self._of, self._name))
        if found is None or found.token != membership.token:
            return  # a newer worker has the name, and the leases under it
        for lease in await self._leases.all(share_key(self._of)):
            if lease.owner == self._name:
                await at_best(partial(self._leases.release, lease))


async def first_of(waiting: list[asyncio.Future[Any]], timeout_s: float | None) -> None:
    """Wait until the first of them is done, or for so long; the others are cancelled. Raises what that one raised."""
    try:
        done, _ = await asyncio.wait(waiting, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        for each in done:
            each.result()
    finally:
        for each in waiting:
            each.add_done_callback(_seen)
            each.cancel()


def _seen(future: asyncio.Future[Any]) -> None:
    """Nobody waits for it any more; an error of it is no news."""
    if not future.cancelled():
        future.exception()


async def at_best(doing: Callable[[], Awaitable[None]]) -> None:
    """What is good to have done when leaving, and settles itself in time when it cannot be.

    Tried a few times: the call that was cancelled just now may have taken its connection with it.
    """
    for attempt in range(1, LEAVING_ATTEMPTS_MAX + 1):
        try:
            return await doing()
        except LeaseLost:
            return
        except (Retriable, UnknownOutcome):
            await asyncio.sleep(BACKOFF.delay_s(attempt, random_stream("group/leaving")))
