"""Driving one saga: log the intent, call, log the outcome together with the next intent.

The driver keeps the folded state and advances it by what it appends; it reads
the log once. Whoever else appends moves the version, and then this driver
stops without an effect.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec

from eventlab import hooks, runtime
from eventlab.errors import TimedOut
from eventlab.resilience.backoff import Exponential
from eventlab.resilience.deadline import deadline, deadline_at
from eventlab.sagas import events as e
from eventlab.sagas import log, plan
from eventlab.sagas.carrying import Children, carry_out, undo
from eventlab.sagas.definition import Saga
from eventlab.sagas.folding import advance, fold
from eventlab.sagas.locks import Locks
from eventlab.sagas.replay import context
from eventlab.sagas.state import SagaState, Status
from eventlab.sagas.step import Step, StepContext, key_of
from eventlab.sagas.telling import tell_step
from eventlab.sagas.waiting import Waits, let_go, one_of
from eventlab.store import EventStore, Metadata

LOOKING = Exponential(0.05, cap_s=1.0)
"""Between looks at whether it is a saga's turn."""


class Driver:
    """One saga's driver, for as long as nobody overtakes it."""

    def __init__(
        self,
        store: EventStore,
        saga: Saga,
        state: SagaState,
        news: Sequence[e.SagaEvent] = (),
        *,
        children: Children,
        locks: Locks,
        compensate: bool = True,
        expect: Mapping[str, int] | None = None,
    ) -> None:
        """*state* is what the log says; *news* is what the first commit adds to it, if *expect* still holds."""
        self._store = store
        self._saga = saga
        self._written = state
        self._state = fold(news, state)
        self._pending = list(news)
        self._children = children
        self._locks = locks
        self._expect = expect
        self._compensate = compensate
        self._input = msgspec.convert(self._state.input, saga.input_type)
        self._writing = asyncio.Lock()
        self._broken: BaseException | None = None
        self._waits = Waits()
        self.waits_for_locks = False
        self._due_s: dict[str, float] = {}
        """Step → when it is tried again, on the monotonic clock, if its last attempt was this driver's own."""
        self.cause: Metadata | None = None
        """What is stored with the first event of a saga; None: what is carried then."""

    @property
    def state(self) -> SagaState:
        """What is written."""
        return self._written

    @property
    def turned_back(self) -> bool:
        return self._state.status is Status.COMPENSATING

    def interrupt(self) -> None:
        """Somebody else has written: what goes forward here ends at once, as overtaken. Undoing is left alone."""
        self._waits.interrupt()

    def note(self, event: e.SagaEvent) -> None:
        """Take *event* into account; the next commit writes it."""
        self._pending.append(event)
        self._state = advance(self._state, event)

    async def forward(self) -> None:
        """Go on until the saga completes, gets stuck, or has to turn back. Raises Overtaken."""
        if self._state.locks and not self._state.steps and self._state.status is Status.RUNNING:
            await self._turn()
        await self._while(Status.RUNNING)
        if not self.turned_back:  # else the outcome that turned it shares its append with the first undoing
            await self.commit()

    async def _turn(self) -> None:
        """Wait until the saga holds its locks, is late, or is overtaken by somebody who does not want it any more."""
        await self.commit()
        state, looks = self._state, 0
        with self._locks.waiting(state.locks) as woken:
            while not self._is_late() and not await self._locks.are_held(state.locks, state.saga_id):
                if await self._store.read(log.stream_of(state.saga_id), after=state.version, limit=1):
                    raise log.Overtaken
                looks += 1
                self.waits_for_locks = True
                await self._waits.within(None, self._woken(woken, looks), "pause")
                woken.clear()
        self.waits_for_locks = False

    async def _woken(self, woken: asyncio.Event, looks: int) -> None:
        """Until a lock is given back in this process; for what happens in others, look again after a while."""
        pause_s = LOOKING.delay_s(looks, runtime.random_stream("sagas/locks"))
        left_s = self._until_deadline_s()
        with suppress(TimeoutError):
            async with asyncio.timeout(pause_s if left_s is None else min(pause_s, left_s)):
                await woken.wait()

    async def backward(self) -> None:
        """Undo until nothing is left to undo, or the saga gets stuck. Raises Overtaken."""
        await self._while(Status.COMPENSATING)
        await self.commit()

    async def commit(self) -> None:
        """Write what was noted, under the fence. Raises Overtaken when somebody else has written."""
        if self._saga.is_sequential:  # there is one task then
            await self._write()
        else:
            async with self._writing:
                await self._write()

    async def _write(self) -> None:
        if self._broken is not None:
            raise self._broken
        if not self._pending:
            return
        news, after, self._pending = self._pending, self._state, []
        cause = None if self._written.version else self.cause
        try:
            await log.append(
                *(self._store, self._written, after, news), saga=self._saga, metadata=cause, expect=self._expect
            )
        except BaseException as error:
            self._broken = error  # nobody knows what was written: this driver writes no more
            raise
        self._written, self._expect = after, None
        if after.locks and after.status.ended:
            self._locks.given_back(after.locks)

    async def _while(self, status: Status) -> None:
        under_way: dict[str, asyncio.Task[None]] = {}
        try:
            while self._state.status is status or under_way:
                moves = self._moves(status, under_way)
                if not under_way and len(moves) == 1:
                    await self._try(moves[0])
                    continue
                for move in moves:
                    trying = self._try(move, is_one_of_many=True)
                    under_way[move.step.name] = asyncio.create_task(trying, name=f"try {move.step.name}")
                if under_way:
                    await one_of(under_way)
                    if self._state.status is Status.STUCK:  # who can help need not wait for the others to see it
                        await self.commit()
        finally:
            await let_go(under_way)

    def _moves(self, status: Status, under_way: dict[str, asyncio.Task[None]]) -> list[plan.Try]:
        """What is to be tried now. What follows without a call is noted first."""
        while self._state.status is status:
            if self._is_late():
                self.note(e.SagaTurnedBack("deadline", "its deadline has passed"))
                break
            moves = plan.next_moves(self._saga, self._state, under_way, compensate=self._compensate)
            tries: list[plan.Try] = []
            for move in moves:
                if not isinstance(move, plan.Try):
                    self._settle(move)
                    break
                if not self._is_wanted(move):
                    break
                tries.append(move)
            else:
                return tries
        if under_way:  # the saga has turned: who only pauses before another try has nothing to try any more
            self._waits.end("pause")
        return []

    def _settle(self, move: plan.Log | plan.RollBack) -> None:
        if isinstance(move, plan.Log):
            self.note(move.event)
        else:
            pause_s = move.point.backoff.delay_s(move.times, runtime.random_stream("sagas/backoff"))
            self.note(e.SagaRolledBack(move.point.name, move.steps, _now_s() + pause_s))

    def _is_late(self) -> bool:
        at_s = self._state.deadline_at_s
        return (
            at_s is not None
            and self._state.status is Status.RUNNING
            and _now_s() >= at_s
            and not self._state.is_committed
        )

    def _is_wanted(self, move: plan.Try) -> bool:
        """Whether the step's condition holds; if not, that is noted."""
        step = move.step
        if step.when is None or move.undo or step.name in self._state.steps:
            return True
        try:
            wanted = step.when(context(self._saga, self._state, step.name, self._input))
        except Exception as error:
            self.note(e.SagaStuck(step.name, plan.said(f"its condition raised {type(error).__name__}: {error}")))
            return False
        if not wanted:
            self.note(e.StepSkipped(step.name, "its condition does not hold"))
        return bool(wanted)

    async def _try(self, move: plan.Try, *, is_one_of_many: bool = False) -> None:
        if move.not_before_s > 0 and not await self._paused(move):
            return
        if self._state.status is not (Status.COMPENSATING if move.undo else Status.RUNNING):
            return
        name, now_s = move.step.name, _now_s()
        self.note((move.step.undo_requested if move.undo else move.step.requested)(name, move.attempt, now_s))
        if is_one_of_many:
            await asyncio.sleep(0)  # the others note their intents as well, and all share one append
        await self.commit()
        since_s = self._state.steps[name].since_s
        traced = hooks.tracing
        if traced:
            tell_step(self._state.saga_id, name, move.attempt, undo=move.undo, since_s=since_s)
        try:
            result = log.plain(await self._call(move, now_s))
        except log.Overtaken:
            raise
        except Exception as error:
            learned = plan.after_error(move, error, _now_s() - since_s, self._again_at_s(move, error))
        else:
            learned = plan.after_success(move, result)
        if traced:
            tell_step(self._state.saga_id, name, move.attempt, undo=move.undo)
        for event in learned:
            self.note(event)

    def _again_at_s(self, move: plan.Try, error: Exception) -> float:
        if plan.gives_up(move, error):
            return 0.0
        backoff = move.step.undo_backoff if move.undo else move.step.backoff
        pause_s = backoff.delay_s(move.attempt, runtime.random_stream("sagas/backoff"))
        self._due_s[move.step.name] = runtime.monotonic() + pause_s
        return _now_s() + pause_s

    async def _paused(self, move: plan.Try) -> bool:
        """Wait until the step may be tried again, with what is known already written; False: look again what is due."""
        due_s = self._due_s.pop(move.step.name, None)
        pause_s = move.not_before_s - _now_s() if due_s is None else due_s - runtime.monotonic()
        if pause_s <= 0:
            return True
        await self.commit()
        left_s = None if move.undo else self._until_deadline_s()
        allowed_s = pause_s if left_s is None else min(left_s, pause_s)
        try:
            await self._waits.within(None, asyncio.sleep(allowed_s), "pause")
        except TimedOut:
            return False  # it was ended: the saga has turned meanwhile
        return allowed_s == pause_s

    async def _call(self, move: plan.Try, now_s: float) -> Any:
        step, stands = move.step, self._state.steps[move.step.name]
        if not move.undo:
            ctx = context(self._saga, self._state, step.name, self._input)
            limit_s = step.timeout_s
            if (left_s := self._until_deadline_s(step)) is not None:
                limit_s = left_s if limit_s is None else min(left_s, limit_s)
            if limit_s is None:
                return await self._waits.within(None, carry_out(self._children, step, ctx), "call")
            with deadline(limit_s):
                return await self._waits.within(limit_s, carry_out(self._children, step, ctx), "call")
        key = key_of(self._state.saga_id, step.name, "backward", stands.round)
        ctx = StepContext(self._state.saga_id, self._input, self._state.results, key, stands.round)
        with deadline_at(None):
            return await self._waits.within(step.timeout_s, undo(self._children, step, ctx, stands.result), "undo")

    def _until_deadline_s(self, step: Step | None = None) -> float | None:
        """How long the saga may still take, up to its point of no return; None when there is no such limit now."""
        at_s = self._state.deadline_at_s
        if at_s is None or (step is not None and step.forward_only) or self._state.is_committed:
            return None
        return max(0.0, at_s - _now_s())


def _now_s() -> float:
    return runtime.now().timestamp()
