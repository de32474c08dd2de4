"""A saga's state, as its events tell it: see `folding`."""

from __future__ import annotations

from enum import Enum
from typing import Any

import msgspec

from eventlab.sagas.events import StepOutline


class Status(Enum):
    """How a saga stands as a whole."""

    RUNNING = "running"
    COMPENSATING = "compensating"
    STUCK = "stuck"
    COMPLETED = "completed"
    COMPENSATED = "compensated"
    CANCELLED = "cancelled"
    """It was cancelled before it had started."""
    ABANDONED = "abandoned"
    """Somebody gave it up while it was stuck."""

    @property
    def ended(self) -> bool:
        return self in _ENDED


_ENDED = (Status.COMPLETED, Status.COMPENSATED, Status.CANCELLED, Status.ABANDONED)


class StepStatus(Enum):
    """What the log knows about one step."""

    REQUESTED = "requested"
    """An intent without an outcome: it may have happened."""
    TIMED_OUT = "timed_out"
    """The last attempt ended without a deciding answer: it may have happened."""
    UNREACHED = "unreached"
    """The last attempt surely did nothing."""
    SUCCEEDED = "succeeded"
    SKIPPED = "skipped"
    """It was not wanted, by its condition or by somebody's decision."""
    FAILED = "failed"
    UNDOING = "undoing"
    COMPENSATED = "compensated"
    LEFT = "left"
    """Somebody decided that it stays as it is, while the rest is undone."""


_ASKED = (StepStatus.REQUESTED, StepStatus.TIMED_OUT)
_PASSED = (StepStatus.SUCCEEDED, StepStatus.SKIPPED)
_NOT_TO_UNDO = (StepStatus.COMPENSATED, StepStatus.SKIPPED, StepStatus.LEFT)


class StepState(msgspec.Struct, frozen=True):
    """One step that was requested, or skipped."""

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
    refused: bool = False
    """Whether it is a rule's refusal that turned the saga back here; it stays known while the rest is undone."""
    retry_at_s: float = 0.0
    """Before this time of day it is not tried again, in the present direction."""
    round: int = 1
    """1, and one more for each return to a save-point before it."""

    @property
    def passed(self) -> bool:
        """Whether what comes after it may begin."""
        return self.status in _PASSED

    @property
    def in_flight(self) -> bool:
        """Whether an attempt began of which nothing is written yet."""
        return self.status is StepStatus.REQUESTED or self.undo_in_flight

    @property
    def in_doubt(self) -> bool:
        """Whether it may have happened, but nobody can say."""
        if self.status is StepStatus.UNREACHED:
            return self.may_have_happened
        return self.status in _ASKED

    @property
    def to_undo(self) -> bool:
        """Whether turning back has to deal with it.

        A refusal does not clear the attempts before it that ended in doubt:
        the first message may still be under way, so the step is undone as well.
        """
        if self.status in (StepStatus.FAILED, StepStatus.UNREACHED):
            return self.may_have_happened
        return self.status not in _NOT_TO_UNDO

    @property
    def may_stand(self) -> bool:
        """Whether it happened, or may have, and is not undone; also if somebody let the saga go on without it."""
        return self.to_undo or (self.status is StepStatus.SKIPPED and self.attempts > 0)


class SagaState(msgspec.Struct, frozen=True):
    """Everything the log says. *steps* are in the order of their first request."""

    saga_id: str = ""
    definition: str = ""
    definition_version: int = 0
    input: Any = None
    status: Status = Status.RUNNING
    steps: dict[str, StepState] = {}
    failed_step: str | None = None
    """The step that turned the saga back."""
    reason: str = ""
    """Why it is stuck, was given up or cancelled, or else why it turned back; empty while nothing stands against it."""
    version: int = 0
    deadline_at_s: float | None = None
    outline: tuple[StepOutline, ...] = ()
    locks: tuple[str, ...] = ()
    """The things that it holds, or waits for, until it has ended."""
    for_good: bool = False
    """Whether it is undone to its beginning, past every save-point."""
    rolled_back: dict[str, int] = {}
    """Save-point → how often the saga went back to it."""
    round: int = 1
    go_on_at_s: float = 0.0
    """Before this time of day a saga that went back to a save-point does not go on."""
    takings_up: int = 0
    """How many drivers in a row were gone before they wrote an outcome."""
    stuck_step: str | None = None
    stuck_from: Status = Status.RUNNING
    """What it was doing when it got stuck."""
    stuck_reason_before: str = ""
    """What *reason* was then, and is again once it goes on."""
    endings: int = 0
    """How often it has got stuck, or ended."""

    @property
    def results(self) -> dict[str, Any]:
        """Step → result, for every step whose success is known."""
        succeeded = StepStatus.SUCCEEDED
        return {name: step.result for name, step in self.steps.items() if step.status is succeeded}

    @property
    def in_doubt(self) -> tuple[str, ...]:
        """The steps that may have happened or not."""
        return tuple(name for name, step in self.steps.items() if step.in_doubt)

    @property
    def is_committed(self) -> bool:
        """Whether the point of no return may have been passed: nothing is undone any more, until that is known."""
        for step in self.outline:
            stands = self.steps.get(step.name)
            if stands is not None and step.kind != "compensatable" and stands.may_stand:
                return True
        return False

    @property
    def in_flight(self) -> tuple[str, ...]:
        """The steps of which an attempt, either way, has no outcome yet."""
        return tuple(name for name, step in self.steps.items() if step.in_flight)
