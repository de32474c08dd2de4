"""Intervening in a saga, as a person or another saga does: the verbs, written under the saga's fence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from eventlab.errors import UnknownSaga
from eventlab.sagas import events as e
from eventlab.sagas import log, verbs
from eventlab.sagas.driver import Driver
from eventlab.sagas.folding import fold
from eventlab.sagas.locks import LockQueue, Locks
from eventlab.sagas.state import SagaState
from eventlab.store import EventStore


class Interventions:
    """The verbs of an engine. Each only writes, needs no definition, and gives back how the saga stands after it.

    Whoever drives the saga goes on from there; who drives it in this engine is told at once.
    """

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._locks = Locks(store)
        self._drivers: dict[Driver, None] = {}

    async def retry(self, saga_id: str, *, by: str, why: str) -> SagaState:
        """Let a stuck saga try again, with new patience."""
        return await self.intervene(saga_id, lambda state: verbs.retry(state, by, why))

    async def skip(self, saga_id: str, step: str | None = None, *, by: str, why: str) -> SagaState:
        """Let a stuck saga go on without the step; if it was being undone, leave it as it is."""
        return await self.intervene(saga_id, lambda state: verbs.skip(state, step, by, why))

    async def resolve(
        self, saga_id: str, outcome: verbs.Outcome, step: str | None = None, *, by: str, why: str, result: Any = None
    ) -> SagaState:
        """Say how the step that is stuck stands in truth: ``succeeded``, ``failed`` or ``compensated``."""
        plain = log.plain(result)
        return await self.intervene(saga_id, lambda state: verbs.resolve(state, step, outcome, by, why, plain))

    async def compensate(self, saga_id: str, *, by: str, why: str) -> SagaState:
        """Turn a saga back that is under way or stuck, and has not passed its point of no return."""
        return await self.intervene(saga_id, lambda state: verbs.compensate(state, by, why))

    async def cancel(self, saga_id: str, *, by: str, why: str) -> SagaState:
        """See to it that the saga has no effect in the end.

        One that has not started never will; one under way turns back, also in the middle of a step; of one that is
        being undone, or is undone, nothing changes. Raises SagaVerbRefused past the point of no return.
        """
        return await self.intervene(saga_id, lambda state: verbs.cancel(state, saga_id, by, why), may_be_new=True)

    async def abandon(self, saga_id: str, *, by: str, why: str) -> SagaState:
        """Give a stuck saga up as it is: nothing is tried any more."""
        return await self.intervene(saga_id, lambda state: verbs.abandon(state, by, why))

    async def lock(self, thing: str) -> LockQueue:
        """Who works on a thing, and who waits for it, each since when."""
        return (await self._locks.queues([thing]))[thing]

    async def intervene(
        self, saga_id: str, decide: Callable[[SagaState], Sequence[e.SagaEvent]], *, may_be_new: bool = False
    ) -> SagaState:
        """Write what *decide* says, and decide again if the saga has moved meanwhile.

        Raises UnknownSaga for one that was never started, and what *decide* raises.
        """
        while True:
            state = fold(each.event for each in await self._store.read(log.stream_of(saga_id)))
            if not state.version and not may_be_new:
                raise UnknownSaga(f"no saga {saga_id!r} was started in store {self._store.name!r}")
            events = decide(state)
            if not events:
                return state
            after = fold(events, state)
            try:
                await log.append(self._store, state, after, events)
            except log.Overtaken:
                continue
            break
        self.notice(saga_id, after.version)
        if after.status.ended:
            self._locks.given_back(after.locks)
        return after

    def notice(self, saga_id: str, version: int) -> None:
        """Interrupt who drives the saga in this engine, if somebody else has written its log up to *version*.

        Undoing is left alone. A driver that has read, or written, as far already is not meant.
        """
        for driver in self._drivers:
            if driver.state.saga_id == saga_id and driver.state.version < version:
                driver.interrupt()
