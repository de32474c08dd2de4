"""Where work begins and ends, for whoever follows it through the calls: told to those who trace, and to nobody else.

Each beginning is told in the context of the work itself, so that a listener may say there what travels with it,
and its end in the same one. Work that falls silent, with its node or its process, has no end.
"""

from __future__ import annotations

from typing import Any

from .happening import Happening


class CommandBegan(Happening, frozen=True):
    """A command is about to be executed on *store*."""

    command: str
    store: str


class CommandEnded(Happening, frozen=True):
    """How a command ended after all its attempts, in the words of `CommandAttempted`; *events* it wrote."""

    command: str
    store: str
    outcome: str
    attempts: int
    events: int = 0
    reason: str = ""


class StreamsDiscovered(Happening, frozen=True):
    """What a command had read led it to more *streams*: its *round*-th reading is of those."""

    command: str
    round: int
    streams: tuple[str, ...]


class HandlingBegan(Happening, frozen=True):
    """A service begins to work on a call. The call brought *traceparent* and *tracestate*, or nothing."""

    id: int
    source: str
    service: str
    operation: str
    key: str = ""
    traceparent: str | None = None
    tracestate: str | None = None


class HandlingEnded(Happening, frozen=True):
    """A service's reply to a call, in the words of its outcome."""

    id: int
    source: str
    service: str
    operation: str
    outcome: str
    reason: str = ""


class TurnCame(Happening, frozen=True):
    """Whoever tells this had waited so long, in the queue of *queue*, until it was served."""

    queue: str
    waited_s: float


class SagaDriven(Happening, frozen=True):
    """Somebody begins to drive a saga. What its log says follows, and nothing for one that is new.

    *began_s* in seconds since 1970; *origin* is the id of its first event, and *traceparent* and *tracestate* what
    was stored with it; *under_way* are the steps without a last outcome, as ``(step, whether it is being undone,
    when it was first requested)``; *broken* says why it had to turn back, if that was no rule's refusal; *endings* how
    often it had got stuck, or ended, before.
    """

    saga: str
    definition: str
    origin: str = ""
    began_s: float | None = None
    traceparent: str | None = None
    tracestate: str | None = None
    under_way: tuple[tuple[str, bool, float], ...] = ()
    broken: str = ""
    endings: int = 0


class SagaLeft(Happening, frozen=True):
    """Whoever drove a saga drives it no more: it has ended, or somebody else goes on."""

    saga: str
    definition: str


class StepBegan(Happening, frozen=True):
    """A step of the saga that is driven here is tried, or (*undo*) undone; first asked for at *since_s* since 1970."""

    saga: str
    step: str
    attempt: int
    undo: bool
    since_s: float


class StepEnded(Happening, frozen=True):
    """That attempt came back. What follows from it is told by `SagaMoved`, once it is written."""

    saga: str
    step: str
    attempt: int
    undo: bool


class SpanEnded(Happening, frozen=True):
    """A piece of work of a trace, from its beginning to its end, in nanoseconds since 1970. Told to all who listen.

    *parent_id* is empty for the root of a trace; *role* is ``internal``, ``client`` or ``server``; *events* are
    ``(name, at_ns, attributes)``; *status* is ``unset``, or ``error`` with a *reason* in words.
    """

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    role: str
    service: str
    began_ns: int
    ended_ns: int
    attributes: dict[str, Any]
    events: tuple[tuple[str, int, dict[str, Any]], ...] = ()
    status: str = "unset"
    reason: str = ""

    @property
    def duration_s(self) -> float:
        return (self.ended_ns - self.began_ns) / 1e9
