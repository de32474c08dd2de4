"""Sagas and their steps as spans, whoever drives them to their end.

A saga outlives the process that began it, so its span cannot wait in memory. It has an id that follows from its trace
and its name, and is told once, by whoever writes the saga's last event, from when its log says that it began. Its steps
likewise. What the saga called meanwhile is below them, in whichever life it was called.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from .. import hooks, runtime
from .context import RANDOM, SAMPLED, SpanContext, parsed
from .official import Event, Spans, fail, now_ns
from .work import Work, here, leave_to, parent_here, service_here, standing

_FAILED = {"failed": "refused", "timed_out": "in doubt", "unreached": "not reached"}


class Told:
    """A span that is told when it has ended."""

    def __init__(self, context: SpanContext, parent: SpanContext | None, began_ns: int) -> None:
        self.context, self.parent, self.began_ns = context, parent, began_ns
        self.came_back_ns: int | None = None
        self.events: list[Event] = []
        self.attributes: dict[str, Any] = {}

    def note(self, name: str, facts: dict[str, Any]) -> None:
        self.events.append((name, now_ns(), facts))


class Driving:
    """A saga in the hands of one driver, with the steps that have begun and not ended."""

    def __init__(self, what: hooks.SagaDriven, told: Told, service: str) -> None:
        self.definition, self.told, self.service = what.definition, told, service
        self.is_simulated = runtime.in_simulation()
        told.attributes = {"saga.id": what.saga, "saga.definition": what.definition}
        self.broken = what.broken or None
        self.steps: dict[tuple[str, bool], Told] = {}
        self.turned_by = ""
        for step, undo, since_s in what.under_way:
            self.step(step, undo, since_s)

    def step(self, name: str, undo: bool, since_s: float) -> Told:
        told = self.steps.get((name, undo))
        if told is None:
            own = self.told.context
            context = SpanContext(
                own.trace_id, _derived(own.span_id, name, undo, _ns(since_s)), own.flags, own.tracestate
            )
            told = self.steps[name, undo] = Told(context, own, _ns(since_s))
            told.attributes = {**self.told.attributes, "saga.step": name, "saga.undo": undo}
        return told


class SagaSpans:
    """Follows the drivers of sagas. Of two drivers only one can write, so only one tells."""

    def __init__(self, spans: Spans) -> None:
        self._spans = spans
        self._driven: dict[str, Driving] = {}
        self.hears: dict[type[hooks.Happening], Callable[[Any], None]] = {
            hooks.SagaDriven: self._saga_driven,
            hooks.SagaMoved: self._saga_moved,
            hooks.SagaLeft: self._saga_left,
            hooks.StepBegan: self._step_began,
            hooks.StepEnded: self._step_ended,
        }

    def close(self) -> None:
        """Tell the sagas of worlds that have not ended: nobody will. Those of a process are told by its next life."""
        for driving in list(self._driven.values()):
            if driving.is_simulated:
                self._finish(driving, {"unfinished": True}, None)

    def _saga_driven(self, what: hooks.SagaDriven) -> None:
        told = self._told(what)
        driving = Driving(what, told, service_here(self._spans.service))
        if what.origin:
            told.note("taken up", {"by": driving.service})
            self._take_over(driving)
        work = SagaWork(("saga", what.saga), driving)
        work.enter()

    def _told(self, what: hooks.SagaDriven) -> Told:
        """Where the saga stands in which trace: below what its first event was written in, or as a root."""
        cause = parsed(what.traceparent, what.tracestate) if what.origin else parent_here()
        began_ns = now_ns() if what.began_s is None else _ns(what.began_s)
        if cause is None:
            seed = hashlib.sha256(what.origin.encode()).hexdigest()[:32] if what.origin else None
            trace_id, flags = self._spans.new_root(what.definition, seed)
            own = SpanContext(trace_id, _derived(trace_id, *_name(what)), flags)
            return Told(own, None, began_ns)
        span_id = _derived(cause.trace_id, *_name(what))
        if span_id == cause.span_id:
            return Told(cause, None, began_ns)
        flags = cause.flags & (SAMPLED | RANDOM)
        return Told(SpanContext(cause.trace_id, span_id, flags, cause.tracestate), cause, began_ns)

    def _take_over(self, driving: Driving) -> None:
        """What this tracer has heard of the saga under its last driver goes on; what ended unheard is told now."""
        before = self._driven.get(driving.told.context.span_id)
        self._driven[driving.told.context.span_id] = driving
        if before is None or before is driving:
            return
        driving.told.events[:0] = before.told.events
        driving.told.began_ns = min(driving.told.began_ns, before.told.began_ns)
        for key, step in before.steps.items():
            if key in driving.steps:
                driving.steps[key].events[:0] = step.events
            else:
                self._tell_step(driving, key, step, {"unfinished": True}, None)

    def _saga_moved(self, what: hooks.SagaMoved) -> None:
        driving = self._driving(what.saga)
        if driving is None:
            return
        if what.phase == "started":
            self._driven[driving.told.context.span_id] = driving
        forward, backward = driving.steps.get((what.step, False)), driving.steps.get((what.step, True))
        match what.phase:
            case "succeeded":
                self._end_step(driving, what.step, False, "ok", None)
            case "compensated":
                self._end_step(driving, what.step, True, "ok", None)
            case "failed" | "timed_out" | "unreached":
                outcome, driving.turned_by = _FAILED[what.phase], what.phase
                if forward is not None:
                    forward.note("attempt", {"number": what.attempt, "outcome": outcome, "reason": what.detail})
                    forward.attributes.update({"saga.step.outcome": outcome, "saga.step.reason": what.detail})
            case "compensation_failed":
                if backward is not None:
                    facts = {"number": what.attempt, "outcome": "failed", "reason": what.detail}
                    backward.note("attempt", facts)
            case "rolled_back":
                driving.turned_by = ""
            case "compensating":
                self._turn(driving, what.detail)
            case "stuck":
                undo = backward is not None
                self._end_step(driving, what.step, undo, "stuck", what.detail)
                self._finish(driving, {"saga.status": "stuck"}, f"stuck at {what.step}: {what.detail}")
            case "completed":
                self._finish(driving, {"saga.status": "completed"}, None)
            case "compensation_completed":
                self._finish(driving, {"saga.status": "compensated"}, driving.broken)

    def _turn(self, driving: Driving, because: str) -> None:
        """The saga turns back. A rule's refusal is an answer; everything else is an error."""
        driving.told.note("turned back", {"reason": because})
        refused = driving.turned_by == "failed"
        driving.broken = None if refused else because
        for name, undo in list(driving.steps):
            if not undo:
                step = driving.steps.pop((name, undo))
                reason = step.attributes.get("saga.step.reason", because)
                self._tell_step(driving, (name, undo), step, {}, None if refused else reason)

    def _end_step(self, driving: Driving, name: str, undo: bool, outcome: str, error: str | None) -> None:
        step = driving.steps.pop((name, undo), None)
        if step is not None:
            self._tell_step(driving, (name, undo), step, {"saga.step.outcome": outcome}, error)

    def _finish(self, driving: Driving, attributes: dict[str, Any], error: str | None) -> None:
        """The saga has ended: tell it, and the steps that ended with it."""
        self._driven.pop(driving.told.context.span_id, None)
        for key in list(driving.steps):
            self._tell_step(driving, key, driving.steps.pop(key), {"unfinished": True}, None)
        self._tell(driving, f"saga {driving.definition}", driving.told, attributes, error, now_ns())

    def _tell_step(
        self, driving: Driving, key: tuple[str, bool], step: Told, attributes: dict[str, Any], error: str | None
    ) -> None:
        name = f"{driving.definition}/{key[0]}" + (" undone" if key[1] else "")
        self._tell(driving, name, step, attributes, error, step.came_back_ns or now_ns())

    def _tell(
        self, driving: Driving, name: str, told: Told, attributes: dict[str, Any], error: str | None, ended_ns: int
    ) -> None:
        attributes = {"service.name": driving.service, **told.attributes, **attributes}
        if error is not None:
            attributes["error.message"] = error
        span = self._spans.begin(
            driving.service, name, "internal", told.parent, attributes, began_ns=told.began_ns, told=told.context
        )
        for event in told.events:
            span.add_event(event[0], event[2], event[1])
        if error is not None:
            fail(span, error)
        span.end(ended_ns)

    def _saga_left(self, what: hooks.SagaLeft) -> None:
        work = here(("saga", what.saga))
        if work is None:
            return
        leave_to(work)
        driving = self._driving_of(work)
        if driving is not None and not driving.is_simulated:  # somebody else tells it, and perhaps elsewhere
            self._driven.pop(driving.told.context.span_id, None)

    def _step_began(self, what: hooks.StepBegan) -> None:
        driving = self._driving(what.saga)
        if driving is None:
            return
        step = driving.step(what.step, what.undo, what.since_s)
        step.came_back_ns = None
        step.attributes["saga.step.attempts"] = what.attempt
        if what.attempt > 1:
            step.note("tried again", {"number": what.attempt})
        standing(("step", what.saga, what.step, what.undo), driving.service, step.context).enter()

    def _step_ended(self, what: hooks.StepEnded) -> None:
        driving, work = self._driving(what.saga), here(("step", what.saga, what.step, what.undo))
        if driving is not None and (step := driving.steps.get((what.step, what.undo))) is not None:
            step.came_back_ns = now_ns()
        if work is not None:
            leave_to(work)

    def _driving(self, saga: str) -> Driving | None:
        return self._driving_of(here(("saga", saga)))

    @staticmethod
    def _driving_of(work: Work | None) -> Driving | None:
        return work.driving if isinstance(work, SagaWork) else None


class SagaWork(Work):
    """The part of a saga that one driver does."""

    def __init__(self, key: tuple[Any, ...], driving: Driving) -> None:
        like = standing(key, driving.service, driving.told.context)
        super().__init__(key, driving.service, driving.told.context, like.span)
        self.driving = driving


def _name(what: hooks.SagaDriven) -> tuple[object, ...]:
    """What a saga's span is known by: one that was helped, after it had got stuck and was told so, has another one."""
    return (what.definition, what.saga, what.endings) if what.endings else (what.definition, what.saga)


def _derived(*parts: object) -> str:
    """A span id that follows from *parts*, and is not zero."""
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()
    return next(digest[at : at + 16] for at in range(0, 64, 16) if int(digest[at : at + 16], 16))


def _ns(at_s: float) -> int:
    """Nanoseconds of a time that a log keeps as seconds: it is exact to the microsecond."""
    return round(at_s * 1e6) * 1000
