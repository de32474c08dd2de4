"""What happens, one frozen record each, and whoever listens.

Rooms emit; recorders, metrics and traces listen. A record carries no time and
no node: the listener stamps both. Nothing is built when nobody listens, if
call sites read ``if hooks.listening: hooks.emit(...)``. The records are in modules by what they tell of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .calls import (
    BreakerChanged,
    BreakerCounted,
    CallEnded,
    CallRejected,
    CallStarted,
)
from .deciding import (
    SAGA_PHASES,
    CommandAttempted,
    ProjectionAdvanced,
    ProjectionRebuilt,
    ProjectionStopped,
    SagaMoved,
    SagaParked,
)
from .happening import (
    Happening,
)
from .operations import (
    Drawn,
    Observed,
    OperationEnded,
    OperationInvoked,
    OperationLate,
)
from .policies import (
    FallbackUsed,
    HedgeSent,
    RetryGivenUp,
    RetryScheduled,
)
from .stores import (
    EventParked,
    EventsAppended,
    LeaseChanged,
    SnapshotNotTaken,
    SnapshotTaken,
    StorageChanged,
    StorageOperated,
    SubscriptionResumed,
)
from .traced import (
    CommandBegan,
    CommandEnded,
    HandlingBegan,
    HandlingEnded,
    SagaDriven,
    SagaLeft,
    SpanEnded,
    StepBegan,
    StepEnded,
    StreamsDiscovered,
    TurnCame,
)
from .world import (
    ClockChanged,
    FaultBegan,
    FaultEnded,
    MessageArrived,
    MessageDuplicated,
    MessageHeldBack,
    MessageLost,
    MessageSent,
    NodeChanged,
)

__all__ = [
    "BreakerChanged",
    "BreakerCounted",
    "CallEnded",
    "CallRejected",
    "CallStarted",
    "ClockChanged",
    "CommandAttempted",
    "CommandBegan",
    "CommandEnded",
    "Drawn",
    "EventParked",
    "EventsAppended",
    "FallbackUsed",
    "FaultBegan",
    "FaultEnded",
    "HandlingBegan",
    "HandlingEnded",
    "Happening",
    "HedgeSent",
    "LeaseChanged",
    "Listener",
    "MessageArrived",
    "MessageDuplicated",
    "MessageHeldBack",
    "MessageLost",
    "MessageSent",
    "NodeChanged",
    "Observed",
    "OperationEnded",
    "OperationInvoked",
    "OperationLate",
    "ProjectionAdvanced",
    "ProjectionRebuilt",
    "ProjectionStopped",
    "RetryGivenUp",
    "RetryScheduled",
    "SAGA_PHASES",
    "SagaDriven",
    "SagaLeft",
    "SagaMoved",
    "SagaParked",
    "SnapshotNotTaken",
    "SnapshotTaken",
    "SpanEnded",
    "StepBegan",
    "StepEnded",
    "StorageChanged",
    "StorageOperated",
    "StreamsDiscovered",
    "SubscriptionResumed",
    "TurnCame",
    "emit",
    "emit_closely",
    "emit_traced",
    "listen",
    "listening",
    "listening_closely",
    "tracing",
]

Listener = Callable[[Happening], None]

listening = False
"""True while somebody listens. Read it as ``hooks.listening`` before building a record."""

listening_closely = False
"""True while somebody listens who wants also what happens too often for most histories."""

tracing = False
"""True while somebody listens who follows work from its beginning to its end: see the records of `.traced`."""

_listeners: tuple[Listener, ...] = ()
_tracers: tuple[Listener, ...] = ()
_close_listeners: tuple[Listener, ...] = ()


def emit(happening: Happening) -> None:
    """Tell every listener, in the order in which they came."""
    for listener in _listeners:
        listener(happening)


def emit_closely(happening: Happening) -> None:
    """Tell those who listen closely: of single reads, say, of which there are many for each event."""
    for listener in _close_listeners:
        listener(happening)


def emit_traced(happening: Happening) -> None:
    """Tell those who trace that work begins here, or ends."""
    for listener in _tracers:
        listener(happening)


@contextmanager
def listen(listener: Listener, *, closely: bool = False, traced: bool = False) -> Iterator[None]:
    """Call *listener* with everything that happens until the block ends; *closely*, with the small things too.

    *traced*, also with where work begins and ends.
    """
    global _listeners, _close_listeners, _tracers, listening, listening_closely, tracing
    _listeners, listening = (*_listeners, listener), True
    if closely:
        _close_listeners, listening_closely = (*_close_listeners, listener), True
    if traced:
        _tracers, tracing = (*_tracers, listener), True
    try:
        yield
    finally:
        _listeners = _without(_listeners, listener)
        listening = bool(_listeners)
        if closely:
            _close_listeners = _without(_close_listeners, listener)
            listening_closely = bool(_close_listeners)
        if traced:
            _tracers = _without(_tracers, listener)
            tracing = bool(_tracers)


def _without(listeners: tuple[Listener, ...], listener: Listener) -> tuple[Listener, ...]:
    remaining = list(listeners)
    remaining.remove(listener)
    return tuple(remaining)
