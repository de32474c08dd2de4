"""The engine: starts sagas, drives them to an end, and takes them up again after a crash."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, TypeVar

from eventlab import runtime
from eventlab.errors import GiveUp, Retriable, SagaInputDiffers, UnknownOutcome, UnknownSaga
from eventlab.resilience.backoff import Exponential
from eventlab.resilience.deadline import deadline_at
from eventlab.sagas import events as e
from eventlab.sagas import log
from eventlab.sagas.definition import Saga
from eventlab.sagas.driver import Driver
from eventlab.sagas.state import SagaState
from eventlab.sagas.telling import driving
from eventlab.store import EventStore

T = TypeVar("T")

STORE_BACKOFF = Exponential(0.1, cap_s=5.0)
"""Between attempts to go on while the saga's own store does not answer."""


class SagaEngine:
    """Sagas on one store.

    *compensate* False plants a bug, for scenarios that must be able to fail:
    a saga that turns back then says that it undid everything, and undoes nothing.
    """

    def __init__(
        self,
        store: EventStore,
        definitions: Iterable[Saga],
        *,
        compensate: bool = True,
        recovering_max: int = 64,
    ) -> None:
        self._store = store
        self._definitions = {(saga.name, saga.version): saga for saga in definitions}
        self._latest = {saga.name: saga for _, saga in sorted(self._definitions.items())}
        self._compensate = compensate
        self._recovering_max = recovering_max
        self._tasks: dict[str, asyncio.Task[SagaState]] = {}
        self._undoing: dict[asyncio.Task[None], None] = {}

    async def start(self, definition: str, saga_id: str, input: Any) -> bool:
        """Record that the saga exists; True when it is new.

        One id is one saga: starting it again does nothing. With another input
        it raises SagaInputDiffers, for the first input is the saga's for ever.
        """
        driver = self._new(definition, saga_id, input)
        try:
            with driving(saga_id, definition) as driver.cause:
                await driver.commit()
        except log.Overtaken:
            _check_input(await log.load(self._store, saga_id), driver.input)
            return False
        return True

    async def run(self, definition: str, saga_id: str, input: Any) -> SagaState:
        """Start the saga, if it is new, and drive it; the start and the first intent share one append."""
        driver = self._new(definition, saga_id, input)
        try:
            with driving(saga_id, definition) as driver.cause:
                return await self._to_the_end(driver)
        except log.Overtaken:
            state = await log.load(self._store, saga_id)
        if driver.state.version:
            return state  # it was started here, and then overtaken
        _check_input(state, driver.input)
        return await self.drive(saga_id)

    async def drive(self, saga_id: str) -> SagaState:
        """Take the saga from where its log ends to its end, and give back its state.

        One that has ended, or is stuck, is left alone. If somebody else drives
        it, this driver stops without an effect and returns what it then finds.
        Cancelling leaves the saga as its log says, to be driven on later; a
        compensation under way is shielded, and goes on.
        """
        state, first = await log.load_with_first(self._store, saga_id)
        if not log.drives_on(state):
            return state
        driver = Driver(self._store, self._definition_of(state), state, compensate=self._compensate)
        try:
            with driving(saga_id, state.definition, state, first):
                return await self._to_the_end(driver)
        except log.Overtaken:
            return await log.load(self._store, saga_id)

    async def submit(self, definition: str, saga_id: str, input: Any) -> SagaState:
        """Like `run`, in a task that outlives whoever waits; submitted twice, both wait for the one saga."""
        state = await asyncio.shield(self._task(saga_id, lambda: self.run(definition, saga_id, input)))
        _check_input(state, log.plain(input))
        return state

    def go(self, saga_id: str) -> asyncio.Task[SagaState]:
        """The one task of this engine that drives the saga, begun if there is none.

        It knows no deadline, and goes on by itself when the saga's own store failed for a while.
        """
        return self._task(saga_id, lambda: self.drive(saga_id))

    async def state(self, saga_id: str) -> SagaState:
        """How the saga stands. Raises UnknownSaga when it was never started."""
        return await log.load(self._store, saga_id)

    async def unfinished(self) -> list[str]:
        """The sagas that somebody has to drive, oldest first."""
        return await log.unfinished(self._store)

    async def recover(self) -> list[SagaState]:
        """Drive every unfinished saga to its end, a limited number at a time.

        A saga that cannot be driven, its definition not at hand for one, is parked: it stays as it is.
        """
        waiting = await _persist(self.unfinished)
        ended: list[SagaState] = []

        async def work() -> None:
            while waiting:
                try:
                    ended.append(await asyncio.shield(self.go(waiting.pop(0))))
                except GiveUp:
                    continue

        async with asyncio.TaskGroup() as group:
            for _ in range(min(self._recovering_max, len(waiting))):
                group.create_task(work())
        return ended

    async def stop(self) -> None:
        """Let go of every saga this engine drives; what is unfinished stays so, and can be recovered."""
        tasks: list[asyncio.Task[Any]] = [*self._tasks.values(), *self._undoing]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _new(self, definition: str, saga_id: str, input: Any) -> Driver:
        saga = self._latest.get(definition)
        if saga is None:
            raise UnknownSaga(f"no definition {definition!r}; there is {', '.join(self._latest) or 'none'}")
        started = e.SagaStarted(saga_id, saga.name, saga.version, log.plain(input))
        return Driver(self._store, saga, SagaState(), [started], compensate=self._compensate)

    def _definition_of(self, state: SagaState) -> Saga:
        saga = self._definitions.get((state.definition, state.definition_version))
        if saga is None:
            raise UnknownSaga(f"no definition {state.definition!r} version {state.definition_version}")
        return saga

    async def _to_the_end(self, driver: Driver) -> SagaState:
        await driver.forward()
        if driver.turned_back:
            # Whoever waits may leave; what was begun to be undone is undone all the same.
            undoing = asyncio.create_task(driver.backward(), name=f"undo saga {driver.state.saga_id}")
            self._undoing[undoing] = None
            undoing.add_done_callback(self._undone)
            await asyncio.shield(undoing)
        return driver.state

    def _undone(self, undoing: asyncio.Task[None]) -> None:
        del self._undoing[undoing]
        if not undoing.cancelled():
            undoing.exception()  # whoever waited has it; if nobody did, the log still says where to go on

    def _task(self, saga_id: str, drive: Callable[[], Coroutine[Any, Any, SagaState]]) -> asyncio.Task[SagaState]:
        task = self._tasks.get(saga_id)
        if task is None:
            with deadline_at(None):
                task = self._tasks[saga_id] = asyncio.create_task(_persist(drive), name=f"saga {saga_id}")
            task.add_done_callback(lambda _: self._tasks.pop(saga_id))
        return task


async def _persist(do: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Do it until the saga's own store answers."""
    failures = 0
    while True:
        try:
            return await do()
        except (Retriable, UnknownOutcome):
            failures += 1
            await asyncio.sleep(STORE_BACKOFF.delay_s(failures, runtime.random_stream("sagas/backoff")))


def _check_input(state: SagaState, frozen: Any) -> None:
    if state.input != frozen:
        raise SagaInputDiffers(state.saga_id)
