"""Where one is in a trace, as it travels: the two headers of W3C Trace Context.

Level 1, and the random flag of level 2. This needs no OpenTelemetry: a service that traces nothing itself still
hands on what it was given.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import InvalidValue
from ..metadata import Metadata
from ..metadata import current as current_metadata

SAMPLED = 0x01
RANDOM = 0x02
_KNOWN_FLAGS = SAMPLED | RANDOM

_HEADER = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.DOTALL)
_NO_TRACE, _NO_SPAN = "0" * 32, "0" * 16
_EXPECTED = "version, trace id, span id and flags in lower-case hex, as 00-<32>-<16>-01, no id all zeros"


@dataclass(frozen=True, slots=True)
class SpanContext:
    """One span, as whoever continues its trace knows it: ids in lower-case hex, flags, and what vendors add.

    *tracestate* is handed on as it came. Raises InvalidValue for ids that are no 32 and 16 hex digits or all zeros,
    and for flags that do not fit into a byte.
    """

    trace_id: str
    span_id: str
    flags: int = SAMPLED
    tracestate: str | None = None

    def __post_init__(self) -> None:
        _check("SpanContext.trace_id", self.trace_id, 32)
        _check("SpanContext.span_id", self.span_id, 16)
        flags: object = self.flags
        if isinstance(flags, bool) or not isinstance(flags, int) or not 0 <= flags <= 0xFF:
            raise InvalidValue("SpanContext.flags", flags, "a whole number from 0 to 255")

    @classmethod
    def parse(cls, traceparent: str, tracestate: str | None = None) -> SpanContext:
        """The context in the header *traceparent*. Raises InvalidValue for what is none.

        Version 00 ends with its flags. A later version may add fields, which are left out; of its flags those are
        kept that version 00 knows. Version ff is none.
        """
        header: object = traceparent
        found = _HEADER.fullmatch(header) if isinstance(header, str) else None
        if found is None or found[1] == "ff" or found[2] == _NO_TRACE or found[3] == _NO_SPAN:
            raise InvalidValue("traceparent", traceparent, _EXPECTED)
        version, trace_id, span_id, flags, more = found.groups()
        if version == "00":
            if more is not None:
                raise InvalidValue("traceparent", traceparent, _EXPECTED)
            return cls(trace_id, span_id, int(flags, 16), tracestate)
        return cls(trace_id, span_id, int(flags, 16) & _KNOWN_FLAGS, tracestate)

    @property
    def traceparent(self) -> str:
        """The header, in version 00."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags:02x}"

    @property
    def is_sampled(self) -> bool:
        """Whether whoever came before records this trace."""
        return bool(self.flags & SAMPLED)

    @property
    def headers(self) -> dict[str, str]:
        """Both headers, to go with a message."""
        with_state = {} if self.tracestate is None else {"tracestate": self.tracestate}
        return {"traceparent": self.traceparent, **with_state}


def _check(name: str, value: object, digits: int) -> None:
    fits = isinstance(value, str) and re.fullmatch(f"[0-9a-f]{{{digits}}}", value)
    if not fits or value == "0" * digits:
        raise InvalidValue(name, value, f"{digits} hex digits in lower case, not all zeros")


def parsed(traceparent: str | None, tracestate: str | None) -> SpanContext | None:
    """The context in headers that came with a message or an event; None without one, and for a broken one.

    A broken header is no reason to refuse the message: a new trace begins there, as the standard says.
    """
    try:
        return None if traceparent is None else SpanContext.parse(traceparent, tracestate)
    except InvalidValue:
        return None


def context_in(metadata: Metadata) -> SpanContext | None:
    """The context that came with a message or is stored with an event, if there is one that is not broken."""
    return parsed(metadata.traceparent, metadata.tracestate)


def current_context() -> SpanContext | None:
    """Which span one is in here: what goes with every call and is stored with every event. None outside a trace."""
    return context_in(current_metadata())


def context_of(parent: Any) -> SpanContext | None:
    """The span that *parent* names: a `SpanContext`, the text of a traceparent, headers, or OpenTelemetry's.

    Of headers, names are compared without regard to case; headers without a traceparent, or with a broken one, name
    none: a stranger sent them. Raises InvalidValue for a text that is no traceparent, and for anything else.
    """
    if parent is None or isinstance(parent, SpanContext):
        return parent
    if isinstance(parent, Metadata):
        return context_in(parent)
    if isinstance(parent, str):
        return SpanContext.parse(parent)
    if isinstance(parent, Mapping):
        return _in_headers(parent)
    if hasattr(parent, "get_span_context"):  # a span of OpenTelemetry
        parent = parent.get_span_context()
    if hasattr(parent, "trace_flags"):
        return from_opentelemetry(parent)
    expected = "a SpanContext, a traceparent, headers, or a context of OpenTelemetry"
    raise InvalidValue("parent_context", parent, expected)


def _in_headers(headers: Mapping[Any, Any]) -> SpanContext | None:
    found = {name.lower(): value for name, value in headers.items() if isinstance(name, str)}
    if "traceparent" in found:
        return parsed(found["traceparent"], found.get("tracestate"))
    spans = [each for each in headers.values() if hasattr(each, "get_span_context")]  # a Context of OpenTelemetry
    return from_opentelemetry(spans[-1].get_span_context()) if spans else None


def from_opentelemetry(span_context: Any) -> SpanContext | None:
    """OpenTelemetry's `SpanContext` as ours; None for one that names nothing."""
    if not span_context.is_valid:
        return None
    state = span_context.trace_state.to_header() if span_context.trace_state else None
    trace_id, span_id = f"{span_context.trace_id:032x}", f"{span_context.span_id:016x}"
    return SpanContext(trace_id, span_id, int(span_context.trace_flags), state)
