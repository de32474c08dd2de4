"""The listener that makes spans of what happens: of commands, calls, the work on them, operations and sagas."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from .. import hooks
from .carriage import Carriage
from .context import parsed
from .official import Spans, now_ns
from .saga_spans import SagaSpans
from .work import Open, Work, here

REFUSALS = ("refused",)
"""Endings that are no error: a business rule said no, and that is an answer."""

FINE = ("ok", "written", "unchanged", "repeated", "cancelled", *REFUSALS)


NOTED: dict[type[hooks.Happening], str] = {
    hooks.BreakerChanged: "breaker",
    hooks.CallRejected: "rejected",
    hooks.HedgeSent: "hedged",
    hooks.FallbackUsed: "fallback",
    hooks.RetryScheduled: "retry",
    hooks.RetryGivenUp: "given up",
    hooks.TurnCame: "waited",
}
"""What policies decide on the way, as events of the work in which they do."""


class Tracer:
    """Call it with everything that happens, and it begins and ends *spans*."""

    def __init__(self, spans: Spans) -> None:
        self._open, self._sagas, self._carriage = Open(spans), SagaSpans(spans), Carriage()
        self._hear: dict[type[hooks.Happening], Callable[[Any], None]] = {
            hooks.CommandBegan: self._command_began,
            hooks.CommandAttempted: self._command_attempted,
            hooks.StreamsDiscovered: self._streams_discovered,
            hooks.CommandEnded: self._command_ended,
            hooks.CallStarted: self._call_started,
            hooks.CallEnded: self._call_ended,
            hooks.HandlingBegan: self._handling_began,
            hooks.HandlingEnded: self._handling_ended,
            hooks.OperationInvoked: self._operation_invoked,
            hooks.OperationEnded: self._operation_ended,
            **{kind: partial(self._noted, name) for kind, name in NOTED.items()},
            hooks.NodeChanged: self._node_changed,
            **self._carriage.hears,
            **self._sagas.hears,
        }

    def __call__(self, happening: hooks.Happening) -> None:
        hear = self._hear.get(type(happening))
        if hear is not None:
            hear(happening)

    def close(self) -> None:
        """Tell what is still under way."""
        self._open.close()
        self._sagas.close()

    def _command_began(self, what: hooks.CommandBegan) -> None:
        attributes = {"command.type": what.command, "store.name": what.store}
        self._open.begin(("command", what.command), what.command, "internal", attributes)

    def _command_attempted(self, what: hooks.CommandAttempted) -> None:
        work = here(("command", what.command))
        if work is None:
            return
        for stream, expected, actual in what.conflicts:
            _note(work, "conflict", {"stream": stream, "expected": str(expected), "actual": actual})
        pause = {} if what.backoff_s is None else {"backoff_s": what.backoff_s}
        facts = {"number": what.attempt, "outcome": what.outcome, "duration_s": what.duration_s, **pause}
        _note(work, "attempt", facts)

    def _streams_discovered(self, what: hooks.StreamsDiscovered) -> None:
        work = here(("command", what.command))
        if work is not None:
            _note(work, "discovery", {"round": what.round, "streams": list(what.streams)})

    def _command_ended(self, what: hooks.CommandEnded) -> None:
        attributes = {
            "command.success": what.outcome in ("written", "unchanged", "repeated"),
            "command.outcome": what.outcome,
            "command.attempts": what.attempts,
            "events.written": what.events,
        }
        self._end(("command", what.command), attributes, what.outcome, what.reason)

    def _call_started(self, what: hooks.CallStarted) -> None:
        attributes = {
            "call.target": what.target,
            "call.operation": what.operation,
            "call.key": what.key,
            "call.attempt": what.attempt,
        }
        name = f"{what.target}/{what.operation}"
        self._open.begin(_call_key(what), name, "client", attributes, service=what.source)

    def _call_ended(self, what: hooks.CallEnded) -> None:
        self._end(_call_key(what), {"call.outcome": what.outcome}, what.outcome, what.reason)

    def _handling_began(self, what: hooks.HandlingBegan) -> None:
        brought = parsed(what.traceparent, what.tracestate)
        attributes = {
            "call.source": what.source,
            "call.operation": what.operation,
            "call.key": what.key,
            **self._carriage.waited(brought),
        }
        name = f"{what.service}/{what.operation}"
        self._open.begin(_handling_key(what), name, "server", attributes, service=what.service, parent=brought)

    def _handling_ended(self, what: hooks.HandlingEnded) -> None:
        self._end(_handling_key(what), {"call.outcome": what.outcome}, what.outcome, what.reason)

    def _operation_invoked(self, what: hooks.OperationInvoked) -> None:
        attributes = {"operation.process": what.process, "operation.subject": what.subject}
        self._open.begin(("operation", what.id), what.operation, "internal", attributes)

    def _operation_ended(self, what: hooks.OperationEnded) -> None:
        # "Failed" says that nothing happened, which a rule's refusal says as well: the spans below tell which it was.
        error = f"nobody knows: {what.value}" if what.outcome == "unknown" else None
        self._open.end(("operation", what.id), {"operation.outcome": what.outcome}, error)

    def _noted(self, name: str, what: Any) -> None:
        work = here()
        if work is not None:
            facts = {field: getattr(what, field) for field in what.__struct_fields__}
            _note(work, name, {field: value for field, value in facts.items() if value is not None})

    def _node_changed(self, what: hooks.NodeChanged) -> None:
        if what.state == "crashed":
            self._open.fell_silent(what.name)

    def _end(self, key: tuple[Any, ...], attributes: dict[str, Any], outcome: str, reason: str) -> None:
        if outcome in REFUSALS:
            attributes["refusal"] = reason
        self._open.end(key, attributes, None if outcome in FINE else reason or outcome)


def _note(work: Work, name: str, facts: dict[str, Any]) -> None:
    work.span.add_event(name, facts, now_ns())


def _call_key(what: hooks.CallStarted | hooks.CallEnded) -> tuple[Any, ...]:
    return "call", what.source, what.target, what.id


def _handling_key(what: hooks.HandlingBegan | hooks.HandlingEnded) -> tuple[Any, ...]:
    return "handling", what.service, what.source, what.id
