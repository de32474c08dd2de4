"""Where spans go: to a collector by OTLP over HTTP, or to the console. Any exporter of OpenTelemetry does as well."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, TextIO

from ..errors import InvalidValue

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

NEEDS = "OpenTelemetry: pip install 'eventlab[telemetry]'"


def otlp(
    endpoint: str | None = None, *, headers: Mapping[str, str] | None = None, timeout_s: float = 10.0
) -> SpanExporter:
    """The official exporter by OTLP over HTTP, to *endpoint*, such as ``http://localhost:4318/v1/traces``.

    Without one, to where ``OTEL_EXPORTER_OTLP_ENDPOINT`` says. Raises InvalidValue without the extra ``telemetry``.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError as error:
        raise InvalidValue("otlp", "asked for", NEEDS) from error
    return OTLPSpanExporter(endpoint, headers=None if headers is None else dict(headers), timeout=timeout_s)


def console(out: TextIO | None = None) -> SpanExporter:
    """Prints each span to *out*, by default the standard output, as OpenTelemetry writes it: as JSON."""
    try:
        from opentelemetry.sdk.trace.export import ConsoleSpanExporter
    except ImportError as error:
        raise InvalidValue("console", "asked for", NEEDS) from error
    return ConsoleSpanExporter(out=out or sys.stdout)
