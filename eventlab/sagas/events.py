"""A saga's memory. Requests are intents; only outcomes say what happened.

*at_s* is the time of day, in seconds since 1970, so that "too long" means the
same after a restart on another machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from eventlab.codec import event


class StepOutline(NamedTuple):
    """One step of a saga's definition, as the log of every such saga tells it: who has no definition sees the whole."""

    name: str
    kind: str
    """``compensatable``, ``pivot`` or ``retriable``."""
    needs: tuple[str, ...] = ()
    """The steps right before it."""


@event("SagaStarted")
@dataclass(frozen=True, slots=True)
class SagaStarted:
    """The saga exists, and its input is what it is from now on.

    *deadline_at_s*: when it turns back if it has not reached its point of no return by then.
    """

    saga_id: str
    definition: str
    definition_version: int
    input: Any
    deadline_at_s: float | None = None
    outline: tuple[StepOutline, ...] = ()
    locks: tuple[str, ...] = ()
    """The things that the saga works on, alone: see `locks`."""


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
    """The attempt ended without an answer that decides. *gave_up*: it was the last; the saga turns back.

    Otherwise the step is tried again, not before *retry_at_s*.
    """

    step: str
    attempt: int
    reason: str
    gave_up: bool = False
    retry_at_s: float = 0.0


@event("StepUnreached")
@dataclass(frozen=True, slots=True)
class StepUnreached:
    """The attempt surely did nothing: it was rejected, or never arrived. The rest is as for `StepTimedOut`."""

    step: str
    attempt: int
    reason: str
    gave_up: bool = False
    retry_at_s: float = 0.0


@event("StepSkipped")
@dataclass(frozen=True, slots=True)
class StepSkipped:
    """The step's condition does not hold: it is not carried out, and nothing is to be undone for it."""

    step: str
    reason: str = ""


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
    """The attempt to undo the step did not succeed; the step still needs undoing, not before *retry_at_s*."""

    step: str
    attempt: int
    reason: str
    retry_at_s: float = 0.0


@event("SagaTurnedBack")
@dataclass(frozen=True, slots=True)
class SagaTurnedBack:
    """From here on the saga is undone, to its beginning: its deadline has passed, or somebody wanted it."""

    cause: Literal["deadline", "cancelled", "operator", "parent"]
    why: str
    by: str = ""


@event("SagaRolledBack")
@dataclass(frozen=True, slots=True)
class SagaRolledBack:
    """What came after the save-point is undone. The saga goes forward from there again, not before *go_on_at_s*."""

    savepoint: str
    steps: tuple[str, ...]
    go_on_at_s: float = 0.0


@event("SagaTakenUp")
@dataclass(frozen=True, slots=True)
class SagaTakenUp:
    """A driver found attempts whose driver was gone before it could write what came of them."""

    steps: tuple[str, ...]
    at_s: float


@event("SagaStuck")
@dataclass(frozen=True, slots=True)
class SagaStuck:
    """The saga can go neither forward nor back by itself. Somebody must look. Without a *step* it is the whole."""

    step: str
    reason: str


@event("SagaCompleted")
@dataclass(frozen=True, slots=True)
class SagaCompleted:
    """Every step that was wanted succeeded. The last event of its saga, unless a parent saga undoes it later."""


@event("CompensationCompleted")
@dataclass(frozen=True, slots=True)
class CompensationCompleted:
    """Everything that had, or may have, happened is undone. The last event of its saga."""


@event("SagaCancelled")
@dataclass(frozen=True, slots=True)
class SagaCancelled:
    """Somebody did not want the saga before it had started: it never will. The only event of its saga."""

    saga_id: str
    why: str
    by: str = ""


@event("SagaRetried")
@dataclass(frozen=True, slots=True)
class SagaRetried:
    """Somebody lets a stuck saga try again, with new patience."""

    why: str
    by: str
    at_s: float


@event("StepSkippedByHand")
@dataclass(frozen=True, slots=True)
class StepSkippedByHand:
    """Somebody decided that a stuck saga goes on without the step, or leaves it as it is when it is undone."""

    step: str
    why: str
    by: str
    at_s: float


@event("StepResolved")
@dataclass(frozen=True, slots=True)
class StepResolved:
    """Somebody found out, or brought about, how a step of a stuck saga stands."""

    step: str
    outcome: Literal["succeeded", "failed", "compensated"]
    why: str
    by: str
    at_s: float
    result: Any = None


@event("SagaAbandoned")
@dataclass(frozen=True, slots=True)
class SagaAbandoned:
    """Somebody gave a stuck saga up as it is. The last event of its saga."""

    why: str
    by: str


SagaEvent = (
    SagaStarted
    | StepRequested
    | StepSucceeded
    | StepFailed
    | StepTimedOut
    | StepUnreached
    | StepSkipped
    | CompensationRequested
    | StepCompensated
    | CompensationFailed
    | SagaTurnedBack
    | SagaRolledBack
    | SagaTakenUp
    | SagaStuck
    | SagaCompleted
    | CompensationCompleted
    | SagaCancelled
    | SagaRetried
    | StepSkippedByHand
    | StepResolved
    | SagaAbandoned
)
