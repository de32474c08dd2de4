"""Every change of each breaker, with those that nobody tells: it goes with its service, and comes back closed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..history import Entry, of_kind
from ..hooks import BreakerChanged, NodeChanged

DOWN = "down"
"""The state of a breaker whose service has crashed: there is none until the service is started again."""

Changes = list[tuple[float, BreakerChanged]]
"""Moments in seconds, and what changed then."""


def breaker_changes(entries: Iterable[Entry]) -> dict[str, Changes]:
    """By breaker, in the order in which they first changed."""
    given = list(entries)
    told: dict[str, Changes] = {}
    for entry, what in of_kind(given, BreakerChanged):
        told.setdefault(what.breaker, []).append((entry.at, what))
    lives = [(entry.at, what) for entry, what in of_kind(given, NodeChanged)] if told else []
    return {breaker: _with_lives(breaker, changes, lives) for breaker, changes in told.items()}


def _with_lives(breaker: str, changes: Changes, lives: Sequence[tuple[float, NodeChanged]]) -> Changes:
    """*changes*, and what a crash does to a breaker that is not closed: it is lost, and the next one begins closed."""
    source, arrow, _ = breaker.partition("→")
    owner = source.partition("/")[0] if arrow else ""
    own = [(at, what) for at, what in lives if what.name == owner]
    both: list[tuple[float, BreakerChanged | NodeChanged]] = [*changes, *own]
    told: Changes = []
    for at, what in sorted(both, key=lambda one: one[0]):
        state = told[-1][1].after if told else "closed"
        if isinstance(what, BreakerChanged):
            told.append((at, what))
        elif what.state == "crashed" and state.lower() not in ("closed", DOWN):
            told.append((at, BreakerChanged(breaker, state, DOWN, f"{owner} crashed")))
        elif what.state == "up" and state == DOWN:
            told.append((at, BreakerChanged(breaker, DOWN, "closed", f"{owner} was started again")))
    return told
