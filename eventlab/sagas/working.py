"""What one worker on sagas does: it holds its part of the shares, finds what is unfinished in them, and drives it."""

from __future__ import annotations

import asyncio
from collections import deque
from functools import partial
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any, Final

from eventlab.errors import GiveUp, LeaseLost
from eventlab.resilience.deadline import deadline_at
from eventlab.runtime import monotonic, now, random_stream
from eventlab.sagas import log
from eventlab.sagas.index import ENDING, STICKING, SagaIndex
from eventlab.sagas.state import SagaState
from eventlab.sagas.step import possible_parents
from eventlab.sagas.watching import watch
from eventlab.store import Lease, Leases, StoredEvent
from eventlab.store.cancelling import heed_cancelling
from eventlab.store.holding import BACKOFF, TROUBLE, HeldShare, Holder, at_best, first_of
from eventlab.store.lazily import moment_of

if TYPE_CHECKING:
    from eventlab.sagas.workers import SagaWorker

OF: Final = "sagas"
"""What the keys of the leases begin with."""

LOOK_EVERY_S: Final = 0.02
"""However fast the log grows, it is looked at for new sagas no more often."""

_AT_ONCE: Final = ("SagaStarted", "SagaRetried", "StepResolved", "StepSkippedByHand")
"""Whoever writes these as the last event does not drive the saga himself, or not yet."""


class SagaShare(HeldShare):
    """A share of the sagas that this worker holds."""

    def __init__(self, number: int, lease: Lease) -> None:
        super().__init__(number, lease)
        self.leaving_since_s: float | None = None


