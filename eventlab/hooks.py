"""What happens, one frozen record each, and whoever listens.

Rooms emit; recorders, metrics and traces listen. A record carries no time and
no node: the listener stamps both. Nothing is built when nobody listens, if
call sites read ``if hooks.listening: hooks.emit(...)``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec


def _kind(class_name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", class_name).lower()


class Happening(msgspec.Struct, frozen=True, tag=_kind, tag_field="kind", gc=False):
    """Something that happened, in the past tense. No cycle leads back to it, so the collector need not follow it."""


class OperationInvoked(Happening, frozen=True):
    """A client began an operation; how it ends comes as `OperationEnded` with the same id."""

    id: int
    process: str
    operation: str
    subject: str
    value: Any = None


class OperationLate(Happening, frozen=True):
    """The operation that was just invoked was meant to be so much earlier: a busy clock came late to it."""

    id: int
    late_s: float


class OperationEnded(Happening, frozen=True):
    """How an operation ended: ``ok``, ``failed`` (it did nothing) or ``unknown``."""

    id: int
    outcome: str
    value: Any = None


class Observed(Happening, frozen=True):
    """A final read: what was found under *subject* when the world had settled."""

    subject: str
    value: Any


class StorageOperated(Happening, frozen=True):
    """A store answered: which *operation*, how it ended, how long that took with all waiting.

    ``ok``, ``conflict``, ``refused`` (by a full disk, or by the database), ``damaged`` (a checksum did not
    fit), ``unknown``, ``cancelled``, or ``failed`` with any other error. Emitted to those who listen closely.
    """

    store: str
    operation: str
    outcome: str
    duration_s: float


class Drawn(Happening, frozen=True):
    """A number was drawn from a random stream of a world that records its draws; as text if it has over 53 bits.

    Emitted to those who listen closely.
    """

    stream: str
    value: float | int | str


class StorageChanged(Happening, frozen=True):
    """A fault of storage took hold (*on*), was lifted, or did its damage at one stroke; *detail* says how much."""

    storage: str
    fault: str
    on: bool
    detail: str = ""


class EventsAppended(Happening, frozen=True):
    """One atomic append; *events* are ``(stream, version, type)``, *position* the last one's."""

    store: str
    position: int
    events: tuple[tuple[str, int, str], ...]


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


class CallStarted(Happening, frozen=True):
    """A call left its client, or was about to when a breaker rejected it. *attempt* 2 is the first retry."""

    id: int
    source: str
    target: str
    operation: str
    key: str = ""
    attempt: int = 1


class CallEnded(Happening, frozen=True):
    """``ok``, ``refused``, ``failed``, ``unavailable``, ``rejected`` (by a breaker) or ``unknown``."""

    id: int
    source: str
    target: str
    operation: str
    outcome: str
    duration_s: float
    reason: str = ""


class BreakerChanged(Happening, frozen=True):
    """A circuit breaker went from one state to another, and why, in words."""

    breaker: str
    before: str
    after: str
    reason: str


class BreakerCounted(Happening, frozen=True):
    """A breaker's window after a call was counted: *failure_rate* is None below the minimum of calls."""

    breaker: str
    calls: int
    failure_rate: float | None


class SagaMoved(Happening, frozen=True):
    """A saga's log grew. *phase* is one of `SAGA_PHASES`; *step* is empty for the saga as a whole."""

    saga: str
    definition: str
    phase: str
    step: str = ""
    attempt: int = 0
    detail: str = ""


SAGA_PHASES = (
    "started",
    "requested",
    "succeeded",
    "failed",
    "timed_out",
    "unreached",
    "compensating",
    "compensation_requested",
    "compensated",
    "compensation_failed",
    "stuck",
    "completed",
    "compensation_completed",
)


class MessageSent(Happening, frozen=True):
    """A message left *source* for *target*."""

    id: int
    source: str
    target: str
    what: str


class MessageArrived(Happening, frozen=True):
    """The message of that id reached its target."""

    id: int


class MessageDuplicated(Happening, frozen=True):
    """The network made a copy of the message *id*. The copy arrives, or is lost, under the number *copy*."""

    id: int
    copy: int


class MessageHeldBack(Happening, frozen=True):
    """The message of that id was held back for so long, so that later ones may overtake it."""

    id: int
    held_s: float


class MessageLost(Happening, frozen=True):
    """The message of that id never arrives, and why."""

    id: int
    reason: str


class NodeChanged(Happening, frozen=True, omit_defaults=True):
    """A node is now ``up`` or ``crashed``, in its *incarnation*-th life.

    Or ``paused`` and then ``resumed``; or ``slowed``, and then ``restored`` to full speed. Its work
    takes *slowness* times as long as at full speed.
    """

    name: str
    state: str
    incarnation: int
    slowness: float = 1.0


class ClockChanged(Happening, frozen=True):
    """The clock on the wall of node *name* was set or began to drift: it is *offset_s* ahead now, and gains so much."""

    name: str
    offset_s: float
    drift_ppm: float


class FaultBegan(Happening, frozen=True):
    """A fault of the schedule took hold."""

    fault: str
    detail: str


class FaultEnded(Happening, frozen=True):
    """A fault of the schedule was lifted."""

    fault: str
    detail: str


class LeaseChanged(Happening, frozen=True):
    """A lease was ``acquired`` or ``released``, or its holder found it ``lost``. Renewals are not told."""

    store: str
    key: str
    owner: str
    token: int
    change: str


class EventParked(Happening, frozen=True):
    """A consumer set an event aside, and went on without it."""

    consumer: str
    position: int
    stream: str
    type: str
    reason: str


class SubscriptionResumed(Happening, frozen=True):
    """A subscription goes on after *position*: its store answers again after so many failures."""

    store: str
    position: int
    failures: int


class SnapshotTaken(Happening, frozen=True):
    """The state that a command had folded of *stream*, up to *version*, was kept."""

    store: str
    snapshot: str
    stream: str
    version: int


class SnapshotNotTaken(Happening, frozen=True):
    """It was time to keep a state, and that went wrong. The command itself was executed as if nothing were."""

    store: str
    snapshot: str
    stream: str
    version: int
    reason: str


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


Listener = Callable[[Happening], None]

listening = False
"""True while somebody listens. Read it as ``hooks.listening`` before building a record."""

listening_closely = False
"""True while somebody listens who wants also what happens too often for most histories."""

_listeners: tuple[Listener, ...] = ()
_close_listeners: tuple[Listener, ...] = ()


def emit(happening: Happening) -> None:
    """Tell every listener, in the order in which they came."""
    for listener in _listeners:
        listener(happening)


def emit_closely(happening: Happening) -> None:
    """Tell those who listen closely: of single reads, say, of which there are many for each event."""
    for listener in _close_listeners:
        listener(happening)


@contextmanager
def listen(listener: Listener, *, closely: bool = False) -> Iterator[None]:
    """Call *listener* with everything that happens until the block ends; *closely*, with the small things too."""
    global _listeners, _close_listeners, listening, listening_closely
    _listeners, listening = (*_listeners, listener), True
    if closely:
        _close_listeners, listening_closely = (*_close_listeners, listener), True
    try:
        yield
    finally:
        _listeners = _without(_listeners, listener)
        listening = bool(_listeners)
        if closely:
            _close_listeners = _without(_close_listeners, listener)
            listening_closely = bool(_close_listeners)


def _without(listeners: tuple[Listener, ...], listener: Listener) -> tuple[Listener, ...]:
    remaining = list(listeners)
    remaining.remove(listener)
    return tuple(remaining)
