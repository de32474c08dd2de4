"""Spans on their way out: at once in the background, or, from a world, when it is over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter

from .. import runtime

AT_ONCE = 512
"""How many spans of a world go to an exporter in one piece."""


class Outlet:
    """Hands spans to exporters."""

    def __init__(self, exporters: Iterable[SpanExporter]) -> None:
        self._exporters = tuple(exporters)
        self._gathered: list[ReadableSpan] = []
        self._background: Sequence[SpanProcessor] | None = None

    def take(self, span: ReadableSpan) -> None:
        """Export *span*; from inside a world, later."""
        if not self._exporters:
            return
        if runtime.in_simulation():
            self._gathered.append(span)
            return
        if self._background is None:  # it starts threads, and those belong to no world
            self._background = [BatchSpanProcessor(exporter) for exporter in self._exporters]
        for processor in self._background:
            processor.on_end(span)

    def close(self) -> None:
        """Export what is left, and shut the exporters down."""
        for exporter in self._exporters:
            for first in range(0, len(self._gathered), AT_ONCE):
                exporter.export(self._gathered[first : first + AT_ONCE])
        for processor in self._background or ():
            processor.shutdown()  # and its exporter with it
        if self._background is None:
            for exporter in self._exporters:
                exporter.shutdown()
