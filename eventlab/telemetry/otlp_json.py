"""Spans as OTLP in JSON: a file that Jaeger's page, collectors and other tools of OpenTelemetry read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from ..hooks import SpanEnded

_KINDS = {"internal": 1, "server": 2, "client": 3}
_ERROR = 2


def otlp_json(spans: Iterable[SpanEnded]) -> bytes:
    """One export request with all *spans*, by service, as the JSON encoding of OTLP says: ids in hex, times as text."""
    services: dict[str, list[dict[str, Any]]] = {}
    for span in spans:
        services.setdefault(span.service, []).append(_span(span))
    resources = [
        {
            "resource": {"attributes": _attributes({"service.name": service})},
            "scopeSpans": [{"scope": {"name": "eventlab"}, "spans": told}],
        }
        for service, told in services.items()
    ]
    return msgspec.json.encode({"resourceSpans": resources}) + b"\n"


def _span(span: SpanEnded) -> dict[str, Any]:
    parent = {"parentSpanId": span.parent_id} if span.parent_id else {}
    status = {"status": {"code": _ERROR, "message": span.reason}} if span.status == "error" else {}
    return {
        "traceId": span.trace_id,
        "spanId": span.span_id,
        **parent,
        "name": span.name,
        "kind": _KINDS[span.role],
        "startTimeUnixNano": str(span.began_ns),
        "endTimeUnixNano": str(span.ended_ns),
        "attributes": _attributes(span.attributes),
        "events": [
            {"timeUnixNano": str(at_ns), "name": name, "attributes": _attributes(facts)}
            for name, at_ns, facts in span.events
        ],
        **status,
    }


def _attributes(facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": name, "value": _value(value)} for name, value in facts.items()]


def _value(value: object) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [_value(each) for each in value]}}
    return {"stringValue": str(value)}
