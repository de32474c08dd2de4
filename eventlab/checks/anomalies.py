"""What can go wrong between transactions: by its name, by the level that it breaks, and as a circle to be read."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from .graphs import Edge
from .transactions import Transaction

LEVELS = (
    "read uncommitted",
    "read committed",
    "read atomic",
    "parallel snapshot isolation",
    "snapshot isolation",
    "serializable",
    "strict serializable",
)
"""Levels of isolation, each forbidding all that the ones before it forbid."""


class Anomaly(msgspec.Struct, frozen=True):
    """Something that the weakest level to forbid it is *broken* by.

    *name* is the one of textbooks, *code* the one of Adya and of Elle, empty where they have none. *transactions* are
    the names of those that take part, in the order of the circle; *lines* say what each did, and what follows.
    """

    name: str
    code: str
    broken: str
    transactions: tuple[str, ...]
    lines: tuple[str, ...]

    def __str__(self) -> str:
        head = f"{self.name} ({self.code})" if self.code else self.name
        return "\n    ".join((f"{head} among {', '.join(self.transactions)}", *self.lines))


KINDS = {
    "two writers of one version": ("", "read uncommitted"),
    "dirty write": ("G0", "read uncommitted"),
    "aborted read": ("G1a", "read committed"),
    "intermediate read": ("G1b", "read committed"),
    "circular information flow": ("G1c", "read committed"),
    "non-repeatable read": ("G-single", "read atomic"),
    "fractured read": ("G-single", "read atomic"),
    "lost update": ("G-single", "parallel snapshot isolation"),
    "read skew": ("G-single", "parallel snapshot isolation"),
    "long fork": ("G-nonadjacent", "snapshot isolation"),
    "write skew": ("G2-item", "serializable"),
    "read-only anomaly": ("G2-item", "serializable"),
    "stale order": ("G-realtime", "strict serializable"),
}
"""Each anomaly by name: its code, and the weakest level that forbids it. Worst first."""


def anomaly(name: str, members: Sequence[Transaction], lines: Sequence[str]) -> Anomaly:
    """The anomaly of that name."""
    code, broken = KINDS[name]
    return Anomaly(name, code, broken, tuple(dict.fromkeys(each.name for each in members)), tuple(lines))


def circle(name: str, transactions: Sequence[Transaction], edges: Sequence[Edge]) -> Anomaly:
    """The anomaly whose witness is that circle: a line for each edge."""
    edges = _without_moments(edges, len(transactions))
    members = [transactions[edge.source] for edge in edges]
    return anomaly(name, members, [_line(transactions, edge) for edge in edges])


def _without_moments(edges: Sequence[Edge], count: int) -> list[Edge]:
    """Of a way over moments, from one that ended to one that began later, one edge."""
    starts = [at for at, edge in enumerate(edges) if edge.source < count]
    found: list[Edge] = []
    for edge in [*edges[starts[0] :], *edges[: starts[0]]]:
        if edge.source < count:
            found.append(edge)
        else:
            found[-1] = found[-1]._replace(target=edge.target)
    return found


def _line(transactions: Sequence[Transaction], edge: Edge) -> str:
    source, target = transactions[edge.source], transactions[edge.target]
    if edge.kind == "rt":
        return f"{source} had ended; then {target} began [rt]"
    first = "read" if edge.kind == "rw" else "wrote"
    then = "read" if edge.kind == "wr" else "wrote"
    stream = edge.stream
    return f"{source} {first} {stream}@{edge.before}; {target} {then} {stream}@{edge.after} [{edge.kind}]"


def name_of_single(transactions: Sequence[Transaction], edge: Edge) -> str:
    """What a circle is called whose only *rw* is *edge*, if it is no fractured read."""
    reader = transactions[edge.source]
    lost = any(stream == edge.stream and version > edge.after for stream, version in reader.writes)
    return "lost update" if lost else "read skew"


def name_of_skew(transactions: Sequence[Transaction], edges: Sequence[Edge]) -> str:
    """What a circle is called in which one *rw* follows upon another: it may need one that only looks."""
    only_looks = any(not transactions[edge.source].writes for edge in edges)
    return "read-only anomaly" if only_looks else "write skew"
