"""Telling those who trace who drives a saga, from when on, and what its log says of the trace that it belongs to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from eventlab import hooks
from eventlab.metadata import Metadata
from eventlab.metadata import current as carried
from eventlab.sagas.state import SagaState, Status, StepStatus
from eventlab.store import StoredEvent


@contextmanager
def driving(
    saga_id: str, definition: str, state: SagaState | None = None, first: StoredEvent | None = None
) -> Iterator[Metadata | None]:
    """Tell those who trace that the saga is driven here until the block ends; *state* and *first* are from its log.

    Gives what is to be stored with the first event of a saga that is new: what is carried here. Where that is in no
    trace, it is in the one that a listener began for the saga, so that whoever takes it up later goes on in that.
    """
    if not hooks.tracing:
        yield None
        return
    cause = carried()
    hooks.emit_traced(_driven(saga_id, definition, state or SagaState(), first))
    try:
        yield cause if cause.traceparent is not None else carried()
    except GeneratorExit:  # the world was thrown away, and another one may be listened to by now
        raise
    except BaseException:
        hooks.emit_traced(hooks.SagaLeft(saga_id, definition))
        raise
    hooks.emit_traced(hooks.SagaLeft(saga_id, definition))


def _driven(saga_id: str, definition: str, state: SagaState, first: StoredEvent | None) -> hooks.SagaDriven:
    if first is None:
        return hooks.SagaDriven(saga_id, definition)
    began_s = min([first.occurred_at.timestamp(), *(step.since_s for step in state.steps.values())])
    stored = first.metadata
    return hooks.SagaDriven(
        saga_id,
        definition,
        first.id.hex,
        began_s,
        stored.traceparent,
        stored.tracestate,
        _under_way(state),
        _broken(state),
        state.endings,
    )


def _broken(state: SagaState) -> str:
    """Why the saga turned back, unless a rule refused a step: that is an answer, and no error."""
    if state.status is not Status.COMPENSATING:
        return ""
    if state.failed_step is None:
        return state.reason or "turned back"
    return "" if state.steps[state.failed_step].refused else f"{state.failed_step}: {state.reason}"


_OPEN: Sequence[StepStatus] = (StepStatus.REQUESTED, StepStatus.TIMED_OUT, StepStatus.UNREACHED)


def _under_way(state: SagaState) -> tuple[tuple[str, bool, float], ...]:
    """The steps whose last outcome is not known yet, and whether they are being undone."""
    found = []
    for name, step in state.steps.items():
        if step.status is StepStatus.UNDOING or (step.status in _OPEN and state.status is Status.RUNNING):
            found.append((name, step.status is StepStatus.UNDOING, step.since_s))
    return tuple(found)


def tell_step(saga: str, step: str, attempt: int, *, undo: bool, since_s: float | None = None) -> None:
    """An attempt of a step begins, first asked for at *since_s*; without that, it came back."""
    if since_s is None:
        hooks.emit_traced(hooks.StepEnded(saga, step, attempt, undo))
    else:
        hooks.emit_traced(hooks.StepBegan(saga, step, attempt, undo, since_s))
