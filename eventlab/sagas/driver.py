"""Driving one saga: log the intent, call, log the outcome together with the next intent.

The driver keeps the folded state and advances it by what it appends; it reads
the log once. Whoever else appends moves the version, and then this driver
stops without an effect.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any

import msgspec

from eventlab import hooks, runtime
from eventlab.resilience.deadline import deadline_at
from eventlab.sagas import events as e
from eventlab.sagas import log, plan
from eventlab.sagas.definition import Saga, StepContext, key_of
from eventlab.sagas.state import SagaState, Status, advance, fold
from eventlab.sagas.telling import tell_step
from eventlab.store import EventStore, Metadata


class Driver:
    """One saga's driver, for as long as nobody overtakes it."""

    def __init__(
        self, store: EventStore, saga: Saga, state: SagaState, news: Sequence[e.SagaEvent] = (), *, compensate: bool
    ) -> None:
        """*state* is what the log says; *news* is what the first commit adds to it."""
        self._store = store
        self._saga = saga
        self._written = state
        self._state = fold(news, state)
        self._pending = list(news)
        self._compensate = compensate
        self._input = msgspec.convert(self._state.input, saga.input_type)
        self.cause: Metadata | None = None
        """What is stored with the first event of a saga; None: what is carried then."""

    @property
    def state(self) -> SagaState:
        """What is written."""
        return self._written

    @property
    def input(self) -> Any:
        """The saga's input, as the log holds it."""
        return self._state.input

    @property
    def turned_back(self) -> bool:
        return self._state.status is Status.COMPENSATING

    def note(self, event: e.SagaEvent) -> None:
        """Take *event* into account; the next commit writes it."""
        self._pending.append(event)
        self._state = advance(self._state, event)

    async def forward(self) -> None:
        """Go on until the saga completes, gets stuck, or has to turn back. Raises Overtaken."""
        await self._while(Status.RUNNING)
        if not self.turned_back:  # else the outcome that turned it shares its append with the first undoing
            await self.commit()

    async def backward(self) -> None:
        """Undo until nothing is left to undo, or the saga gets stuck. Raises Overtaken."""
        await self._while(Status.COMPENSATING)
        await self.commit()

    async def commit(self) -> None:
        """Write what was noted, under the fence. Raises Overtaken when somebody else has written."""
        if self._pending:
            cause = None if self._written.version else self.cause
            await log.append(self._store, self._saga, self._written, self._state, self._pending, cause)
            self._written, self._pending = self._state, []

    async def _while(self, status: Status) -> None:
        while self._state.status is status:
            move = plan.next_move(self._saga, self._state, compensate=self._compensate)
            if isinstance(move, plan.Log):
                self.note(move.event)
            elif move is not None:
                if move.failures:
                    await self._pace(move)
                await self._try(move)

    async def _pace(self, move: plan.Try) -> None:
        """Pause after a failed attempt, with what is known already written."""
        await self.commit()
        backoff = move.step.undo_backoff if move.undo else move.step.backoff
        await asyncio.sleep(backoff.delay_s(move.failures, runtime.random_stream("sagas/backoff")))

    async def _try(self, move: plan.Try) -> None:
        now_s = runtime.now().timestamp()
        request = e.CompensationRequested if move.undo else e.StepRequested
        self.note(request(move.step.name, move.attempt, now_s))
        await self.commit()
        since_s = self._state.steps[move.step.name].since_s
        traced = hooks.tracing
        if traced:
            tell_step(self._state.saga_id, move.step.name, move.attempt, undo=move.undo, since_s=since_s)
        try:
            result = log.plain(await self._call(move))
        except Exception as error:
            learned = plan.after_error(move, error, runtime.now().timestamp() - since_s)
        else:
            learned = plan.after_success(move, result)
        if traced:
            tell_step(self._state.saga_id, move.step.name, move.attempt, undo=move.undo)
        for event in learned:
            self.note(event)

    async def _call(self, move: plan.Try) -> Any:
        step, state = move.step, self._state
        key = key_of(state.saga_id, step.name, "backward" if move.undo else "forward")
        ctx = StepContext(state.saga_id, self._input, state.results, key)
        if not move.undo:
            return await (step.action(ctx) if step.timeout_s is None else _within(step.timeout_s, step.action(ctx)))
        if step.compensation is not None:
            with deadline_at(None):
                undoing = step.compensation(ctx, state.steps[step.name].result)
                return await (undoing if step.timeout_s is None else _within(step.timeout_s, undoing))


async def _within(timeout_s: float, work: Awaitable[Any]) -> Any:
    async with asyncio.timeout(timeout_s):
        return await work
