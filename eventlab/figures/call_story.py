"""Who called whom, ready to be drawn and told: the busiest pairs first, services in rows below who calls them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from eventlab.simulation import CallEdge, call_graph

from .subject import RunLike

ENDS: dict[str, tuple[str, ...]] = {
    "ok": ("ok",),
    "refused": ("refused",),
    "not reached": ("unavailable", "rejected"),
    "unknown": ("unknown",),
    "failed": ("failed",),
    "under way": ("unanswered",),
}
"""How attempts end, in the words of the figure, with the outcomes that each stands for."""


class CallStory(NamedTuple):
    """The edges, the busiest first, and the services in rows: who is called stands below its caller."""

    edges: tuple[CallEdge, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def attempts(self) -> int:
        return sum(edge.attempts for edge in self.edges)


def call_story(run: RunLike) -> CallStory:
    edges = sorted(call_graph(run.entries), key=lambda edge: -edge.attempts)
    return CallStory(tuple(edges), _rows(call_graph(run.entries)))


def ended(edge: CallEdge) -> dict[str, int]:
    """How many attempts ended in each way, in the words of the figure; ways that none took are left out."""
    counts = {word: sum(edge.outcomes.get(outcome, 0) for outcome in outcomes) for word, outcomes in ENDS.items()}
    return {word: count for word, count in counts.items() if count}


def _rows(edges: Sequence[CallEdge]) -> tuple[tuple[str, ...], ...]:
    """Each service one row below the uppermost of its callers; on top those that nobody calls."""
    targets: dict[str, list[str]] = {}
    for edge in edges:
        targets.setdefault(edge.source, []).append(edge.target)
        targets.setdefault(edge.target, [])
    called = {edge.target for edge in edges if edge.source != edge.target}
    rows: list[tuple[str, ...]] = []
    row = [name for name in targets if name not in called] or list(targets)[:1]
    placed: dict[str, None] = {}
    while row:
        rows.append(tuple(row))
        placed |= dict.fromkeys(row)
        row = list(dict.fromkeys(below for name in row for below in targets[name] if below not in placed))
        row = row or [name for name in targets if name not in placed][:1]  # a circle that nobody outside calls
    return tuple(rows)
