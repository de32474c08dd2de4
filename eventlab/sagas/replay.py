"""Does the code still do what the log says was done? A recorded saga, replayed against its definition."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec

from eventlab.sagas import events as e
from eventlab.sagas import plan
from eventlab.sagas.definition import Saga
from eventlab.sagas.folding import advance
from eventlab.sagas.state import SagaState
from eventlab.sagas.step import StepContext, key_of
from eventlab.store import StoredEvent


class Divergence(NamedTuple):
    """The first place where the log and the definition part."""

    version: int
    """Of the saga's stream: the event that does not fit."""
    recorded: str
    expected: str

    def __str__(self) -> str:
        return f"at version {self.version} the log has {self.recorded}, where the definition has {self.expected}"


def first_divergence(saga: Saga, events: Iterable[object]) -> Divergence | None:
    """Where a saga with this log would have gone another way under *saga*; None when it fits.

    *events* may be what a store gave for ``saga-<id>``, or the events in it. Steps that were renamed, moved, removed or
    put in between are found, and so is a condition that decides otherwise. What an action does is not. Raises
    TypeError for what is no event of a saga.
    """
    state = SagaState()
    for each in events:
        event = each.event if isinstance(each, StoredEvent) else each
        found = _misfit(saga, state, event)
        if found is not None:
            return Divergence(state.version + 1, *found)
        state = advance(state, event)
    return None


def _misfit(saga: Saga, state: SagaState, event: object) -> tuple[str, str] | None:
    match event:
        case e.StepRequested(step):
            return _unless(saga, state, f"step {step!r}", _wanted(saga, state, step))
        case e.StepSkipped(step):
            return _unless(saga, state, f"step {step!r} skipped", _unwanted(saga, state, step))
        case e.CompensationRequested(step):
            return _unless(saga, state, f"the undoing of {step!r}", _tries(saga, state, step, undo=True))
        case e.SagaCompleted() | e.CompensationCompleted():
            moves = plan.next_moves(saga, state)
            told = "the end" if isinstance(event, e.SagaCompleted) else "the end of all undoing"
            return _unless(saga, state, told, any(isinstance(move, plan.Log) for move in moves))
        case e.SagaRolledBack(savepoint):
            back = any(isinstance(move, plan.RollBack) for move in plan.next_moves(saga, state))
            return _unless(saga, state, f"a return to save-point {savepoint!r}", back)
    return None


def _tries(saga: Saga, state: SagaState, step: str, *, undo: bool) -> bool:
    moves = plan.next_moves(saga, state)
    return any(isinstance(move, plan.Try) and (move.step.name, move.undo) == (step, undo) for move in moves)


def _wanted(saga: Saga, state: SagaState, step: str) -> bool:
    return _tries(saga, state, step, undo=False) and (step in state.steps or _holds(saga, state, step))


def _unwanted(saga: Saga, state: SagaState, step: str) -> bool:
    return _tries(saga, state, step, undo=False) and not _holds(saga, state, step)


def _holds(saga: Saga, state: SagaState, step: str) -> bool:
    when = saga.by_name[step].when
    return when is None or when(context(saga, state, step))


def context(saga: Saga, state: SagaState, step: str, input: Any = None) -> StepContext:
    """What *step* knows when it is tried next. *input* is the state's, converted, where the caller has it at hand."""
    typed = msgspec.convert(state.input, saga.input_type) if input is None else input
    stands = state.steps.get(step)
    round = state.round if stands is None else stands.round
    return StepContext(state.saga_id, typed, state.results, key_of(state.saga_id, step, "forward", round), round)


def _unless(saga: Saga, state: SagaState, recorded: str, fits: bool) -> tuple[str, str] | None:
    return None if fits else (recorded, _named(saga, state, plan.next_moves(saga, state)))


def _named(saga: Saga, state: SagaState, moves: Sequence[plan.Move]) -> str:
    names = []
    for move in moves:
        match move:
            case plan.Try(step, undo=True):
                names.append(f"the undoing of {step.name!r}")
            case plan.Try(step):
                skipped = step.name not in state.steps and not _holds(saga, state, step.name)
                names.append(f"step {step.name!r}" + (" skipped" if skipped else ""))
            case plan.RollBack(point):
                names.append(f"a return to save-point {point.name!r}")
            case plan.Log():
                names.append("the end" if isinstance(move.event, e.SagaCompleted) else "the end of all undoing")
    return " or ".join(names) or "nothing"
