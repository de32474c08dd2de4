"""What happens, told to others: traces by OpenTelemetry, metrics for Prometheus, logs by the standard library.

All of it listens on `eventlab.hooks`, and nothing else knows of it. Begin with `SpanContext`: which trace one is in.
The official libraries are the extra ``telemetry``; each is imported when it is first used.
"""

from __future__ import annotations

from .context import SpanContext, current_context

__all__ = [
    "SpanContext",
    "current_context",
]
