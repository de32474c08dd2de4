"""Attempts, collected from a saga's log: when each was asked for, when it ended, and how."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

import msgspec

from eventlab.sagas import events as e
from eventlab.sagas.state import SagaState, StepState, StepStatus
from eventlab.store import StoredEvent


class Outcome(Enum):
    """How an attempt ended, as far as the log knows."""

    OPEN = "open"
    """Asked for, and nothing since."""
    SUCCEEDED = "succeeded"
    REFUSED = "refused"
    """A business rule said no."""
    TIMED_OUT = "timed out"
    """It ended without an answer that decides: it may have happened."""
    UNREACHED = "unreached"
    """It surely did nothing."""
    FAILED = "failed"
    """An undoing that did not succeed."""
    CUT_SHORT = "cut short"
    """Whoever asked stopped before an outcome was logged: it may have happened."""


class Attempt(msgspec.Struct, frozen=True):
    """One try of a step, or of undoing it when *undo*. *version* is that of its intent in the saga's stream.

    *round* is 1, and one more for each return to a save-point before it.
    """

    number: int
    undo: bool
    asked_at: datetime
    version: int
    outcome: Outcome = Outcome.OPEN
    ended_at: datetime | None = None
    reason: str = ""
    round: int = 1

    @property
    def took_s(self) -> float | None:
        return None if self.ended_at is None else (self.ended_at - self.asked_at).total_seconds()


_OUTCOMES: dict[type[object], Outcome] = {
    e.StepSucceeded: Outcome.SUCCEEDED,
    e.StepFailed: Outcome.REFUSED,
    e.StepTimedOut: Outcome.TIMED_OUT,
    e.StepUnreached: Outcome.UNREACHED,
    e.StepCompensated: Outcome.SUCCEEDED,
    e.CompensationFailed: Outcome.FAILED,
}
_UNDOING = (e.StepCompensated, e.CompensationFailed)

_DECIDED = {
    StepStatus.SUCCEEDED: (False, Outcome.SUCCEEDED),
    StepStatus.FAILED: (False, Outcome.REFUSED),
    StepStatus.TIMED_OUT: (False, Outcome.TIMED_OUT),
    StepStatus.UNREACHED: (False, Outcome.UNREACHED),
    StepStatus.COMPENSATED: (True, Outcome.SUCCEEDED),
    StepStatus.SKIPPED: (False, Outcome.CUT_SHORT),
    StepStatus.LEFT: (True, Outcome.CUT_SHORT),
}
"""What a step's new status says of its open attempt, and of which direction, when some other event decided it."""


class Attempts:
    """The attempts of all steps so far."""

    def __init__(self) -> None:
        self._tries: dict[tuple[str, bool], list[Attempt]] = {}

    def of(self, step: str, *, undo: bool) -> tuple[Attempt, ...]:
        return tuple(self._tries.get((step, undo), ()))

    def take(self, stored: StoredEvent, before: SagaState, after: SagaState) -> None:
        """Take note of what *stored*, which led from *before* to *after*, says of attempts."""
        event = stored.event
        if isinstance(event, e.StepRequested | e.CompensationRequested):
            undo = isinstance(event, e.CompensationRequested)
            self._cut_short(event.step, stored)
            tries = self._tries.setdefault((event.step, undo), [])
            round = after.steps[event.step].round
            tries.append(Attempt(event.attempt, undo, stored.occurred_at, stored.version, round=round))
        elif (outcome := _OUTCOMES.get(type(event))) is not None:
            undo = isinstance(event, _UNDOING)
            self._end(event.step, undo, outcome, stored, _reason(event))
        elif isinstance(event, e.SagaTakenUp):
            for name in event.steps:
                self._cut_short(name, stored)
        else:
            for name, step in after.steps.items():
                self._decide(name, before.steps.get(name), step, stored)

    def _cut_short(self, step: str, stored: StoredEvent) -> None:
        for undo in (False, True):
            self._end(step, undo, Outcome.CUT_SHORT, stored, "no outcome was logged")

    def _decide(self, name: str, before: StepState | None, after: StepState, stored: StoredEvent) -> None:
        """An event of another sort, such as an operator's, may settle what is open."""
        if before is not None and before.status is not after.status and after.status in _DECIDED:
            undo, outcome = _DECIDED[after.status]
            self._end(name, undo, outcome, stored, getattr(stored.event, "why", ""))

    def _end(self, step: str, undo: bool, outcome: Outcome, stored: StoredEvent, reason: str) -> None:
        tries = self._tries.get((step, undo))
        if tries and tries[-1].outcome is Outcome.OPEN:
            tries[-1] = msgspec.structs.replace(tries[-1], outcome=outcome, ended_at=stored.occurred_at, reason=reason)


def _reason(event: object) -> str:
    code, reason = getattr(event, "code", ""), getattr(event, "reason", "")
    return f"{code}: {reason}" if code and reason else code or reason
