"""Telling the listeners what was written to a saga's log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from eventlab import hooks
from eventlab.errors import GiveUp, SagaDiverged, UnknownEventType, UnknownSaga
from eventlab.sagas import events as e
from eventlab.sagas.definition import Saga
from eventlab.sagas.folding import advance
from eventlab.sagas.state import SagaState, Status

_PHASES: dict[type[object], str] = {
    e.SagaStarted: "started",
    e.StepRequested: "requested",
    e.StepSucceeded: "succeeded",
    e.StepFailed: "failed",
    e.StepTimedOut: "timed_out",
    e.StepUnreached: "unreached",
    e.StepSkipped: "skipped",
    e.CompensationRequested: "compensation_requested",
    e.StepCompensated: "compensated",
    e.CompensationFailed: "compensation_failed",
    e.SagaTurnedBack: "turned_back",
    e.SagaRolledBack: "rolled_back",
    e.SagaTakenUp: "taken_up",
    e.SagaStuck: "stuck",
    e.SagaCompleted: "completed",
    e.CompensationCompleted: "compensation_completed",
    e.SagaCancelled: "cancelled",
    e.SagaRetried: "retried",
    e.StepSkippedByHand: "skipped_by_hand",
    e.StepResolved: "resolved",
    e.SagaAbandoned: "abandoned",
}

_WHY: dict[type[object], str] = {
    e.StepFailed: "was refused",
    e.StepTimedOut: "is in doubt",
    e.StepUnreached: "was not reached",
    e.StepResolved: "was resolved as failed",
}
"""Why a saga turns back, if a step's event turns it."""

_MAY_TURN = (*_WHY, e.SagaTurnedBack)


class _Telling(NamedTuple):
    """What is told of the events of one class."""

    phase: str
    has_step: bool
    has_attempt: bool
    words: tuple[str, ...]
    """Its fields that say why; the first of them that says anything is told."""


def announce(before: SagaState, events: Sequence[e.SagaEvent], saga: Saga | None = None) -> None:
    """Tell the listeners that *events* were written upon *before*. A request says of what kind its step is."""
    turned = _turning(before, events)
    saga_id, definition = _names(before, events)
    event: Any
    for event in events:
        phase, has_step, has_attempt, words = _TELLINGS.get(type(event)) or _telling(type(event))
        step, attempt = event.step if has_step else "", event.attempt if has_attempt else 0
        if phase == "requested" and saga is not None:
            detail = saga.by_name[step].kind.value
        else:
            detail = next((said for name in words if (said := getattr(event, name))), "") if words else ""
        hooks.emit(hooks.SagaMoved(saga_id, definition, phase, step, attempt, detail))
        if event is turned:
            because = f"{step} {_WHY[type(event)]}" if type(event) in _WHY else detail
            hooks.emit(hooks.SagaMoved(saga_id, definition, "compensating", "", 0, because))


def announce_parked(saga_id: str, error: GiveUp, state: SagaState | None) -> None:
    """Tell the listeners that a saga cannot be taken up, and why. Without *state*, its log stood in the way."""
    if not hooks.listening:
        return
    definition, version = ("", 0) if state is None else (state.definition, state.definition_version)
    remedy = next((said for kind, said in _REMEDIES.items() if isinstance(error, kind)), _LOOK)
    hooks.emit(hooks.SagaParked(saga_id, definition, version, str(error), remedy))


_REMEDIES: dict[type[GiveUp], str] = {
    UnknownSaga: "give the engine this version of the definition beside the later ones, until such sagas have ended",
    UnknownEventType: "import the modules that register the saga's events, where the engine is made",
    SagaDiverged: "give the engine the definition as it was when the saga began, and the changed one as a new version",
}
_LOOK = "mend what the reason names; eventlab saga show tells how the saga stands"


def _names(before: SagaState, events: Sequence[e.SagaEvent]) -> tuple[str, str]:
    if before.version:
        return before.saga_id, before.definition
    first = events[0]
    return getattr(first, "saga_id", ""), getattr(first, "definition", "")


def _turning(before: SagaState, events: Sequence[e.SagaEvent]) -> object:
    """The event that turns the saga back, if one does."""
    if not any(type(event) in _MAY_TURN for event in events):
        return None
    state = before
    for event in events:
        after = advance(state, event)
        if after.status is Status.COMPENSATING and state.status is not Status.COMPENSATING:
            return event
        state = after
    return None


_TELLINGS: dict[type[object], _Telling] = {}


def _telling(cls: type[object]) -> _Telling:
    """What is told of events of *cls*, one of ours or derived from one; kept for the next."""
    phase = next((_PHASES[base] for base in cls.__mro__ if base in _PHASES), None)
    if phase is None:
        raise TypeError(f"{cls.__qualname__} is no event of a saga")
    words = tuple(name for name in ("code", "reason", "why") if hasattr(cls, name))
    telling = _TELLINGS[cls] = _Telling(phase, hasattr(cls, "step"), hasattr(cls, "attempt"), words)
    return telling
