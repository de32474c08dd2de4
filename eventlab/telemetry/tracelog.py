"""Spans gathered in memory: for a notebook, a figure, or a file."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ..errors import InvalidValue
from ..history import Entry
from ..hooks import SpanEnded

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    *("trace_id", "span_id", "parent_id", "name", "role", "service"),
    *("began_s", "ended_s", "duration_s", "status", "reason", "attributes"),
)

_encoder, _decoder = msgspec.json.Encoder(), msgspec.json.Decoder(SpanEnded)


class TraceLog:
    """Spans in the order in which they ended; the latest *keep* of them, if that is said."""

    def __init__(self, spans: Iterable[SpanEnded] = (), *, keep: int | None = None) -> None:
        if keep is not None and keep < 0:
            raise InvalidValue("TraceLog.keep", keep, "a number of spans, 0 for none, or None for all")
        self._spans = deque(spans, maxlen=keep)

    def add(self, span: SpanEnded) -> None:
        self._spans.append(span)

    @property
    def spans(self) -> list[SpanEnded]:
        return list(self._spans)

    def __len__(self) -> int:
        return len(self._spans)

    def __iter__(self) -> Iterator[SpanEnded]:
        return iter(self.spans)

    @property
    def traces(self) -> dict[str, list[SpanEnded]]:
        """Trace id → its spans, by when they began; the trace that began first stands first."""
        found: dict[str, list[SpanEnded]] = {}
        for span in sorted(self._spans, key=lambda span: span.began_ns):
            found.setdefault(span.trace_id, []).append(span)
        return found

    @property
    def entries(self) -> list[Entry]:
        """The spans as a history, in seconds since the first one began: for `eventlab.figures`."""
        first_ns = min((span.began_ns for span in self._spans), default=0)
        return [Entry((span.ended_ns - first_ns) / 1e9, span.service, span) for span in self._spans]

    @property
    def frame(self) -> pd.DataFrame:
        """One row a span, with its times in seconds since the first one began."""
        import pandas as pd

        first_ns = min((span.began_ns for span in self._spans), default=0)
        rows = [
            (
                *(span.trace_id, span.span_id, span.parent_id, span.name, span.role, span.service),
                *((span.began_ns - first_ns) / 1e9, (span.ended_ns - first_ns) / 1e9, span.duration_s),
                *(span.status, span.reason, span.attributes),
            )
            for span in self._spans
        ]
        return pd.DataFrame.from_records(rows, columns=list(COLUMNS))

    def save(self, path: str | Path) -> None:
        """Write the spans as JSON Lines, over what is there."""
        Path(path).write_bytes(_encoder.encode_lines(self._spans))

    @classmethod
    def load(cls, path: str | Path) -> TraceLog:
        """The spans in a file of JSON Lines. Raises InvalidValue that names the line that is none."""
        spans = []
        for number, line in enumerate(Path(path).read_bytes().splitlines(), start=1):
            try:
                spans.append(_decoder.decode(line))
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                where = f"{Path(path).name}, line {number}"
                raise InvalidValue(where, line[:60].decode(errors="replace"), str(error)) from None
        return cls(spans)


def flaws(spans: Iterable[SpanEnded]) -> list[str]:
    """What is wrong with traces, a sentence each: several roots, spans twice, parents that are missing or come later.

    A span may end after its parent: a saga outlives whoever asked for it, and a message whoever sent it.
    """
    found: list[str] = []
    traces: dict[str, dict[str, SpanEnded]] = {}
    for span in spans:
        trace = traces.setdefault(span.trace_id, {})
        if span.span_id in trace:
            found.append(f"{_named(span)} is told twice")
        trace[span.span_id] = span
    for trace_id, trace in traces.items():
        roots = [span for span in trace.values() if not span.parent_id]
        if len(roots) != 1:
            found.append(f"trace {trace_id} has {len(roots)} roots")
        for span in trace.values():
            found += _misplaced(span, trace)
    return found


def _misplaced(span: SpanEnded, trace: dict[str, SpanEnded]) -> list[str]:
    if span.ended_ns < span.began_ns:
        return [f"{_named(span)} ends before it begins"]
    if not span.parent_id:
        return []
    parent = trace.get(span.parent_id)
    if parent is None:
        return [f"{_named(span)} is an orphan: {span.parent_id} is nowhere"]
    if span.began_ns < parent.began_ns:
        ahead_s = (parent.began_ns - span.began_ns) / 1e9
        return [f"{_named(span)} begins {ahead_s:g} s before {_named(parent)}, which caused it"]
    return []


def _named(span: SpanEnded) -> str:
    return f"{span.name} ({span.span_id})"
