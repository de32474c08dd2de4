"""Which transaction comes before which, by the versions that they read and wrote.

The three kinds of A. Adya, "Weak Consistency: A Generalized Theory and Optimistic Implementations for Distributed
Transactions", MIT 1999: *ww*, the target wrote the next version; *wr*, the target read what the source had written;
*rw*, the source read, and the target wrote the next version. And *rt*, the source had ended before the target began.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import msgspec

from .graphs import Edge
from .transactions import Transaction

Writers = Mapping[str, Sequence[tuple[int, int]]]
"""For each stream the versions written, in order, each with the number of its transaction."""


class Settled(msgspec.Struct, frozen=True):
    """What took effect, what did not, what nobody can tell, and where a version has two writers that took effect."""

    happened: tuple[Transaction, ...]
    aborted: tuple[Transaction, ...]
    unsettled: tuple[Transaction, ...]
    rivals: tuple[tuple[str, int, Transaction, Transaction], ...]


def settled(transactions: Iterable[Transaction]) -> Settled:
    """Decide of every unknown outcome: it took effect if others saw it, and nobody else can have written that.

    Whoever wrote a later version saw it as well, since the versions of a stream have no gaps.

    What nobody saw is left out, for it can only break a level if it did happen, and nobody can say that it did.
    """
    given = list(transactions)
    happened = [each for each in given if each.outcome == "ok"]
    owner: dict[tuple[str, int], Transaction] = {}
    rivals = []
    for each in happened:
        for stream, version in each.writes:
            other = owner.setdefault((stream, version), each)
            if other is not each:
                rivals.append((stream, version, other, each))
    unknown = [each for each in given if each.outcome == "unknown"]
    happened += _seen_among(unknown, happened, owner)
    order = {id(each): number for number, each in enumerate(given)}
    happened.sort(key=lambda each: order[id(each)])
    aborted = tuple(each for each in given if each.outcome == "failed")
    took_effect = {id(each) for each in happened}
    left_open = tuple(each for each in unknown if id(each) not in took_effect)
    return Settled(tuple(happened), aborted, left_open, tuple(rivals))


def _seen_among(
    unknown: list[Transaction], happened: list[Transaction], owner: dict[tuple[str, int], Transaction]
) -> list[Transaction]:
    read_to: dict[str, int] = {}
    claims: dict[tuple[str, int], int] = {}
    for each in unknown:
        for write in each.writes:
            claims[write] = claims.get(write, 0) + 1
    unplaced = Counter(stream for each in (*happened, *unknown) for stream in dict.fromkeys(each.unplaced))

    def note(each: Transaction) -> None:
        for stream, version in (*each.reads, *each.writes):
            read_to[stream] = max(version, read_to.get(stream, 0))

    for each in happened:
        note(each)
    found: list[Transaction] = []

    def is_its_own(each: Transaction, write: tuple[str, int]) -> bool:
        others = unplaced[write[0]] - (write[0] in each.unplaced)
        return write not in owner and claims[write] == 1 and not others

    pending = [each for each in unknown if all(is_its_own(each, write) for write in each.writes)]
    while seen := [each for each in pending if any(read_to.get(stream, 0) >= at for stream, at in each.writes)]:
        # What took effect has read as well, and may have seen others of which nobody knows.
        for each in seen:
            note(each)
        found += seen
        taken = {id(each) for each in seen}
        pending = [each for each in pending if id(each) not in taken]
    return found


def writers_of(transactions: Sequence[Transaction]) -> dict[str, list[tuple[int, int]]]:
    """Who wrote which version of each stream, in the order of versions; of two writers of one version, the first."""
    found: dict[str, dict[int, int]] = {}
    for number, each in enumerate(transactions):
        for stream, version in each.writes:
            found.setdefault(stream, {}).setdefault(version, number)
    return {stream: sorted(by_version.items()) for stream, by_version in found.items()}


def strangers(found: Settled, writers: Writers) -> list[Transaction]:
    """Whoever wrote what was read or written upon, and is not in the history: the versions of a stream have no gaps.

    Each is somebody of its own who did nothing else, as far as anybody knows. There are none where a failed one is to
    blame, or where one that took effect wrote at a version that nobody noted.
    """
    taken = {(stream, version) for stream, written in writers.items() for version, _ in written}
    taken.update(write for each in found.aborted for write in each.writes)
    unplaced = {stream for each in found.happened for stream in each.unplaced}
    gaps: dict[tuple[str, int], None] = {}
    for each in found.happened:
        below = ((stream, version - 1) for stream, version in each.writes)
        gaps |= dict.fromkeys(at for at in (*each.reads, *below) if at[1] and at not in taken and at[0] not in unplaced)
    return [Transaction("a stranger", writes=(at,)) for at in gaps]


def come_between(strangers: Iterable[Transaction], transactions: Iterable[Transaction]) -> bool:
    """Whether one of *strangers* wrote upon what some of *transactions* had read or written, or claimed to have.

    Then others were at work at the same time. Those who wrote before all that is known have only prepared the ground.
    """
    first: dict[str, int] = {}
    for each in transactions:
        for stream, version in (*each.reads, *each.writes):
            first[stream] = min(version, first.get(stream, version))
    return any(first[stream] < version for each in strangers for stream, version in each.writes)


def known_alone(found: Settled) -> Settled:
    """Only what is known to have taken effect: what others claim to have written, strangers may have written."""
    happened = tuple(each for each in found.happened if each.outcome == "ok")
    doubtful = tuple(each for each in found.happened if each.outcome != "ok")
    return msgspec.structs.replace(found, happened=happened, aborted=(), unsettled=(*found.unsettled, *doubtful))


def dependencies(transactions: Sequence[Transaction], writers: Writers) -> list[Edge]:
    """What follows from the order of versions, without what follows from two others.

    A version without a known writer was written by somebody who is not in the history: what was read lies between
    its nearest known neighbours, since the versions of a stream have no gaps.
    """
    edges = [
        Edge(source, target, "ww", stream, before, after)
        for stream, written in writers.items()
        for (before, source), (after, target) in pairwise(written)
        if source != target
    ]
    for number, each in enumerate(transactions):
        for stream, version in each.reads:
            edges += _of_read(number, stream, version, writers.get(stream, ()))
    return edges


def _of_read(reader: int, stream: str, version: int, written: Sequence[tuple[int, int]]) -> Iterable[Edge]:
    at = bisect_right(written, (version, len(written) + _MANY))
    source = -1
    if at:
        before, source = written[at - 1]
        if source != reader:
            yield Edge(source, reader, "wr", stream, before, version)
    # More of the same writer is no later version, but an intermediate read.
    while at < len(written) and written[at][1] == source:
        at += 1
    if at < len(written) and written[at][1] != reader:
        after, target = written[at]
        yield Edge(reader, target, "rw", stream, version, after)


_MANY = 1 << 60


def in_real_time(transactions: Sequence[Transaction]) -> tuple[int, list[Edge]]:
    """Edges by which whatever ended comes before whatever began later, and how many nodes there are with them.

    Not an edge for each pair: the ends are strung together on moments, nodes of their own behind the transactions.
    One who ends at the very moment at which another begins, comes before nobody; nor does one with an unknown outcome,
    which may have taken effect after its client had given up.
    """
    moments = [(each.began, 0, number) for number, each in enumerate(transactions) if each.began is not None]
    moments += [(each.ended or 0.0, 1, number) for number, each in enumerate(transactions) if _has_ended(each)]
    edges: list[Edge] = []
    last, nodes = -1, len(transactions)
    for _, is_end, number in sorted(moments):
        if is_end:
            edges.append(Edge(number, nodes, "rt"))
            if last >= 0:
                edges.append(Edge(last, nodes, "rt"))
            last, nodes = nodes, nodes + 1
        elif last >= 0:
            edges.append(Edge(last, number, "rt"))
    return nodes, edges


def _has_ended(transaction: Transaction) -> bool:
    return transaction.ended is not None and transaction.outcome != "unknown"
