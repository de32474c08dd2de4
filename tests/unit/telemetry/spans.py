"""Spans as a test reads them: by name, as a tree, without their ids."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from eventlab.hooks import SpanEnded


def tree(spans: Iterable[SpanEnded], parent: str = "") -> list[Any]:
    """Names below one another, in the order of their beginning: ``["root", ["child", ["grandchild"]], ["child"]]``."""
    ordered = sorted(spans, key=lambda span: span.began_ns)
    return [[span.name, *tree(ordered, span.span_id)] for span in ordered if span.parent_id == parent]


def named(spans: Iterable[SpanEnded], name: str, role: str | None = None) -> SpanEnded:
    """The one span of that name, and of that role."""
    (found,) = [span for span in spans if span.name == name and role in (None, span.role)]
    return found


def events(span: SpanEnded) -> list[tuple[str, dict[str, Any]]]:
    """Its events without their times, and without how long anything took."""
    told = [(name, dict(facts)) for name, _, facts in span.events]
    for _, facts in told:
        facts.pop("duration_s", None)
    return told
