"""Commands, sagas and projections: what was decided, and what followed from it."""

from __future__ import annotations

from .happening import Happening


class CommandAttempted(Happening, frozen=True):
    """One attempt of a command: ``written``, ``unchanged``, ``conflict`` or ``refused``.

    Or ``repeated``, if its command id had been executed before; ``unknown``, if the append's answer
    was lost; ``cancelled`` by its caller; ``failed`` with any other error.

    *streams* are ``(stream, version read)``; *conflicts* ``(stream, expected, actual)``; *written* are the events of
    *store* as ``(stream, version)``, or those that it would have written, if how its append ended is not known;
    *backoff_s* is the pause before the next attempt, if there is one; *duration_s* how long this
    one took, from its reading to the answer of its append.
    """

    command: str
    attempt: int
    outcome: str
    streams: tuple[tuple[str, int], ...] = ()
    conflicts: tuple[tuple[str, int | str, int], ...] = ()
    backoff_s: float | None = None
    duration_s: float = 0.0
    store: str = ""
    written: tuple[tuple[str, int], ...] = ()


class SagaMoved(Happening, frozen=True):
    """A saga's log grew. *phase* is one of `SAGA_PHASES`; *step* is empty for the saga as a whole."""

    saga: str
    definition: str
    phase: str
    step: str = ""
    attempt: int = 0
    detail: str = ""


class SagaParked(Happening, frozen=True):
    """An engine cannot take that saga up, and leaves it as it is: told once by each engine, not at every attempt.

    *definition* and *version* are those under which it was begun, empty and 0 where its log stood in the way;
    *remedy* says what to do.
    """

    saga: str
    definition: str
    version: int
    reason: str
    remedy: str


SAGA_PHASES = (
    "started",
    "requested",
    "succeeded",
    "failed",
    "timed_out",
    "unreached",
    "skipped",
    "turned_back",
    "compensating",
    "compensation_requested",
    "compensated",
    "compensation_failed",
    "stuck",
    "completed",
    "compensation_completed",
    "rolled_back",
    "taken_up",
    "cancelled",
    "retried",
    "skipped_by_hand",
    "resolved",
    "abandoned",
)


class ProjectionAdvanced(Happening, frozen=True):
    """A transaction of a projection was committed: so many *events* in the rows, which are now up to *position*."""

    projection: str
    position: int
    events: int


class ProjectionStopped(Happening, frozen=True):
    """A handler failed at that event, and its projection stands still before it."""

    projection: str
    position: int
    stream: str
    type: str
    reason: str


class ProjectionRebuilt(Happening, frozen=True):
    """Rows that were made beside the live ones took their place; they are up to *position*."""

    projection: str
    version: int
    position: int
