"""What comes next, and what an attempt's end means: decided purely, from the definition and the state."""

from __future__ import annotations

from collections.abc import Container
from typing import NamedTuple

from eventlab.errors import Refused, Retriable
from eventlab.sagas import events as e
from eventlab.sagas.definition import Saga, SavePoint
from eventlab.sagas.state import SagaState, Status, StepState, StepStatus
from eventlab.sagas.step import Kind, Step


class Try(NamedTuple):
    """Try a step (or its compensation, when *undo*) once more, not before the time of day *not_before_s*."""

    step: Step
    attempt: int
    undo: bool
    not_before_s: float = 0.0


class Log(NamedTuple):
    """There is nothing to call: this follows from what is known."""

    event: e.SagaEvent


class RollBack(NamedTuple):
    """What came after the save-point is undone: the saga may go forward from there."""

    point: SavePoint
    steps: tuple[str, ...]
    times: int


Move = Try | Log | RollBack


def next_moves(saga: Saga, state: SagaState, busy: Container[str] = (), *, compensate: bool = True) -> list[Move]:
    """What a driver may do now, all at the same time, while the steps in *busy* are under way.

    Nothing when there is nothing to drive: the saga has ended, or is stuck, or what is under way has to end first.
    """
    if state.status is Status.RUNNING:
        return _forward(saga, state, busy)
    if state.status is Status.COMPENSATING:
        return _backward(saga, state, busy) if compensate else [Log(e.CompensationCompleted())]
    return []


def _forward(saga: Saga, state: SagaState, busy: Container[str]) -> list[Move]:
    moves: list[Move] = []
    steps, open_ = state.steps, False
    for step in saga.steps:
        stands = steps.get(step.name)
        if stands is not None and stands.passed:
            continue
        if open_:
            if saga.is_sequential:
                break
            if not all(_passed(steps.get(need)) for need in saga.needs[step.name]):
                continue
        open_ = True
        if step.name not in busy:
            moves.append(_try(step, stands, state))
    return moves if open_ else [Log(e.SagaCompleted())]


def _passed(stands: StepState | None) -> bool:
    return stands is not None and stands.passed


def _try(step: Step, stands: StepState | None, state: SagaState) -> Move:
    if stands is None:
        return Try(step, 1, False, state.go_on_at_s)
    if stands.attempts >= step.attempts_max and not step.until_stuck:
        reason = "the driver stopped before it logged an outcome, and no attempt is left"
        return Log(e.StepTimedOut(step.name, stands.attempts, reason, gave_up=True))
    # A logged failure is paced; an attempt that a crash cut short is repeated at once.
    paced = stands.status in (StepStatus.TIMED_OUT, StepStatus.UNREACHED)
    return Try(step, stands.attempts + 1, False, stands.retry_at_s if paced else 0.0)


def _backward(saga: Saga, state: SagaState, busy: Container[str]) -> list[Move]:
    point = _back_to(saga, state)
    since = None if point is None else saga.after(point)
    open_ = [
        step
        for step in saga.steps
        if (stands := state.steps.get(step.name)) is not None
        and stands.to_undo
        and step.can_be_undone
        and (since is None or step.name in since)
    ]
    if not open_:
        if point is None or since is None:
            return [Log(e.CompensationCompleted())]
        return [RollBack(point, since, state.rolled_back.get(point.name, 0) + 1)]
    names = {step.name for step in open_}
    ready = [step for step in open_ if step.name not in busy and saga.later[step.name].isdisjoint(names)]
    return [_undo(step, state.steps[step.name]) for step in reversed(ready)]


def _undo(step: Step, stands: StepState) -> Try:
    paced = stands.undo_attempts > 0 and not stands.undo_in_flight
    return Try(step, stands.undo_attempts + 1, True, stands.retry_at_s if paced else 0.0)


def _back_to(saga: Saga, state: SagaState) -> SavePoint | None:
    """The nearest save-point before the failed step that still has rounds left; None when all is undone."""
    if state.for_good or state.failed_step is None:
        return None
    for point in saga.savepoints_before(state.failed_step):
        if state.rolled_back.get(point.name, 0) < point.rounds_max:
            return point
    return None


def after_success(move: Try, result: object) -> list[e.SagaEvent]:
    """What to remember when an attempt came back well."""
    if move.undo:
        return [e.StepCompensated(move.step.name, move.attempt)]
    return [e.StepSucceeded(move.step.name, move.attempt, result)]


def gives_up(move: Try, error: Exception) -> bool:
    """Whether no further attempt follows upon this error, be the patience as long as it may."""
    if move.undo:
        return False
    if isinstance(error, Refused) and move.step.kind is not Kind.RETRIABLE:
        return True
    return not move.step.until_stuck and move.attempt >= move.step.attempts_max


def after_error(move: Try, error: Exception, tried_for_s: float, retry_at_s: float = 0.0) -> list[e.SagaEvent]:
    """What to remember when an attempt raised, and when to try again if the patience lasts.

    A refusal, and an error whose kind says so (`Retriable`), are certain
    knowledge that nothing happened. Every other error leaves doubt: a handler
    may break after it has written.
    """
    step, attempt = move.step, move.attempt
    reason = said(error) or type(error).__name__
    final = gives_up(move, error)
    if isinstance(error, Refused) and final:
        return [e.StepFailed(step.name, attempt, said(error.code), said(error.message))]
    patience_ends = tried_for_s >= step.stuck_after_s and (move.undo or step.until_stuck)
    again_s = 0.0 if final or patience_ends else retry_at_s
    missed: e.SagaEvent
    if move.undo:
        missed = e.CompensationFailed(step.name, attempt, reason, again_s)
    else:
        ended = e.StepUnreached if isinstance(error, Retriable) else e.StepTimedOut
        missed = ended(step.name, attempt, reason, final, again_s)
    if not patience_ends:
        return [missed]
    attempts = "1 attempt" if attempt == 1 else f"{attempt} attempts"
    return [missed, e.SagaStuck(step.name, f"{reason}, after {attempts} in {tried_for_s:.0f} s")]


def said(words: object) -> str:
    """*words* as a log can hold them: the name of a file, for one, may have bytes that are no text."""
    return str(words).encode(errors="backslashreplace").decode()
