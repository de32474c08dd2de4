"""What happens, told to others: traces by OpenTelemetry, metrics for Prometheus, logs by the standard library.

All of it listens on `eventlab.hooks`, and nothing else knows of it. Begin with `tracing`.
The official libraries are the extra ``telemetry``; each is imported when it is first used.
"""

from __future__ import annotations

from .context import SpanContext, context_of, current_context
from .exporters import console, otlp
from .lag import Consumer
from .logs import JsonLines, RedactingFilter, logging_happenings
from .metrics import Metrics
from .numbers import Sample
from .otlp_json import otlp_json
from .outline import outline
from .redaction import Redactor
from .scraping import Scrapes
from .tracelog import TraceLog, flaws
from .tracing import needs_opentelemetry, tracing

__all__ = [
    "Consumer",
    "JsonLines",
    "Metrics",
    "RedactingFilter",
    "Redactor",
    "Sample",
    "Scrapes",
    "SpanContext",
    "context_of",
    "current_context",
    "tracing",
    "needs_opentelemetry",
    "otlp",
    "otlp_json",
    "console",
    "TraceLog",
    "flaws",
    "outline",
    "logging_happenings",
]