class Work(Holder[SagaShare]):
    """See the module."""

    def __init__(self, worker: SagaWorker) -> None:
        store, name = worker.engine.store, worker.name
        chance = random_stream(f"sagas/worker/{name}")
        super().__init__(Leases(store), OF, name, shares=worker.shares, ttl_s=worker.ttl_s, chance=chance)
        self._worker, self._engine, self._store = worker, worker.engine, store
        self._index = SagaIndex(store)
        self._waiting: deque[str] = deque()
        """Sagas to be looked at, oldest first."""
        self._later: list[tuple[float, str]] = []
        """Sagas to be looked at again, by when."""
        self._seen: dict[str, int] = {}
        """The version that such a saga had when it was looked at."""
        self._driving: dict[str, asyncio.Task[SagaState]] = {}
        self._fresh: dict[str, float] = {}
        """Those of them that count against *driving_max*, and since when they are driven."""

    async def run(self) -> None:
        """Until cancelled, or until another worker takes the name."""
        watching = watch(self._store, self._engine, random_stream(f"sagas/watching/{self._name}"))
        await self._hold_while(self._work(), watching)

    # -- the shares

    def _taken(self, number: int, lease: Lease) -> SagaShare:
        self._waiting += [saga_id for saga_id in self._index.open if self._worker.share_of(saga_id) == number]
        return SagaShare(number, lease)

    async def _save(self, share: SagaShare) -> None:
        async with share.saving:
            if share.lost or self._shares.get(share.number) is not share:
                return
            try:
                share.lease = await self._leases.renew(share.lease, ttl_s=self._ttl_s)
            except LeaseLost:
                share.lost = True
                self._shares.pop(share.number, None)
                for task in self._driven_in(share):
                    task.cancel()

    async def _let_go(self, share: SagaShare) -> None:
        self._shares.pop(share.number, None)
        async with share.saving:
            if not share.lost:
                await self._leases.release(share.lease)

    async def _leave(self) -> None:
        await _cancelled(list(self._driving.values()))
        await at_best(self._index.keep)
        await super()._leave()

    async def _hand_over(self) -> None:
        """Give back the shares that are to go, once what is driven in them has ended, or has had its time."""
        for share in [share for share in self._shares.values() if share.leaving]:
            share.leaving_since_s = share.leaving_since_s or monotonic()
            driven = self._driven_in(share)
            if not driven or monotonic() >= share.leaving_since_s + self._ttl_s:
                await _cancelled(driven)
                await self._let_go(share)

    def _driven_in(self, share: SagaShare) -> list[asyncio.Task[SagaState]]:
        mine = self._worker.share_of
        return [task for saga_id, task in self._driving.items() if mine(saga_id) == share.number]

    # -- finding sagas

    async def _work(self) -> None:
        failures = 0
        while True:
            self._nudged.clear()
            try:
                await self._hand_over()
                await self._fill()
                await self._wait()
                failures = 0
            except LeaseLost:
                continue  # a share that was to be given back; it is gone already
            except TROUBLE:
                heed_cancelling()
                failures += 1
                await asyncio.sleep(BACKOFF.delay_s(failures, self._chance))

    async def _fill(self) -> None:
        """Look at one saga after the other, as long as there is room for more, and any is left."""
        while self._later and self._later[0][0] <= monotonic():
            self._waiting.append(heappop(self._later)[1])
        while self._has_room():
            if self._waiting:
                await self._look(self._waiting[0])
                self._waiting.popleft()
                continue
            found = await self._index.advance()
            if found is None:
                parked = [saga_id for saga_id in self._engine.parked if saga_id not in self._index.open]
                await self._engine.forget_settled(parked)
                return
            self._waiting += [saga_id for saga_id in found if self._worker.share_of(saga_id) in self._shares]
            await asyncio.sleep(0)  # a long log is read on, but not all at once

    async def _look(self, saga_id: str) -> None:
        """Drive the saga, if it is this worker's, and nobody else seems to drive it."""
        seen = self._seen.pop(saga_id, None)
        share = self._shares.get(self._worker.share_of(saga_id))
        if share is None or share.leaving or saga_id not in self._index.open or saga_id in self._driving:
            return
        if not share.lease.remaining_s:  # this worker slept, or its store was away: is it still the owner?
            await self._save(share)
        is_step = "." in saga_id and await self._is_step(saga_id)
        (last,) = await self._store.read(log.stream_of(saga_id), backwards=True, limit=1)
        if last.type in ENDING or last.type in STICKING or self._shares.get(share.number) is not share:
            return
        pause_s = self._worker.quiet_s if is_step else self._pause_s(saga_id, last, seen)
        if pause_s > 0:
            self._look_again(saga_id, pause_s, last.version)
        else:
            self._drive(saga_id)

    def _pause_s(self, saga_id: str, last: StoredEvent, seen: int | None) -> float:
        """For how long the saga is still left to whoever drives it; by whatever clock that wrote, it ends."""
        quiet_s = self._worker.quiet_s
        if self._engine.drives(saga_id):
            return quiet_s
        if last.type in _AT_ONCE or seen == last.version:
            return 0.0
        return min(quiet_s, quiet_s - (now() - (moment_of(last) or now())).total_seconds())

    async def _is_step(self, saga_id: str) -> bool:
        """Whether it is a step of a saga under way: whoever drives that one drives this, however long it takes."""
        for parent_id, step in possible_parents(saga_id):
            if parent_id in self._index.open:
                (started,) = await self._store.read(log.stream_of(parent_id), limit=1)
                try:
                    steps = getattr(started.event, "outline", ())
                except log.UNREADABLE:
                    return True  # to whoever can read that one
                if any(each.name == step for each in steps):
                    return True
        return False

    def _look_again(self, saga_id: str, pause_s: float, version: int | None = None) -> None:
        if version is not None:
            self._seen[saga_id] = version
        heappush(self._later, (monotonic() + pause_s, saga_id))

    def _has_room(self) -> bool:
        """Sagas that take long, which mostly means that they pause between attempts, keep no other waiting."""
        slow = monotonic() - self._worker.slow_after_s
        for saga_id in [saga_id for saga_id, since_s in self._fresh.items() if since_s <= slow]:
            del self._fresh[saga_id]
        return len(self._fresh) < self._worker.driving_max

    async def _wait(self) -> None:
        """Until there may be something to do: a share has come or is to go, a saga has ended, or the log has grown."""
        moments = [self._later[0][0]] if self._later else []
        moments += [share.leaving_since_s + self._ttl_s for share in self._shares.values() if share.leaving_since_s]
        waiting: list[asyncio.Future[Any]] = [asyncio.ensure_future(self._nudged.wait())]
        if self._has_room():
            waiting.append(asyncio.ensure_future(self._store.changed(self._index.position)))
        else:
            moments.append(min(self._fresh.values()) + self._worker.slow_after_s)
        await first_of(waiting, max(0.0, min(moments) - monotonic()) if moments else None)
        await asyncio.sleep(LOOK_EVERY_S)

    # -- driving them

    def _drive(self, saga_id: str) -> None:
        with deadline_at(None):
            task = asyncio.create_task(self._engine.drive(saga_id), name=f"saga {saga_id}")
        self._driving[saga_id], self._fresh[saga_id] = task, monotonic()
        task.add_done_callback(partial(self._driven, saga_id))

    def _driven(self, saga_id: str, task: asyncio.Task[SagaState]) -> None:
        del self._driving[saga_id]
        self._fresh.pop(saga_id, None)
        self._nudged.set()
        if task.cancelled():
            return
        error = task.exception()
        if isinstance(error, GiveUp):
            self._engine.park(saga_id, error)
        state = None if error is not None else task.result()
        if state is None or log.drives_on(state):  # it failed, or somebody else drives it
            self._look_again(saga_id, self._worker.quiet_s, None if state is None else state.version)
        elif not state.status.ended:  # if it was stuck and is helped on by now, that was read while it was driven
            self._look_again(saga_id, LOOK_EVERY_S)


async def _cancelled(tasks: list[asyncio.Task[SagaState]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
