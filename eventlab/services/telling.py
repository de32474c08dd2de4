"""Telling those who trace where a service begins to work on a call, and what it replied."""

from __future__ import annotations

from .. import hooks
from .message import Call, Reply


def tell_beginning(service: str, call: Call) -> None:
    brought = call.metadata
    began = hooks.HandlingBegan(
        call.id, call.source, service, call.operation, call.key, brought.traceparent, brought.tracestate
    )
    hooks.emit_traced(began)


def tell_end(service: str, call: Call, reply: Reply) -> None:
    reason = reply.reason or reply.message
    hooks.emit_traced(hooks.HandlingEnded(call.id, call.source, service, call.operation, reply.outcome, reason))
