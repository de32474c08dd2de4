"""A command as part of somebody's trace, where that somebody is not here to carry it: a message, a header, a job."""

from __future__ import annotations

from typing import Any, TypeVar

from ..metadata import Metadata, carrying
from ..store import EventStore
from ..telemetry import context_of
from .command import Command
from .execution import DEFAULT_RETRY, ConflictRetry, Executed, execute

S = TypeVar("S")


async def execute_with_tracing(
    store: EventStore,
    command: Command[S],
    parent_context: Any,
    *,
    retry: ConflictRetry = DEFAULT_RETRY,
    command_id: str | None = None,
    metadata: Metadata | None = None,
) -> Executed:
    """Like `execute`, below *parent_context*: headers of W3C Trace Context, a traceparent, a `SpanContext`.

    Or a context or a span of OpenTelemetry. With `tracing` on, the command's span is a child of that, and is stored
    with its events; without, they keep the parent as it came. None, or headers without a trace or with a broken
    one, change nothing. Raises InvalidValue for a text that is no traceparent.
    """
    parent = context_of(parent_context)
    if parent is None:
        return await execute(store, command, retry=retry, command_id=command_id, metadata=metadata)
    with carrying(traceparent=parent.traceparent, tracestate=parent.tracestate):
        return await execute(store, command, retry=retry, command_id=command_id, metadata=metadata)
