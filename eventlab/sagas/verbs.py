"""What people may do about a saga: each verb, decided purely, as the events that it adds, with who and why."""

from __future__ import annotations

from typing import Any, Literal

from eventlab import runtime
from eventlab.errors import SagaVerbRefused
from eventlab.sagas import events as e
from eventlab.sagas.state import SagaState, Status
from eventlab.sagas.step import Kind

Outcome = Literal["succeeded", "failed", "compensated"]

VERBS = (e.SagaTurnedBack, e.SagaRetried, e.StepSkippedByHand, e.StepResolved, e.SagaAbandoned, e.SagaCancelled)
"""The events that others than the saga's driver may add while it is driven: it then goes on from there."""


def retry(state: SagaState, by: str, why: str) -> list[e.SagaEvent]:
    """Let a stuck saga try again, with new patience."""
    _check_stuck(state, "retry")
    return [e.SagaRetried(why, by, _now_s())]


def skip(state: SagaState, step: str | None, by: str, why: str) -> list[e.SagaEvent]:
    """Go on without the step that is stuck; if it was being undone, leave it as it is."""
    name = _stuck_step(state, "skip", step)
    if state.stuck_from is Status.RUNNING and _kind(state, name) == Kind.PIVOT.value:
        raise _refused(state, "skip", f"step {name!r} is the pivot: resolve it as succeeded or failed")
    return [e.StepSkippedByHand(name, why, by, _now_s())]


def resolve(
    state: SagaState, step: str | None, outcome: Outcome, by: str, why: str, result: Any = None
) -> list[e.SagaEvent]:
    """Say how the step that is stuck stands in truth: somebody has looked, or has brought it about."""
    name = _stuck_step(state, "resolve", step)
    undoing = state.stuck_from is Status.COMPENSATING
    possible = ("compensated",) if undoing else ("succeeded", "failed")
    if outcome not in possible:
        doing = "undone" if undoing else "carried out"
        raise _refused(state, "resolve", f"step {name!r} is being {doing}; it can be {' or '.join(possible)}")
    if outcome == "failed" and _kind(state, name) == Kind.RETRIABLE.value:
        raise _refused(state, "resolve", f"step {name!r} comes after the pivot: nothing turns back; skip it, or retry")
    return [e.StepResolved(name, outcome, why, by, _now_s(), result)]


def compensate(state: SagaState, by: str, why: str) -> list[e.SagaEvent]:
    """Turn a saga back that is under way or stuck, if it has not passed its point of no return."""
    return _turn_back(state, "compensate", "operator", by, why)


def cancel(state: SagaState, saga_id: str, by: str, why: str) -> list[e.SagaEvent]:
    """See to it that the saga has no effect in the end: before it starts, or while it can be undone."""
    if not state.version:
        return [e.SagaCancelled(saga_id, why, by)]
    return _turn_back(state, "cancel", "cancelled", by, why)


def undo(state: SagaState, saga_id: str, by: str, why: str) -> list[e.SagaEvent]:
    """Undo the saga for its parent: as `cancel` does, and also when it has completed. If that is stuck, it stays so."""
    if state.status is Status.STUCK and state.stuck_from is Status.COMPENSATING:
        return []
    if state.status is Status.COMPLETED and not state.is_committed:
        return [e.SagaTurnedBack("parent", why, by)]
    if not state.version:
        return [e.SagaCancelled(saga_id, why, by)]
    return _turn_back(state, "undo", "parent", by, why)


def abandon(state: SagaState, by: str, why: str) -> list[e.SagaEvent]:
    """Give a stuck saga up as it is: nothing is tried any more."""
    _check_stuck(state, "abandon")
    return [e.SagaAbandoned(why, by)]


def possible(state: SagaState) -> tuple[str, ...]:
    """The verbs that would not be refused now."""
    if state.status is Status.STUCK:
        verbs = ["retry"]
        if (step := state.stuck_step) is not None:
            if state.stuck_from is Status.COMPENSATING or _kind(state, step) != Kind.PIVOT.value:
                verbs.append("skip")
            verbs.append("resolve")
        if state.stuck_from is Status.RUNNING and not state.is_committed:
            verbs += ["compensate", "cancel"]
        return (*verbs, "abandon")
    if state.status is Status.RUNNING and not state.is_committed:
        return ("compensate", "cancel")
    return ()


def _turn_back(
    state: SagaState, verb: str, cause: Literal["cancelled", "operator", "parent"], by: str, why: str
) -> list[e.SagaEvent]:
    if state.status in (Status.COMPENSATED, Status.CANCELLED):
        return []
    if state.status.ended:
        raise _refused(state, verb, f"it is {state.status.value}")
    going = state.stuck_from if state.status is Status.STUCK else state.status
    if going is Status.COMPENSATING:
        if state.status is Status.STUCK:
            raise _refused(state, verb, "it is being undone already, and stuck in that: retry, skip or resolve")
        return [] if state.for_good else [e.SagaTurnedBack(cause, why, by)]
    if state.is_committed:
        raise _refused(state, verb, "it has, or may have, passed its point of no return")
    return [e.SagaTurnedBack(cause, why, by)]


def _kind(state: SagaState, step: str) -> str:
    return next((each.kind for each in state.outline if each.name == step), Kind.COMPENSATABLE.value)


def _check_stuck(state: SagaState, verb: str) -> None:
    if state.status is not Status.STUCK:
        stands = state.status.value if state.version else "not known"
        raise _refused(state, verb, f"it is {stands}; only a stuck saga can be helped so")


def _stuck_step(state: SagaState, verb: str, step: str | None) -> str:
    _check_stuck(state, verb)
    stuck = state.stuck_step
    if stuck is None:
        raise _refused(state, verb, f"no single step is to blame: {state.reason}; retry it, or compensate")
    if step is not None and step != stuck:
        raise _refused(state, verb, f"the step that is stuck is {stuck!r}, not {step!r}")
    return stuck


def _refused(state: SagaState, verb: str, reason: str) -> SagaVerbRefused:
    return SagaVerbRefused(state.saga_id, verb, reason)


def _now_s() -> float:
    return runtime.now().timestamp()
