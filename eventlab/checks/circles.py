"""Circles among transactions, searched from the worst kind to the mildest, each as short as can be found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from .anomalies import Anomaly, circle, name_of_single, name_of_skew
from .dependencies import in_real_time
from .graphs import Edge, components, outgoing, reached, shortest_path
from .transactions import Transaction

STARTS_MAX = 32
"""From how many edges of a knot a shortest circle is looked for. In a larger knot, a shorter one may be missed."""

SINGLES_MAX = 100
"""How many circles with a single rw are drawn. The rest is of the same kind."""


def circles(
    transactions: Sequence[Transaction], edges: Sequence[Edge], torn: Sequence[tuple[int, str]]
) -> Iterator[Anomaly]:
    """What is wrong in the order of *transactions*; *torn* are readers and streams known as fractured reads.

    Where a knot of transactions holds a worse circle, milder ones of it are told only if they are of two transactions.
    """
    count = len(transactions)
    by_write = [edge for edge in edges if edge.kind == "ww"]
    by_sight = [edge for edge in edges if edge.kind != "rw"]
    leaving = outgoing(count, edges)
    knots = components(leaving)
    if len(set(knots)) == count:
        return
    told: dict[int, None] = {}  # the knots of which something was told

    def tell(name: str, found: Sequence[Edge]) -> Anomaly:
        told[knots[found[0].source % count]] = None
        return circle(name, transactions, found)

    for found in _shortest(count, by_write):
        yield tell("dirty write", found)
    for found in _shortest(count, by_sight, "wr"):
        yield tell("circular information flow", found)
    singles = _singles(count, by_sight, [edge for edge in edges if edge.kind == "rw"], knots)
    told |= {knots[number]: None for number, _ in torn}
    known = dict.fromkeys(torn)
    drawn = (edge for edge in singles if (edge.source, edge.stream) not in known)
    for edge in islice(drawn, SINGLES_MAX):
        yield tell(name_of_single(transactions, edge), _closed(count, by_sight, edge))
    untold = [edge for edge in edges if knots[edge.source] not in told and knots[edge.source] == knots[edge.target]]
    for found in _shortest(2 * count, _apart(count, untold)):
        yield tell(
            "long fork", [edge._replace(source=edge.source % count, target=edge.target % count) for edge in found]
        )
    yield from _skews(transactions, edges, singles)
    for found in _shortest(count, [edge for edge in untold if knots[edge.source] not in told]):
        if len(found) > 2:
            yield tell(name_of_skew(transactions, found), found)


def late(transactions: Sequence[Transaction], edges: Sequence[Edge]) -> Iterator[Anomaly]:
    """Of an order that has no circle: circles that real time closes."""
    nodes, waits = in_real_time(transactions)
    for found in _shortest(nodes, [*edges, *waits]):
        yield circle("stale order", transactions, found)


def _shortest(count: int, edges: Sequence[Edge], kind: str = "") -> Iterator[list[Edge]]:
    """A short circle out of each knot; if a *kind* is given, one that holds an edge of it."""
    leaving = outgoing(count, edges)
    knots = components(leaving)
    inside: dict[int, list[Edge]] = {}
    for edge in edges:
        if knots[edge.source] == knots[edge.target]:
            inside.setdefault(knots[edge.source], []).append(edge)
    for knot, held in inside.items():
        best: list[Edge] | None = None
        for edge in islice((edge for edge in held if kind in ("", edge.kind)), STARTS_MAX):
            back = shortest_path(leaving, edge.target, edge.source, lambda way, at=knot: knots[way.target] == at)  # type: ignore[misc]
            if back is not None and (best is None or len(back) + 1 < len(best)):
                best = [edge, *back]
            if best is not None and len(best) <= 2:
                break
        if best is not None:
            yield best


def _singles(count: int, by_sight: Sequence[Edge], by_miss: Sequence[Edge], knots: Sequence[int]) -> list[Edge]:
    """The rw edges from whose target ww and wr alone lead back."""
    leaving = outgoing(count, by_sight)
    asked = [edge for edge in by_miss if knots[edge.source] == knots[edge.target]]
    return reached(leaving, asked, components(leaving))


def _closed(count: int, by_sight: Sequence[Edge], edge: Edge) -> list[Edge]:
    leaving = outgoing(count, by_sight)
    within_stream = shortest_path(leaving, edge.target, edge.source, lambda way: way.stream == edge.stream)
    back = within_stream or shortest_path(leaving, edge.target, edge.source, lambda way: True)
    return [edge, *(back or ())]


def _apart(count: int, edges: Sequence[Edge]) -> list[Edge]:
    """The graph in which no rw follows upon an rw. A transaction stands in it twice, the second time as come to by rw.

    Snapshot isolation is that it has no circle: A. Cerone and A. Gotsman, "Analysing Snapshot Isolation",
    J. ACM 65 (2018).
    """
    found: list[Edge] = []
    for edge in edges:
        if edge.kind == "rw":
            found.append(edge._replace(target=edge.target + count))
        else:
            found += (edge, edge._replace(source=edge.source + count))
    return found


def _skews(transactions: Sequence[Transaction], edges: Sequence[Edge], singles: Sequence[Edge]) -> Iterator[Anomaly]:
    """Two that missed each other's writes."""
    worse = {(edge.source, edge.target): None for edge in singles}
    missed: dict[tuple[int, int], Edge] = {}
    for edge in edges:
        pair = (edge.source, edge.target)
        if edge.kind == "rw" and pair not in missed and pair not in worse:
            missed[pair] = edge
    for (source, target), edge in missed.items():
        if source < target and (target, source) in missed:
            yield circle(name_of_skew(transactions, (edge,)), transactions, (edge, missed[target, source]))
