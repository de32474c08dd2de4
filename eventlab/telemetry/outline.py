"""Traces in words: indented below one another, with when each span began and how long it took."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..hooks import SpanEnded


def outline(spans: Iterable[SpanEnded]) -> str:
    """A line for each span, below its parent: name, service, when it began within its trace, and how long it took.

    An error is marked by its reason. What has lost its parent stands at the margin, as a root does.
    """
    ordered = sorted(spans, key=lambda span: span.began_ns)
    known = {span.span_id for span in ordered}
    below: dict[str, list[SpanEnded]] = {}
    for span in ordered:
        below.setdefault(span.parent_id if span.parent_id in known else "", []).append(span)
    return "\n".join(line for root in below.get("", ()) for line in _lines(root, below, root.began_ns, ""))


def _lines(span: SpanEnded, below: dict[str, list[SpanEnded]], zero_ns: int, indent: str) -> Iterator[str]:
    began_ms, took_ms = (span.began_ns - zero_ns) / 1e6, span.duration_s * 1e3
    error = f"  ✗ {span.reason}" if span.status == "error" else ""
    where = f"{indent}{span.name} · {span.service}"
    yield f"{where:<52} {began_ms:9.1f} ms + {took_ms:.1f} ms{error}"
    for child in below.get(span.span_id, ()):
        yield from _lines(child, below, zero_ns, indent + "  ")
