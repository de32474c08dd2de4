"""Drivers for sagas: for one that begins, and for one that is taken up where its log ends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from eventlab import runtime
from eventlab.errors import InvalidValue, Refused, SagaDiverged, SagaMisdefined, UnknownSaga, VersionConflict
from eventlab.sagas import events as e
from eventlab.sagas import log
from eventlab.sagas.carrying import Children
from eventlab.sagas.children import with_children
from eventlab.sagas.definition import Saga
from eventlab.sagas.driver import Driver
from eventlab.sagas.locks import Locks
from eventlab.sagas.replay import first_divergence
from eventlab.sagas.state import SagaState
from eventlab.store import EventStore, Metadata, StoredEvent


class Drivers:
    """Makes the drivers of one engine, of the definitions that it has. The settings are the engine's own."""

    def __init__(
        self,
        store: EventStore,
        definitions: Iterable[Saga],
        *,
        children: Children,
        locks: Locks,
        compensate: bool,
        recoveries_max: int,
    ) -> None:
        if recoveries_max < 1:
            raise InvalidValue("recoveries_max", recoveries_max, "at least 1")
        self._store = store
        every = with_children(list(definitions))
        self._definitions = {(saga.name, saga.version): saga for saga in every}
        for saga in every:
            if self._definitions[saga.name, saga.version] is not saga:
                raise SagaMisdefined(saga.name, f"there are two of version {saga.version}; each needs its own")
        self._latest = {saga.name: saga for _, saga in sorted(self._definitions.items(), key=lambda pair: pair[0])}
        self._children, self._locks = children, locks
        self._compensate, self._recoveries_max = compensate, recoveries_max

    def named(self, definition: str) -> Saga:
        """The latest version of a definition. Raises UnknownSaga."""
        saga = self._latest.get(definition)
        if saga is None:
            raise UnknownSaga(f"no definition {definition!r}; there is {', '.join(self._latest) or 'none'}")
        return saga

    @staticmethod
    def started(saga: Saga, saga_id: str, input: Any) -> e.SagaStarted:
        """The first event of a saga that begins now."""
        if not saga_id.strip():
            raise InvalidValue(f"id of a saga {saga.name!r}", saga_id, "a name of its own")
        until_s = None if saga.deadline_s is None else runtime.now().timestamp() + saga.deadline_s
        try:
            plain = log.plain(input)
            typed = msgspec.convert(plain, saga.input_type)
        except (TypeError, ValueError) as error:
            expected = f"what JSON can hold and saga {saga.name!r} takes: {error}"
            raise InvalidValue(f"input of saga {saga_id!r}", input, expected) from None
        things: tuple[str, ...] = ()
        if saga.locks is not None:
            wanted = saga.locks(typed)
            if isinstance(wanted, str):
                raise InvalidValue(f"locks of saga {saga.name!r}", wanted, f"names of things, such as [{wanted!r}]")
            things = tuple(dict.fromkeys(wanted))
        return e.SagaStarted(saga_id, saga.name, saga.version, plain, until_s, saga.outline, things)

    async def begin(self, saga: Saga, started: e.SagaStarted, cause: Metadata | None) -> Driver:
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
            if await log.is_begun(self._store, started.saga_id):
                raise log.Overtaken from None
            raise

    def taking_up(self, state: SagaState, stored: Sequence[StoredEvent], *, is_cut: bool) -> Driver:
        """A driver of a saga that was begun before. *is_cut* says that attempts without an outcome lost their driver.

        Raises UnknownSaga and SagaDiverged.
        """
        saga = self._definitions.get((state.definition, state.definition_version))
        if saga is None:
            raise UnknownSaga(f"no definition {state.definition!r} version {state.definition_version}")
        divergence: object
        try:
            msgspec.convert(state.input, saga.input_type)
            divergence = first_divergence(saga, (each.event for each in stored))
        except Exception as error:  # of a condition, or of an input that is none any more
            divergence = f"going through its log raised {type(error).__name__}: {error}"
        if divergence is not None:
            raise SagaDiverged(state.saga_id, saga.name, saga.version, str(divergence))
        cut = state.in_flight
        if not (cut and is_cut):
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
