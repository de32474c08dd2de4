"""The call graph of a run: who called whom, how often, how it ended and how long it took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from .. import hooks
from ..history import Entry


class CallEdge(msgspec.Struct, frozen=True):
    """All attempts of calls from *source* to *target*.

    *outcomes* counts them by how they ended, most frequent first; *unanswered* is one that had not ended
    with the history. *operations* counts them by name. Of those that ended, half took at most
    *duration_s_p50* and 99 of 100 at most *duration_s_p99* (nearest rank); None where none ended.
    """

    source: str
    target: str
    attempts: int
    retries: int
    outcomes: dict[str, int]
    operations: dict[str, int]
    duration_s_p50: float | None
    duration_s_p99: float | None

    @property
    def ok_share(self) -> float:
        """The share of attempts that ended well, or with a rule's refusal: the service did its work."""
        return (self.outcomes.get("ok", 0) + self.outcomes.get("refused", 0)) / self.attempts


def call_graph(entries: Iterable[Entry]) -> list[CallEdge]:
    """An edge for each pair that a call went between, in the order of their first calls."""
    edges: dict[tuple[str, str], _Attempts] = {}
    for entry in entries:
        what = entry.what
        if isinstance(what, hooks.CallStarted):
            edges.setdefault((what.source, what.target), _Attempts()).begin(what)
        elif isinstance(what, hooks.CallEnded) and (what.source, what.target) in edges:
            edges[what.source, what.target].end(what)
    return [attempts.summed(*ends) for ends, attempts in edges.items()]


class _Attempts:
    def __init__(self) -> None:
        self._under_way: dict[int, None] = {}
        self._outcomes: Counter[str] = Counter()
        self._operations: Counter[str] = Counter()
        self._retries = 0
        self._took_s: list[float] = []

    def begin(self, started: hooks.CallStarted) -> None:
        self._under_way[started.id] = None
        self._operations[started.operation] += 1
        self._retries += started.attempt > 1

    def end(self, ended: hooks.CallEnded) -> None:
        if ended.id in self._under_way:
            del self._under_way[ended.id]
            self._outcomes[ended.outcome] += 1
            if ended.outcome != "rejected":  # it never left
                self._took_s.append(ended.duration_s)

    def summed(self, source: str, target: str) -> CallEdge:
        outcomes = self._outcomes + Counter({"unanswered": len(self._under_way)})
        took_s = sorted(self._took_s)
        return CallEdge(
            source,
            target,
            self._operations.total(),
            self._retries,
            dict(outcomes.most_common()),
            dict(self._operations.most_common()),
            _ranked(took_s, 50),
            _ranked(took_s, 99),
        )


def _ranked(ordered: Sequence[float], percent: int) -> float | None:
    """The value of that nearest rank, counted in whole numbers: shares in floats would miss a rank at the edge."""
    return ordered[(len(ordered) * percent + 99) // 100 - 1] if ordered else None
