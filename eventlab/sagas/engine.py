"""The engine: starts sagas, drives them to an end, and takes them up again after a crash."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from eventlab.errors import (
    GiveUp,
    Retriable,
    SagaInputDiffers,
    StoreFailed,
    UnknownOutcome,
)
from eventlab.resilience.deadline import deadline_at
from eventlab.sagas import log, verbs
from eventlab.sagas.announcing import announce_parked
from eventlab.sagas.children import EngineChildren
from eventlab.sagas.definition import Saga
from eventlab.sagas.driver import Driver
from eventlab.sagas.drivers import Drivers
from eventlab.sagas.folding import fold
from eventlab.sagas.index import SagaIndex, is_open, unfinished
from eventlab.sagas.intervening import Interventions
from eventlab.sagas.persisting import persist
from eventlab.sagas.state import SagaState, Status
from eventlab.sagas.telling import driving
from eventlab.store import EventStore

LOOK_EVERY_S = 1.0
"""How often `recover` looks whether a saga waits for its locks."""


class SagaEngine(Interventions):
    """Sagas on one store.

    A saga whose driver was gone, *recoveries_max* times in a row, before it wrote an outcome, is taken for the cause
    of that and set aside as stuck. *compensate* False plants a bug, for scenarios that must be able to fail:
    a saga that turns back then says that it undid everything, and undoes nothing.
    """

    def __init__(
        self,
        store: EventStore,
        definitions: Iterable[Saga] = (),
        *,
        compensate: bool = True,
        recovering_max: int = 64,
        recoveries_max: int = 50,
    ) -> None:
        super().__init__(store)
        self._making = Drivers(
            store,
            definitions,
            children=EngineChildren(self),
            locks=self._locks,
            compensate=compensate,
            recoveries_max=recoveries_max,
        )
        self._recovering_max = recovering_max
        self._tasks: dict[str, asyncio.Task[SagaState]] = {}
        self._undoing: dict[asyncio.Task[None], None] = {}
        self._outlived: set[str] = set()
        """Sagas whose last driver, one of this engine, was let down by their store, and is not known to be gone."""
        self.parked: dict[str, str] = {}
        """Sagas that this engine could not take up, and why: their definition is not here or has changed, for one.

        One that ends elsewhere, or gets stuck, is forgotten by the next `recover`, `drive` of it, or look at the log of
        a `SagaWorker` on this engine.
        """

    @property
    def store(self) -> EventStore:
        """Where the sagas are."""
        return self._store

    def _waits_for_locks(self, saga_id: str) -> bool:
        return any(driver.waits_for_locks and driver.state.saga_id == saga_id for driver in self._drivers)

    def drives(self, saga_id: str) -> bool:
        """Whether this engine drives the saga just now."""
        return saga_id in self._tasks or any(driver.state.saga_id == saga_id for driver in self._drivers)

    async def start(self, definition: str, saga_id: str, input: Any) -> bool:
        """Record that the saga exists; True when it is new.

        One id is one saga: starting it again does nothing. With another input, or under another name,
        it raises SagaInputDiffers, for the first input is the saga's for ever.
        """
        saga = self._making.named(definition)
        started = self._making.started(saga, saga_id, input)
        try:
            with driving(saga_id, definition) as cause:
                await (await self._making.begin(saga, started, cause)).commit()
        except log.Overtaken:
            _check_same(await log.load(self._store, saga_id), saga, started.input)
            return False
        return True

    async def run(self, definition: str, saga_id: str, input: Any) -> SagaState:
        """Start the saga, if it is new, and drive it; the start and the first intent share one append.

        One that was cancelled before it started, or has ended, is left as it is.
        """
        return await self._run(self._making.named(definition), saga_id, input)

    async def _run(self, saga: Saga, saga_id: str, input: Any) -> SagaState:
        started, driver = self._making.started(saga, saga_id, input), None
        try:
            with driving(saga_id, saga.name) as cause:
                driver = await self._making.begin(saga, started, cause)
                return await self._to_the_end(driver)
        except log.Overtaken:
            state = await log.load(self._store, saga_id)
        if driver is not None and driver.state.version:  # it was started here, and then overtaken
            return await self.drive(saga_id) if await self._only_verbs_since(driver, saga_id) else state
        _check_same(state, saga, started.input)
        return await self.drive(saga_id)

    async def drive(self, saga_id: str) -> SagaState:
        """Take the saga from where its log ends to its end, and give back its state.

        One that has ended, or is stuck, is left alone. If somebody else drives
        it, this driver stops without an effect and returns what it then finds.
        Cancelling leaves the saga as its log says, to be driven on later; a
        compensation under way is shielded, and goes on. Raises UnknownSaga when its definition is not at hand in the
        version under which it was begun, SagaDiverged when that was changed meanwhile, and UnknownEventType or
        UndecodableEvent when its log cannot be read here.
        """
        while True:
            stored, state = await log.history(self._store, saga_id), None
            try:
                state = fold(each.event for each in stored)
                if not log.drives_on(state):
                    self.parked.pop(saga_id, None)
                    return state
                is_cut = saga_id not in self._outlived
                self._outlived.discard(saga_id)
                driver = self._making.taking_up(state, stored, is_cut=is_cut)
            except GiveUp as error:
                self.park(saga_id, error, state)
                raise
            self.parked.pop(saga_id, None)
            try:
                with driving(saga_id, state.definition, state, stored[0]):
                    return await self._to_the_end(driver)
            except log.Overtaken:
                if not await self._only_verbs_since(driver, saga_id):
                    return await log.load(self._store, saga_id)

    async def submit(self, definition: str, saga_id: str, input: Any) -> SagaState:
        """Like `run`, in a task that outlives whoever waits; submitted twice, both wait for the one saga."""
        return await self.submit_as(self._making.named(definition), saga_id, input)

    async def submit_as(self, saga: Saga, saga_id: str, input: Any) -> SagaState:
        """As `submit`, under this very definition, one of the engine's."""
        state = await asyncio.shield(self._task(saga_id, lambda: self._run(saga, saga_id, input)))
        _check_same(state, saga, log.plain(input))
        return state

    def go(self, saga_id: str) -> asyncio.Task[SagaState]:
        """The one task of this engine that drives the saga, begun if there is none.

        It knows no deadline, and goes on by itself when the saga's own store failed for a while.
        """
        return self._task(saga_id, lambda: self.drive(saga_id))

    async def state(self, saga_id: str, *, to: int | None = None) -> SagaState:
        """How the saga stands, or stood at version *to* of its log. Raises UnknownSaga when it was never started."""
        return await log.load(self._store, saga_id, to)

    async def unfinished(self) -> list[str]:
        """The sagas that somebody has to drive, oldest first."""
        index = SagaIndex(self._store, keep=False)
        await index.catch_up()
        return list(index.open)

    async def recover(self) -> list[SagaState]:
        """Drive every unfinished saga to its end, a limited number at a time, but for those that `run` drives here.

        A saga that cannot be driven, its definition not at hand for one, stays as it is, and is told in `parked`; what
        was told there before, and is not unfinished any more, is forgotten.
        """
        found, turn = unfinished(self._store), asyncio.Lock()
        ended: list[SagaState] = []
        in_line: dict[str, asyncio.Task[SagaState]] = {}

        async def following() -> str | None:
            return await anext(found, None)

        def settle(saga_id: str, task: asyncio.Task[SagaState]) -> None:
            try:
                ended.append(task.result())
            except GiveUp as error:
                self.park(saga_id, error)

        async def work() -> None:
            while True:
                async with turn:
                    saga_id = await persist(following)
                if saga_id is None:
                    return
                if saga_id not in self._tasks and self.drives(saga_id):
                    continue
                task = self.go(saga_id)
                while not task.done() and not self._waits_for_locks(saga_id):
                    await asyncio.wait([task], timeout=LOOK_EVERY_S)
                if task.done():
                    settle(saga_id, task)
                else:
                    in_line[saga_id] = task  # it is driven, and keeps no other waiting: that may be who holds them

        async with asyncio.TaskGroup() as group:
            for _ in range(self._recovering_max):
                group.create_task(work())
        if in_line:
            await asyncio.wait(in_line.values())
        for saga_id, task in in_line.items():
            if not task.cancelled():
                settle(saga_id, task)
        await persist(lambda: self.forget_settled(self.parked))
        return ended

    def park(self, saga_id: str, error: GiveUp, state: SagaState | None = None) -> None:
        """Note in `parked` why the saga could not be taken up; the first time it is told, as a `SagaParked`."""
        if saga_id not in self.parked:
            announce_parked(saga_id, error, state)
        self.parked[saga_id] = str(error)

    async def forget_settled(self, saga_ids: Iterable[str]) -> None:
        """Take out of `parked` those of the sagas that nobody has to drive any more, by their own logs."""
        for saga_id in list(saga_ids):
            if saga_id in self.parked and not await is_open(self._store, saga_id):
                self.parked.pop(saga_id, None)

    async def stop(self) -> None:
        """Let go of every saga this engine drives; what is unfinished stays so, and can be recovered."""
        tasks: list[asyncio.Task[Any]] = [*self._tasks.values(), *self._undoing]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _only_verbs_since(self, driver: Driver, saga_id: str) -> bool:
        """Whether what overtook the driver was no other driver, but somebody who intervened."""
        since = await self._store.read(log.stream_of(saga_id), after=driver.state.version)
        return all(isinstance(each.event, verbs.VERBS) for each in since)

    async def _to_the_end(self, driver: Driver) -> SagaState:
        self._drivers[driver] = None
        try:
            await driver.forward()
            while driver.turned_back:
                # Whoever waits may leave; what was begun to be undone is undone all the same.
                undoing = asyncio.create_task(driver.backward(), name=f"undo saga {driver.state.saga_id}")
                self._undoing[undoing] = None
                undoing.add_done_callback(self._undone)
                await asyncio.shield(undoing)
                await driver.forward()  # from a save-point on, if that is where it went back to
        except (Retriable, UnknownOutcome, StoreFailed):  # of the saga's own store: the driver is not what is gone
            self._outlived.add(driver.state.saga_id)
            raise
        finally:
            del self._drivers[driver]
        return driver.state

    def _undone(self, undoing: asyncio.Task[None]) -> None:
        del self._undoing[undoing]
        if not undoing.cancelled():
            undoing.exception()  # whoever waited has it; if nobody did, the log still says where to go on

    def _task(self, saga_id: str, drive: Callable[[], Coroutine[Any, Any, SagaState]]) -> asyncio.Task[SagaState]:
        task = self._tasks.get(saga_id)
        if task is None:
            with deadline_at(None):
                persisting = persist(drive, lambda: log.is_begun(self._store, saga_id))
                task = self._tasks[saga_id] = asyncio.create_task(persisting, name=f"saga {saga_id}")
            task.add_done_callback(lambda _: self._tasks.pop(saga_id))
        return task


def _check_same(state: SagaState, saga: Saga, frozen: Any) -> None:
    """That the saga of this id is the one that was asked for, be it under an earlier version."""
    if state.status is Status.CANCELLED:
        return
    if state.definition != saga.name:
        raise SagaInputDiffers(state.saga_id, state.definition)
    if state.input != frozen:
        raise SagaInputDiffers(state.saga_id)
