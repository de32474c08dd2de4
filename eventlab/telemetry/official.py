"""Spans as OpenTelemetry's SDK makes them, with our clock, our ids and our parents. Loaded only by who traces."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from opentelemetry import context as official_context
from opentelemetry import trace as api
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Decision, ParentBased, Sampler
from opentelemetry.trace.span import TraceState

from .. import __version__, hooks, runtime
from .context import RANDOM, SAMPLED, SpanContext, from_opentelemetry

ROLES = {"internal": api.SpanKind.INTERNAL, "client": api.SpanKind.CLIENT, "server": api.SpanKind.SERVER}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_IDS = "telemetry/ids"

Event = tuple[str, int, dict[str, Any]]


def now_ns() -> int:
    """Nanoseconds since 1970 on the clock of this node, to the microsecond, as events and sagas are stamped."""
    passed = runtime.now() - _EPOCH
    return ((passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds) * 1000


class Ids(threading.local, IdGenerator):
    """Ids from a random stream of their own, so that no other draw moves; the next ones can be told, on this thread."""

    told_trace = told_span = 0

    def generate_trace_id(self) -> int:
        told, self.told_trace = self.told_trace, 0
        return told or _drawn(128)

    def generate_span_id(self) -> int:
        told, self.told_span = self.told_span, 0
        return told or _drawn(64)

    def is_trace_id_random(self) -> bool:
        return True


def _drawn(bits: int) -> int:
    stream = runtime.random_stream(_IDS)
    while not (number := stream.getrandbits(bits)):
        pass
    return number


class Spans:
    """Begins and ends spans, with a provider for each service; *ended* hears of each one that is recorded."""

    def __init__(
        self,
        ended: Callable[[ReadableSpan], None],
        sampler: Sampler | None,
        service: str = "local",
        resource: Mapping[str, str] | None = None,
    ) -> None:
        self.service = service
        """What code is called that runs on no node and within no work."""
        self._resource = dict(resource or {})
        self._ids, self._heard = Ids(), _Heard(ended)
        self._sampler = sampler or ParentBased(ALWAYS_ON)
        self._tracers: dict[str, api.Tracer] = {}

    def begin(
        self,
        service: str,
        name: str,
        role: str,
        parent: SpanContext | None,
        attributes: Mapping[str, Any],
        *,
        began_ns: int | None = None,
        told: SpanContext | None = None,
    ) -> api.Span:
        """A span below *parent*, or the root of a new trace; as *told*, if its ids are known before."""
        if told is not None:
            self._ids.told_trace, self._ids.told_span = int(told.trace_id, 16), int(told.span_id, 16)
        span = self._tracer(service).start_span(
            name,
            context=_under(parent),
            kind=ROLES[role],
            attributes=attributes,
            start_time=now_ns() if began_ns is None else began_ns,
        )
        self._ids.told_trace = self._ids.told_span = 0
        return span

    def new_root(self, name: str, trace_id: str | None) -> tuple[str, int]:
        """The trace id and the flags of a root that is to be told only later."""
        trace_id = trace_id or f"{_drawn(128):032x}"
        result = self._sampler.should_sample(official_context.Context(), int(trace_id, 16), name)
        return trace_id, RANDOM | (SAMPLED if result.decision is Decision.RECORD_AND_SAMPLE else 0)

    def _tracer(self, service: str) -> api.Tracer:
        tracer = self._tracers.get(service)
        if tracer is None:
            resource = Resource({**self._resource, "service.name": service, "telemetry.sdk.language": "python"})
            provider = TracerProvider(self._sampler, resource, shutdown_on_exit=False, id_generator=self._ids)
            provider.add_span_processor(self._heard)
            tracer = self._tracers[service] = provider.get_tracer("eventlab", __version__)
        return tracer


class _Heard(SpanProcessor):
    def __init__(self, ended: Callable[[ReadableSpan], None]) -> None:
        self._ended = ended

    def on_end(self, span: ReadableSpan) -> None:
        if span.context is not None and span.context.trace_flags.sampled:
            self._ended(span)


def below(parent: SpanContext | None, span: api.Span) -> SpanContext:
    """The context of *span* as it travels: with the state, and the flag of randomness, that its parent brought."""
    own = from_opentelemetry(span.get_span_context())
    assert own is not None
    if parent is None:
        return own
    flags = (own.flags & SAMPLED) | (parent.flags & RANDOM)
    return SpanContext(own.trace_id, own.span_id, flags, parent.tracestate or own.tracestate)


def standing_for(context: SpanContext) -> api.Span:
    """A span of somebody else, or one that is told later, as OpenTelemetry sees it."""
    state = TraceState.from_header([context.tracestate]) if context.tracestate else None
    flags = api.TraceFlags(context.flags)
    ids = int(context.trace_id, 16), int(context.span_id, 16)
    return api.NonRecordingSpan(api.SpanContext(*ids, is_remote=True, trace_flags=flags, trace_state=state))


def _under(parent: SpanContext | None) -> official_context.Context:
    empty = official_context.Context()
    return empty if parent is None else api.set_span_in_context(standing_for(parent), empty)


def official_here() -> api.Span | None:
    """The span that OpenTelemetry takes for the current one."""
    span = api.get_current_span()
    return span if span.get_span_context().is_valid else None


def stand_in(span: api.Span | None) -> None:
    """Let OpenTelemetry take *span* for the current one here, or none."""
    official_context.attach(api.set_span_in_context(span or api.INVALID_SPAN))


def fail(span: api.Span, reason: str) -> None:
    """Say that what the span tells of went wrong."""
    span.set_status(api.Status(api.StatusCode.ERROR, reason))


def as_record(span: ReadableSpan) -> hooks.SpanEnded:
    """A span that has ended, as a plain record."""
    assert span.context is not None and span.start_time is not None and span.end_time is not None
    status = span.status
    return hooks.SpanEnded(
        f"{span.context.trace_id:032x}",
        f"{span.context.span_id:016x}",
        "" if span.parent is None else f"{span.parent.span_id:016x}",
        span.name,
        span.kind.name.lower(),
        str(span.resource.attributes["service.name"]),
        span.start_time,
        span.end_time,
        _plain(span.attributes),
        tuple((event.name, event.timestamp, _plain(event.attributes)) for event in span.events),
        "error" if status.status_code is api.StatusCode.ERROR else "unset",
        status.description or "",
    )


def _plain(attributes: Mapping[str, Any] | None) -> dict[str, Any]:
    """Attributes as JSON gives them back."""
    found = attributes or {}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}
