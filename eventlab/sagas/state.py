"""A saga's state, folded from its events and from nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from functools import reduce
from typing import Any

import msgspec
from msgspec.structs import replace

from eventlab.sagas import events as e


class Status(Enum):
    """How a saga stands as a whole."""

    RUNNING = "running"
    COMPENSATING = "compensating"
    STUCK = "stuck"
    COMPLETED = "completed"
    COMPENSATED = "compensated"

    @property
    def ended(self) -> bool:
        return self in (Status.COMPLETED, Status.COMPENSATED)


class StepStatus(Enum):
    """What the log knows about one step."""

    REQUESTED = "requested"
    """An intent without an outcome: it may have happened."""
    TIMED_OUT = "timed_out"
    """The last attempt ended without a deciding answer: it may have happened."""
    UNREACHED = "unreached"
    """The last attempt surely did nothing."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNDOING = "undoing"
    COMPENSATED = "compensated"


class StepState(msgspec.Struct, frozen=True):
    """One step that was requested at least once."""

    status: StepStatus
    attempts: int
    since_s: float
    """When it was first requested, in the present direction."""
    may_have_happened: bool = False
    """Whether an earlier attempt ended in doubt: its message may still be under way."""
    undo_attempts: int = 0
    undo_in_flight: bool = False
    result: Any = None
    reason: str = ""

    @property
    def in_doubt(self) -> bool:
        """Whether it may have happened, but nobody can say."""
        if self.status is StepStatus.UNREACHED:
            return self.may_have_happened
        return self.status in (StepStatus.REQUESTED, StepStatus.TIMED_OUT)

    @property
    def to_undo(self) -> bool:
        """Whether turning back has to deal with it.

        A refusal does not clear the attempts before it that ended in doubt:
        the first message may still be under way, so the step is undone as well.
        """
        if self.status in (StepStatus.FAILED, StepStatus.UNREACHED):
            return self.may_have_happened
        return self.status is not StepStatus.COMPENSATED


class SagaState(msgspec.Struct, frozen=True):
    """Everything the log says. *steps* are in the order of their first request."""

    saga_id: str = ""
    definition: str = ""
    definition_version: int = 0
    input: Any = None
    status: Status = Status.RUNNING
    steps: dict[str, StepState] = {}
    failed_step: str | None = None
    reason: str = ""
    version: int = 0

    @property
    def results(self) -> dict[str, Any]:
        """Step → result, for every step whose success is known."""
        succeeded = StepStatus.SUCCEEDED
        return {name: step.result for name, step in self.steps.items() if step.status is succeeded}

    @property
    def in_doubt(self) -> tuple[str, ...]:
        """The steps that may have happened or not."""
        return tuple(name for name, step in self.steps.items() if step.in_doubt)


def fold(events: Iterable[object], state: SagaState | None = None) -> SagaState:
    """The state after *events*, from the beginning or from *state* on."""
    return reduce(advance, events, state or SagaState())


def advance(state: SagaState, event: object) -> SagaState:
    """The state after one more event."""
    version = state.version + 1
    match event:
        case e.SagaStarted(saga_id, definition, definition_version, input):
            return SagaState(saga_id, definition, definition_version, input, version=version)
        case e.StepRequested(step, attempt, at_s):
            before = state.steps.get(step)
            since_s = before.since_s if before else at_s
            doubt = before.in_doubt or before.may_have_happened if before else False
            return _with(state, step, StepState(StepStatus.REQUESTED, attempt, since_s, doubt))
        case e.StepSucceeded(step, _, result):
            return _with(state, step, replace(state.steps[step], status=StepStatus.SUCCEEDED, result=result))
        case e.StepFailed(step, _, code, reason):
            said = f"refused ({code}): {reason}" if reason else f"refused ({code})"
            failed = replace(state.steps[step], status=StepStatus.FAILED, reason=said)
            return _turned_back(_with(state, step, failed), step, said)
        case e.StepTimedOut(step, _, reason, gave_up):
            state = _with(state, step, replace(state.steps[step], status=StepStatus.TIMED_OUT, reason=reason))
            return _turned_back(state, step, reason) if gave_up else state
        case e.StepUnreached(step, _, reason, gave_up):
            state = _with(state, step, replace(state.steps[step], status=StepStatus.UNREACHED, reason=reason))
            return _turned_back(state, step, reason) if gave_up else state
        case e.CompensationRequested(step, attempt, at_s):
            before = state.steps[step]
            since_s = at_s if attempt == 1 else before.since_s
            undoing = replace(
                before, status=StepStatus.UNDOING, undo_attempts=attempt, undo_in_flight=True, since_s=since_s
            )
            return _with(state, step, undoing)
        case e.StepCompensated(step):
            done = replace(state.steps[step], status=StepStatus.COMPENSATED, undo_in_flight=False)
            return _with(state, step, done)
        case e.CompensationFailed(step, _, reason):
            return _with(state, step, replace(state.steps[step], undo_in_flight=False, reason=reason))
        case e.SagaStuck(step, reason):
            return replace(state, status=Status.STUCK, reason=f"{step}: {reason}", version=version)
        case e.SagaCompleted():
            return replace(state, status=Status.COMPLETED, version=version)
        case e.CompensationCompleted():
            return replace(state, status=Status.COMPENSATED, version=version)
    raise TypeError(f"{event!r} is no event of a saga")


def _with(state: SagaState, step: str, stands: StepState) -> SagaState:
    return replace(state, steps={**state.steps, step: stands}, version=state.version + 1)


def _turned_back(state: SagaState, step: str, reason: str) -> SagaState:
    return replace(state, status=Status.COMPENSATING, failed_step=step, reason=reason)
