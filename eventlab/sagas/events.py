"""A saga's memory. Requests are intents; only outcomes say what happened.

*at_s* is the time of day, in seconds since 1970, so that "too long" means the
same after a restart on another machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from eventlab.codec import event


@event("SagaStarted")
@dataclass(frozen=True, slots=True)
class SagaStarted:
    """The saga exists, and its input is what it is from now on."""

    saga_id: str
    definition: str
    definition_version: int
    input: Any


@event("StepRequested")
@dataclass(frozen=True, slots=True)
class StepRequested:
    """The step is about to be tried for the *attempt*-th time: from here on it may have happened."""

    step: str
    attempt: int
    at_s: float


@event("StepSucceeded")
@dataclass(frozen=True, slots=True)
class StepSucceeded:
    step: str
    attempt: int
    result: Any = None


@event("StepFailed")
@dataclass(frozen=True, slots=True)
class StepFailed:
    """A business rule refused the step."""

    step: str
    attempt: int
    code: str
    reason: str = ""


@event("StepTimedOut")
@dataclass(frozen=True, slots=True)
class StepTimedOut:
    """The attempt ended without an answer that decides. *gave_up*: it was the last; the saga turns back."""

    step: str
    attempt: int
    reason: str
    gave_up: bool = False


@event("StepUnreached")
@dataclass(frozen=True, slots=True)
class StepUnreached:
    """The attempt surely did nothing: it was rejected, or never arrived. *gave_up*: it was the last."""

    step: str
    attempt: int
    reason: str
    gave_up: bool = False


@event("CompensationRequested")
@dataclass(frozen=True, slots=True)
class CompensationRequested:
    """The step is about to be undone, for the *attempt*-th time."""

    step: str
    attempt: int
    at_s: float


@event("StepCompensated")
@dataclass(frozen=True, slots=True)
class StepCompensated:
    step: str
    attempt: int


@event("CompensationFailed")
@dataclass(frozen=True, slots=True)
class CompensationFailed:
    """The attempt to undo the step did not succeed; the step still needs undoing."""

    step: str
    attempt: int
    reason: str


@event("SagaStuck")
@dataclass(frozen=True, slots=True)
class SagaStuck:
    """The saga can go neither forward nor back by itself. Somebody must look."""

    step: str
    reason: str


@event("SagaCompleted")
@dataclass(frozen=True, slots=True)
class SagaCompleted:
    """Every step succeeded. The last event of its saga."""


@event("CompensationCompleted")
@dataclass(frozen=True, slots=True)
class CompensationCompleted:
    """Everything that had, or may have, happened is undone. The last event of its saga."""


SagaEvent = (
    SagaStarted
    | StepRequested
    | StepSucceeded
    | StepFailed
    | StepTimedOut
    | StepUnreached
    | CompensationRequested
    | StepCompensated
    | CompensationFailed
    | SagaStuck
    | SagaCompleted
    | CompensationCompleted
)
