"""A command goes on in the trace that it is given, with OpenTelemetry and without."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from eventlab.commands import execute_with_tracing
from eventlab.errors import InvalidValue
from eventlab.store import MemoryStore, Metadata
from eventlab.telemetry import SpanContext, tracing

from .bank import ALICE, BOB, Deposited, Transfer

PARENT = SpanContext("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", 0x01, "vendor=1")


async def stored(parent: Any) -> Metadata:
    """What stands beside the events of a command below *parent*."""
    store = MemoryStore()
    await store.append([(ALICE, Deposited(100))])
    await execute_with_tracing(store, Transfer(ALICE, BOB, 30), parent, metadata=Metadata(actor="ada"))
    (event,) = await store.read(BOB)
    return event.metadata


@pytest.mark.parametrize("parent", [PARENT, PARENT.headers])
def test_its_events_keep_the_parent_as_it_came(parent: Any) -> None:
    said = Metadata(actor="ada", traceparent=PARENT.traceparent, tracestate="vendor=1")
    assert asyncio.run(stored(parent)) == said


@pytest.mark.parametrize("parent", [None, {}])
def test_no_parent_changes_nothing(parent: Any) -> None:
    assert asyncio.run(stored(parent)) == Metadata(actor="ada")


def test_a_broken_header_is_refused() -> None:
    with pytest.raises(InvalidValue, match="traceparent"):
        asyncio.run(stored("00-1-2-3"))


def test_where_it_is_traced_its_span_is_a_child_and_is_stored() -> None:
    with tracing() as log:
        metadata = asyncio.run(stored(PARENT))
    (span,) = log
    own = SpanContext(PARENT.trace_id, span.span_id, 0x01, "vendor=1")
    assert (span.trace_id, span.parent_id) == (PARENT.trace_id, PARENT.span_id)
    assert (metadata.traceparent, metadata.tracestate) == (own.traceparent, "vendor=1")


def test_the_parent_may_be_a_context_of_opentelemetry_also_inside_of_another_span() -> None:
    from opentelemetry import trace as api
    from opentelemetry.sdk.trace import TracerProvider

    tracer = TracerProvider().get_tracer("somebody")
    theirs = tracer.start_span("theirs")

    async def story() -> None:
        with tracer.start_as_current_span("another"):
            await stored(api.set_span_in_context(theirs))

    with tracing() as log:
        asyncio.run(story())
    assert [span.parent_id for span in log] == [f"{theirs.get_span_context().span_id:016x}"]


def test_what_follows_from_an_event_is_below_the_command_that_wrote_it() -> None:
    async def story() -> None:
        store, other = MemoryStore("bank"), MemoryStore("abroad")
        for each in (store, other):
            await each.append([(ALICE, Deposited(100))])
        await execute_with_tracing(store, Transfer(ALICE, BOB, 30), None)
        (event,) = await store.read(BOB)
        await execute_with_tracing(other, Transfer(ALICE, BOB, 1), event.metadata)

    with tracing() as log:
        asyncio.run(story())
    cause, effect = log
    assert (cause.parent_id, effect.parent_id, effect.trace_id) == ("", cause.span_id, cause.trace_id)
