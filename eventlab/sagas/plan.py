"""What comes next, and what an attempt's end means: decided purely, from the definition and the state."""

from __future__ import annotations

from typing import NamedTuple

from eventlab.errors import Refused, Retriable
from eventlab.sagas import events as e
from eventlab.sagas.definition import Kind, Saga, Step
from eventlab.sagas.state import SagaState, Status, StepStatus


class Try(NamedTuple):
    """Try a step (or its compensation, when *undo*) once more, *failures* attempts after the last pause-free one."""

    step: Step
    attempt: int
    undo: bool
    failures: int


class Log(NamedTuple):
    """There is nothing to call: this follows from what is known."""

    event: e.SagaEvent


Move = Try | Log


def next_move(saga: Saga, state: SagaState, *, compensate: bool = True) -> Move | None:
    """What a driver does next; None when there is nothing to drive: the saga has ended, or is stuck."""
    if state.status is Status.RUNNING:
        return _forward(saga, state)
    if state.status is Status.COMPENSATING:
        return _backward(saga, state) if compensate else Log(e.CompensationCompleted())
    return None


def _forward(saga: Saga, state: SagaState) -> Move:
    steps, succeeded = state.steps, StepStatus.SUCCEEDED
    for step in saga.steps:
        stands = steps.get(step.name)
        if stands is None:
            return Try(step, 1, undo=False, failures=0)
        if stands.status is succeeded:
            continue
        if stands.attempts >= step.attempts_max and not step.forward_only:
            reason = "the driver stopped before it logged an outcome, and no attempt is left"
            return Log(e.StepTimedOut(step.name, stands.attempts, reason, gave_up=True))
        # A logged failure is paced; an attempt that a crash cut short is repeated at once.
        failures = stands.attempts if stands.status in (StepStatus.TIMED_OUT, StepStatus.UNREACHED) else 0
        return Try(step, stands.attempts + 1, undo=False, failures=failures)
    return Log(e.SagaCompleted())


def _backward(saga: Saga, state: SagaState) -> Move:
    for name in reversed(state.steps):
        stands, step = state.steps[name], saga.by_name[name]
        if stands.to_undo and step.compensation is not None:
            failures = 0 if stands.undo_in_flight else stands.undo_attempts
            return Try(step, stands.undo_attempts + 1, undo=True, failures=failures)
    return Log(e.CompensationCompleted())


def after_success(move: Try, result: object) -> list[e.SagaEvent]:
    """What to remember when an attempt came back well."""
    if move.undo:
        return [e.StepCompensated(move.step.name, move.attempt)]
    return [e.StepSucceeded(move.step.name, move.attempt, result)]


def after_error(move: Try, error: Exception, tried_for_s: float) -> list[e.SagaEvent]:
    """What to remember when an attempt raised.

    A refusal, and an error whose kind says so (`Retriable`), are certain
    knowledge that nothing happened. Every other error leaves doubt: a handler
    may break after it has written.
    """
    step, attempt = move.step, move.attempt
    reason = str(error) or type(error).__name__
    patience_ends = tried_for_s >= step.stuck_after_s
    stuck = e.SagaStuck(step.name, f"{reason}, after {attempt} attempts in {tried_for_s:.0f} s")
    if move.undo:
        failed = e.CompensationFailed(step.name, attempt, reason)
        return [failed, stuck] if patience_ends else [failed]
    if isinstance(error, Refused) and step.kind is not Kind.RETRIABLE:
        return [e.StepFailed(step.name, attempt, error.code, error.message)]
    ended = e.StepUnreached if isinstance(error, Retriable) else e.StepTimedOut
    if step.forward_only:
        undecided = ended(step.name, attempt, reason)
        return [undecided, stuck] if patience_ends else [undecided]
    return [ended(step.name, attempt, reason, gave_up=attempt >= step.attempts_max)]
