"""What is under way here: a stack of spans that goes with the context, so that each task has its own."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from .. import metadata, runtime
from .context import SpanContext, current_context, from_opentelemetry
from .official import Spans, below, fail, now_ns, official_here, stand_in, standing_for

if TYPE_CHECKING:
    from opentelemetry.trace import Span

_HERE: ContextVar[Work | None] = ContextVar("eventlab_work", default=None)

Key = tuple[Any, ...]


class Work:
    """A piece of work, the work that it is part of (*above*), and its place in a trace."""

    def __init__(self, key: Key, service: str, context: SpanContext, span: Span) -> None:
        self.key, self.service, self.context, self.span = key, service, context, span
        self.above = _HERE.get()
        self.node = runtime.current_node()
        self._carried = metadata.current()
        self._official = official_here()

    def enter(self) -> None:
        """What is called and written from here on belongs to it."""
        _HERE.set(self)
        metadata.carry(self.context.traceparent, self.context.tracestate)
        stand_in(self.span)

    def leave(self) -> None:
        """Go back to what was before; but for what is carried, if that has changed hands meanwhile."""
        _HERE.set(self.above)
        if metadata.current().traceparent == self.context.traceparent:
            metadata.carry(self._carried.traceparent, self._carried.tracestate)
        if official_here() is self.span:
            stand_in(self._official)


def here(key: Key | None = None) -> Work | None:
    """The innermost work here, or the one of that *key*."""
    work = _HERE.get()
    while work is not None and key is not None and work.key != key:
        work = work.above
    return work


def leave_to(work: Work) -> None:
    """Leave *work*, which is under way here, and whatever was left open within it."""
    while (inner := _HERE.get()) is not None:
        inner.leave()
        if inner is work:
            return


def service_here(outside: str) -> str:
    """Whose work it is: the node's, or that of whoever's work it is part of; *outside*, where there is neither."""
    node, work = runtime.current_node(), _HERE.get()
    if node != "local":
        return node
    return outside if work is None else work.service


def parent_here() -> SpanContext | None:
    """What the work that begins here is part of.

    That is what is carried, if somebody says so (`carrying`, `execute_with_tracing`, a call that came in). Else it is
    the span that OpenTelemetry takes for the current one: ours, or one that somebody began inside of it.
    """
    carried, official, work = current_context(), official_here(), _HERE.get()
    if carried is not None and (work is None or carried.traceparent != work.context.traceparent):
        return carried
    if official is not None and (work is None or official is not work.span):
        return from_opentelemetry(official.get_span_context())
    return carried


class Open:
    """The spans that have begun and not ended, over all tasks."""

    def __init__(self, spans: Spans) -> None:
        self._spans = spans
        self._works: dict[Work, None] = {}

    def begin(
        self,
        key: Key,
        name: str,
        role: str,
        attributes: dict[str, Any],
        *,
        service: str | None = None,
        parent: SpanContext | None = None,
    ) -> Work:
        """Begin a span below *parent*, or below what is under way here, and go on within it."""
        service = service or service_here(self._spans.service)
        parent = parent or parent_here()
        span = self._spans.begin(service, name, role, parent, {"service.name": service, **attributes})
        work = Work(key, service, below(parent, span), span)
        self._works[work] = None
        work.enter()
        return work

    def end(self, key: Key, attributes: dict[str, Any], error: str | None = None) -> None:
        """End the innermost span of that *key*, and whatever was left open within it; none, if it is not here."""
        work = here(key)
        if work is None:
            return
        leave_to(work)
        self._finish(work, attributes, error)

    def fell_silent(self, node: str) -> None:
        """End what *node* had under way when it crashed."""
        for work in [work for work in self._works if work.node == node]:
            self._finish(work, {"unfinished": True}, f"node {node!r} crashed")

    def close(self) -> None:
        """End what is still under way when nobody listens any more. What became of it is not known."""
        for work in list(self._works):
            self._finish(work, {"unfinished": True}, None)

    def _finish(self, work: Work, attributes: dict[str, Any], error: str | None) -> None:
        if work not in self._works:
            return
        del self._works[work]
        work.span.set_attributes(attributes)
        if error is not None:
            work.span.set_attribute("error.message", error)
            fail(work.span, error)
        work.span.end(now_ns())


def standing(key: Key, service: str, context: SpanContext) -> Work:
    """Work whose span is told later, by whoever ends it."""
    return Work(key, service, context, standing_for(context))
