"""How a saga's state moves with each of its events, and by nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import reduce
from typing import Any

from msgspec.structs import replace

from eventlab.sagas import events as e
from eventlab.sagas.state import SagaState, Status, StepState, StepStatus
from eventlab.store.archive import StreamArchived


def fold(events: Iterable[object], state: SagaState | None = None) -> SagaState:
    """The state after *events*, from the beginning or from *state* on."""
    return reduce(advance, events, state or SagaState())


def advance(state: SagaState, event: object) -> SagaState:
    """The state after one more event."""
    after = _AFTER.get(type(event)) or _after_base_of(event)
    return after(state, event)


def _started(state: SagaState, event: e.SagaStarted) -> SagaState:
    return SagaState(
        event.saga_id,
        event.definition,
        event.definition_version,
        event.input,
        version=state.version + 1,
        deadline_at_s=event.deadline_at_s,
        outline=event.outline,
        locks=event.locks,
    )


def _requested(state: SagaState, event: e.StepRequested) -> SagaState:
    before = state.steps.get(event.step)
    if before is None:
        return _with(state, event.step, StepState(StepStatus.REQUESTED, event.attempt, event.at_s, round=state.round))
    doubt = before.in_doubt or before.may_have_happened
    again = replace(before, status=StepStatus.REQUESTED, attempts=event.attempt, may_have_happened=doubt)
    return _with(state, event.step, again)


def _succeeded(state: SagaState, event: e.StepSucceeded) -> SagaState:
    stands = replace(state.steps[event.step], status=StepStatus.SUCCEEDED, result=event.result)
    return _with(state, event.step, stands, takings_up=0)


def _failed(state: SagaState, event: e.StepFailed) -> SagaState:
    said = f"refused ({event.code}): {event.reason}" if event.reason else f"refused ({event.code})"
    failed = replace(state.steps[event.step], status=StepStatus.FAILED, reason=said, refused=True)
    return _turned_back(_with(state, event.step, failed, takings_up=0), event.step, said)


def _missed(status: StepStatus) -> Callable[[SagaState, Any], SagaState]:
    def after(state: SagaState, event: e.StepTimedOut | e.StepUnreached) -> SagaState:
        step, reason = event.step, event.reason
        stands = replace(state.steps[step], status=status, reason=reason, retry_at_s=event.retry_at_s)
        state = _with(state, step, stands, takings_up=0)
        return _turned_back(state, step, reason) if event.gave_up else state

    return after


def _skipped(state: SagaState, event: e.StepSkipped) -> SagaState:
    return _with(state, event.step, StepState(StepStatus.SKIPPED, 0, 0.0, reason=event.reason, round=state.round))


def _undo_requested(state: SagaState, event: e.CompensationRequested) -> SagaState:
    before = state.steps[event.step]
    undoing = replace(
        before,
        status=StepStatus.UNDOING,
        undo_attempts=event.attempt,
        undo_in_flight=True,
        since_s=event.at_s if before.undo_attempts == 0 else before.since_s,
        retry_at_s=0.0,
    )
    return _with(state, event.step, undoing)


def _compensated(state: SagaState, event: e.StepCompensated) -> SagaState:
    done = replace(state.steps[event.step], status=StepStatus.COMPENSATED, undo_in_flight=False)
    return _with(state, event.step, done, takings_up=0)


def _undo_failed(state: SagaState, event: e.CompensationFailed) -> SagaState:
    before = state.steps[event.step]
    stands = replace(before, undo_in_flight=False, reason=event.reason, retry_at_s=event.retry_at_s)
    return _with(state, event.step, stands, takings_up=0)


def _sent_back(state: SagaState, event: e.SagaTurnedBack) -> SagaState:
    said = {"deadline": "", "cancelled": "cancelled: ", "operator": "turned back: ", "parent": "undone: "}
    return replace(
        _again(state, Status.COMPENSATING),
        failed_step=state.failed_step,
        reason=said[event.cause] + event.why,
        version=state.version + 1,
        for_good=True,
    )


def _rolled_back(state: SagaState, event: e.SagaRolledBack) -> SagaState:
    return replace(
        state,
        status=Status.RUNNING,
        steps={name: step for name, step in state.steps.items() if name not in event.steps},
        failed_step=None,
        reason="",
        rolled_back={**state.rolled_back, event.savepoint: state.rolled_back.get(event.savepoint, 0) + 1},
        round=state.round + 1,
        go_on_at_s=event.go_on_at_s,
        version=state.version + 1,
    )


def _taken_up(state: SagaState, event: e.SagaTakenUp) -> SagaState:
    return replace(state, takings_up=state.takings_up + 1, version=state.version + 1)


def _stuck(state: SagaState, event: e.SagaStuck) -> SagaState:
    reason = f"{event.step}: {event.reason}" if event.step else event.reason
    is_again = state.status is Status.STUCK
    return replace(
        state,
        status=Status.STUCK,
        reason=reason,
        version=state.version + 1,
        stuck_step=event.step or None,
        stuck_from=state.stuck_from if is_again else state.status,
        stuck_reason_before=state.stuck_reason_before if is_again else state.reason,
        endings=state.endings + 1,
    )


def _ended(status: Status) -> Callable[[SagaState, Any], SagaState]:
    return lambda state, event: replace(state, status=status, version=state.version + 1, endings=state.endings + 1)


def _cancelled(state: SagaState, event: e.SagaCancelled) -> SagaState:
    return SagaState(
        event.saga_id, status=Status.CANCELLED, reason=f"cancelled: {event.why}", version=state.version + 1
    )


def _retried(state: SagaState, event: e.SagaRetried) -> SagaState:
    return replace(_again(state, state.stuck_from, event.at_s), version=state.version + 1)


def _skipped_by_hand(state: SagaState, event: e.StepSkippedByHand) -> SagaState:
    status = StepStatus.LEFT if state.stuck_from is Status.COMPENSATING else StepStatus.SKIPPED
    return _decided(state, event.step, status, event.at_s, reason=f"skipped: {event.why}")


def _resolved(state: SagaState, event: e.StepResolved) -> SagaState:
    if event.outcome == "failed":
        said = f"resolved as failed: {event.why}"
        state = _decided(state, event.step, StepStatus.FAILED, event.at_s, reason=said, may_have_happened=False)
        return _turned_back(state, event.step, said)
    status = StepStatus.SUCCEEDED if event.outcome == "succeeded" else StepStatus.COMPENSATED
    return _decided(state, event.step, status, event.at_s, result=event.result)


def _decided(state: SagaState, step: str, status: StepStatus, at_s: float, **changes: Any) -> SagaState:
    """*step* stands as somebody decided, and the saga goes on as it did before it got stuck."""
    before = state.steps.get(step) or StepState(StepStatus.REQUESTED, 0, at_s, round=state.round)
    changes.setdefault("result", before.result)
    state = _again(state, state.stuck_from, at_s)
    return _with(state, step, replace(before, status=status, undo_in_flight=False, **changes))


def _again(state: SagaState, status: Status, at_s: float = 0.0) -> SagaState:
    """The saga goes on, with new patience for every step that is still open."""
    steps = {
        name: step if step.passed else replace(step, since_s=max(step.since_s, at_s), retry_at_s=0.0)
        for name, step in state.steps.items()
    }
    reason = state.stuck_reason_before if state.status is Status.STUCK else state.reason
    return replace(state, status=status, steps=steps, reason=reason, stuck_step=None, takings_up=0)


def _with(state: SagaState, step: str, stands: StepState, **changes: Any) -> SagaState:
    return replace(state, steps={**state.steps, step: stands}, version=state.version + 1, **changes)


def _turned_back(state: SagaState, step: str, reason: str) -> SagaState:
    """The first failure turns the saga back; another one of the same group changes nothing about it."""
    if state.status is Status.STUCK and state.stuck_from is Status.RUNNING:
        return replace(state, failed_step=step, stuck_from=Status.COMPENSATING, stuck_reason_before=reason)
    if state.status is not Status.RUNNING:
        return state
    return replace(state, status=Status.COMPENSATING, failed_step=step, reason=reason)


_AFTER: dict[type[object], Callable[[SagaState, Any], SagaState]] = {
    e.SagaStarted: _started,
    e.StepRequested: _requested,
    e.StepSucceeded: _succeeded,
    e.StepFailed: _failed,
    e.StepTimedOut: _missed(StepStatus.TIMED_OUT),
    e.StepUnreached: _missed(StepStatus.UNREACHED),
    e.StepSkipped: _skipped,
    e.CompensationRequested: _undo_requested,
    e.StepCompensated: _compensated,
    e.CompensationFailed: _undo_failed,
    e.SagaTurnedBack: _sent_back,
    e.SagaRolledBack: _rolled_back,
    e.SagaTakenUp: _taken_up,
    e.SagaStuck: _stuck,
    e.SagaCompleted: _ended(Status.COMPLETED),
    e.CompensationCompleted: _ended(Status.COMPENSATED),
    e.SagaCancelled: _cancelled,
    e.SagaRetried: _retried,
    e.StepSkippedByHand: _skipped_by_hand,
    e.StepResolved: _resolved,
    e.SagaAbandoned: _ended(Status.ABANDONED),
    StreamArchived: lambda state, event: replace(state, version=state.version + 1),
}


def _after_base_of(event: object) -> Callable[[SagaState, Any], SagaState]:
    """How the state moves by an event of a class of one's own, which is derived from one of ours."""
    for base in type(event).__mro__:
        if base in _AFTER:
            _AFTER[type(event)] = _AFTER[base]
            return _AFTER[base]
    raise TypeError(f"{event!r} is no event of a saga")
