"""The engine: starts sagas, drives them to an end, and takes them up again after a crash."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from eventlab import runtime
from eventlab.errors import (
    GiveUp,
    InvalidValue,
    Refused,
    Retriable,
    SagaDiverged,
    SagaInputDiffers,
    StoreFailed,
    UnknownOutcome,
    UnknownSaga,
    VersionConflict,
)
from eventlab.resilience.backoff import Exponential
from eventlab.resilience.deadline import deadline_at
from eventlab.sagas import events as e
from eventlab.sagas import log, verbs
from eventlab.sagas.children import EngineChildren, with_children
from eventlab.sagas.definition import Saga
from eventlab.sagas.driver import Driver
from eventlab.sagas.folding import fold
from eventlab.sagas.index import SagaIndex, unfinished
from eventlab.sagas.intervening import Interventions
from eventlab.sagas.replay import first_divergence
from eventlab.sagas.state import SagaState, Status
from eventlab.sagas.telling import driving
from eventlab.store import EventStore, Metadata, StoredEvent

T = TypeVar("T")

STORE_BACKOFF = Exponential(0.1, cap_s=5.0)
"""Between attempts to go on while the saga's own store does not answer."""


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
        recoveries_max: int = 10,
    ) -> None:
        if recoveries_max < 1:
            raise InvalidValue("recoveries_max", recoveries_max, "at least 1")
        super().__init__(store)
        every = with_children(list(definitions))
        self._definitions = {(saga.name, saga.version): saga for saga in every}
        self._latest = {saga.name: saga for _, saga in sorted(self._definitions.items(), key=lambda pair: pair[0])}
        self._compensate = compensate
        self._recovering_max = recovering_max
        self._recoveries_max = recoveries_max
        self._children = EngineChildren(self)
        self._tasks: dict[str, asyncio.Task[SagaState]] = {}
        self._undoing: dict[asyncio.Task[None], None] = {}
        self._outlived: dict[str, None] = {}
        """Sagas whose last driver, one of this engine, was let down by their store, and is not known to be gone."""
        self.parked: dict[str, str] = {}
        """Sagas that this engine could not take up, and why: their definition is not here, or has changed."""

    @property
    def store(self) -> EventStore:
        """Where the sagas are."""
        return self._store

    def drives(self, saga_id: str) -> bool:
        """Whether this engine drives the saga just now."""
        return saga_id in self._tasks or any(driver.state.saga_id == saga_id for driver in self._drivers)

    async def start(self, definition: str, saga_id: str, input: Any) -> bool:
        """Record that the saga exists; True when it is new.

        One id is one saga: starting it again does nothing. With another input
        it raises SagaInputDiffers, for the first input is the saga's for ever.
        """
        saga = self._named(definition)
        started = self._started(saga, saga_id, input)
        try:
            with driving(saga_id, definition) as cause:
                await (await self._begin(saga, started, cause)).commit()
        except log.Overtaken:
            _check_input(await log.load(self._store, saga_id), started.input)
            return False
        return True

    async def run(self, definition: str, saga_id: str, input: Any) -> SagaState:
        """Start the saga, if it is new, and drive it; the start and the first intent share one append.

        One that was cancelled before it started, or has ended, is left as it is.
        """
        return await self._run(self._named(definition), saga_id, input)

    async def _run(self, saga: Saga, saga_id: str, input: Any) -> SagaState:
        started, driver = self._started(saga, saga_id, input), None
        try:
            with driving(saga_id, saga.name) as cause:
                driver = await self._begin(saga, started, cause)
                return await self._to_the_end(driver)
        except log.Overtaken:
            state = await log.load(self._store, saga_id)
        if driver is not None and driver.state.version:  # it was started here, and then overtaken
            return await self.drive(saga_id) if await self._only_verbs_since(driver, saga_id) else state
        _check_input(state, started.input)
        return await self.drive(saga_id)

    async def drive(self, saga_id: str) -> SagaState:
        """Take the saga from where its log ends to its end, and give back its state.

        One that has ended, or is stuck, is left alone. If somebody else drives
        it, this driver stops without an effect and returns what it then finds.
        Cancelling leaves the saga as its log says, to be driven on later; a
        compensation under way is shielded, and goes on. Raises UnknownSaga when its definition is not at hand in the
        version under which it was begun, and SagaDiverged when that was changed meanwhile.
        """
        while True:
            stored = await log.history(self._store, saga_id)
            state = fold(each.event for each in stored)
            if not log.drives_on(state):
                return state
            driver = self._taking_up(state, stored)
            try:
                with driving(saga_id, state.definition, state, stored[0]):
                    return await self._to_the_end(driver)
            except log.Overtaken:
                if not await self._only_verbs_since(driver, saga_id):
                    return await log.load(self._store, saga_id)

    async def submit(self, definition: str, saga_id: str, input: Any) -> SagaState:
        """Like `run`, in a task that outlives whoever waits; submitted twice, both wait for the one saga."""
        return await self.submit_as(self._named(definition), saga_id, input)

    async def submit_as(self, saga: Saga, saga_id: str, input: Any) -> SagaState:
        """As `submit`, under this very definition, one of the engine's."""
        state = await asyncio.shield(self._task(saga_id, lambda: self._run(saga, saga_id, input)))
        _check_input(state, log.plain(input))
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
        """Drive every unfinished saga to its end, a limited number at a time.

        A saga that cannot be driven, its definition not at hand for one, stays as it is, and is told in `parked`.
        """
        found, turn = unfinished(self._store), asyncio.Lock()
        ended: list[SagaState] = []

        async def following() -> str | None:
            return await anext(found, None)

        async def work() -> None:
            while True:
                async with turn:
                    saga_id = await _persist(following)
                if saga_id is None:
                    return
                try:
                    ended.append(await asyncio.shield(self.go(saga_id)))
                except GiveUp as error:
                    self.parked[saga_id] = str(error)

        async with asyncio.TaskGroup() as group:
            for _ in range(self._recovering_max):
                group.create_task(work())
        return ended

    async def stop(self) -> None:
        """Let go of every saga this engine drives; what is unfinished stays so, and can be recovered."""
        tasks: list[asyncio.Task[Any]] = [*self._tasks.values(), *self._undoing]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _named(self, definition: str) -> Saga:
        saga = self._latest.get(definition)
        if saga is None:
            raise UnknownSaga(f"no definition {definition!r}; there is {', '.join(self._latest) or 'none'}")
        return saga

    def _started(self, saga: Saga, saga_id: str, input: Any) -> e.SagaStarted:
        until_s = None if saga.deadline_s is None else runtime.now().timestamp() + saga.deadline_s
        plain = log.plain(input)
        things: tuple[str, ...] = ()
        if saga.locks is not None:
            wanted = saga.locks(msgspec.convert(plain, saga.input_type))
            if isinstance(wanted, str):
                raise InvalidValue(f"locks of saga {saga.name!r}", wanted, f"names of things, such as [{wanted!r}]")
            things = tuple(dict.fromkeys(wanted))
        return e.SagaStarted(saga_id, saga.name, saga.version, plain, until_s, saga.outline, things)

    async def _begin(self, saga: Saga, started: e.SagaStarted, cause: Metadata | None) -> Driver:
        """A driver of a saga that is new; where it has locks, that is written, and they are asked for.

        Raises Overtaken when the saga is not new, and Refused when it would have to wait and is not to.
        """
        while True:
            free: dict[str, int] = {}
            if saga.locks is not None and saga.when_locked == "refuse":
                free = await self._free(started)
            driver = self._driver(saga, SagaState(), [started], expect=free)
            driver.cause = cause
            if saga.locks is None:
                return driver
            try:
                await driver.commit()
            except VersionConflict:
                continue  # somebody else has asked for one of the locks meanwhile
            return driver

    async def _free(self, started: e.SagaStarted) -> dict[str, int]:
        try:
            return await self._locks.free(started.locks, started.saga_id)
        except Refused:
            if await self._is_begun(started.saga_id):
                raise log.Overtaken from None
            raise

    def _taking_up(self, state: SagaState, stored: Sequence[StoredEvent]) -> Driver:
        saga = self._definitions.get((state.definition, state.definition_version))
        if saga is None:
            raise UnknownSaga(f"no definition {state.definition!r} version {state.definition_version}")
        divergence = first_divergence(saga, (each.event for each in stored))
        if divergence is not None:
            raise SagaDiverged(state.saga_id, saga.name, saga.version, str(divergence))
        self.parked.pop(state.saga_id, None)
        cut = state.in_flight
        outlived = state.saga_id in self._outlived
        self._outlived.pop(state.saga_id, None)
        if outlived or not cut:
            return self._driver(saga, state)
        if state.takings_up >= self._recoveries_max:
            reason = f"its driver was gone {state.takings_up + 1} times in a row during {', '.join(cut)}"
            return self._driver(saga, state, [e.SagaStuck("", reason)])
        return self._driver(saga, state, [e.SagaTakenUp(cut, runtime.now().timestamp())])

    def _driver(
        self, saga: Saga, state: SagaState, news: Sequence[e.SagaEvent] = (), expect: Mapping[str, int] | None = None
    ) -> Driver:
        return Driver(
            *(self._store, saga, state, news),
            children=self._children,
            locks=self._locks,
            compensate=self._compensate,
            expect=expect,
        )

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
            self._outlived[driver.state.saga_id] = None
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
                persisting = _persist(drive, lambda: self._is_begun(saga_id))
                task = self._tasks[saga_id] = asyncio.create_task(persisting, name=f"saga {saga_id}")
            task.add_done_callback(lambda _: self._tasks.pop(saga_id))
        return task

    async def _is_begun(self, saga_id: str) -> bool:
        return bool(await self._store.read(log.stream_of(saga_id), limit=1))


async def _always() -> bool:
    return True


async def _persist(
    do: Callable[[], Coroutine[Any, Any, T]], is_begun: Callable[[], Coroutine[Any, Any, bool]] = _always
) -> T:
    """Do it until the saga's own store answers, and takes what is written to it.

    A store that refuses, being full for one, may be mended while what has begun waits; what has not is refused.
    """
    failures = 0
    while True:
        try:
            return await do()
        except (Retriable, UnknownOutcome):
            pass
        except StoreFailed:
            if not await is_begun():
                raise
        failures += 1
        await asyncio.sleep(STORE_BACKOFF.delay_s(failures, runtime.random_stream("sagas/backoff")))


def _check_input(state: SagaState, frozen: Any) -> None:
    if state.input != frozen and state.status is not Status.CANCELLED:
        raise SagaInputDiffers(state.saga_id)
