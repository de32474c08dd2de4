"""Anomalies that show in what one transaction read, without any circle to be searched for."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise

from .anomalies import Anomaly, anomaly, circle
from .dependencies import Settled, Writers
from .graphs import Edge
from .transactions import Transaction

Torn = tuple[int, str, Anomaly]
"""A reader, the stream in which it missed what it saw elsewhere, and what that is called."""


def rivals(found: Settled) -> Iterator[Anomaly]:
    """Versions that two wrote: the store has forgotten, or forked, or somebody lies."""
    for stream, version, first, second in found.rivals:
        yield anomaly(
            "two writers of one version", (first, second), (f"{first} wrote {stream}@{version}; so did {second}",)
        )


def aborted_reads(found: Settled, writers: Writers) -> Iterator[Anomaly]:
    """Reads of what a failed transaction wrote, also with something on top of it: a stream is read whole.

    It is none where another may have written that version: one with an unknown outcome, or at a version nobody noted.
    """
    aborted: dict[str, list[tuple[int, Transaction]]] = {}
    kept = {(stream, version) for stream, written in writers.items() for version, _ in written}
    kept |= {write for each in found.unsettled for write in each.writes}
    unplaced = {stream for each in (*found.happened, *found.unsettled) for stream in each.unplaced}
    for each in found.aborted:
        for stream, version in each.writes:
            if (stream, version) not in kept and stream not in unplaced:
                aborted.setdefault(stream, []).append((version, each))
    firsts = {stream: min(written, key=lambda pair: pair[0]) for stream, written in aborted.items()}
    for reader in found.happened if firsts else ():
        for stream, version in reader.reads:
            if stream in firsts and firsts[stream][0] <= version:
                at, writer = firsts[stream]
                line = f"{writer} wrote {stream}@{at} and failed; {reader} read {stream}@{version}"
                yield anomaly("aborted read", (writer, reader), (line,))


def intermediate_reads(transactions: Sequence[Transaction], writers: Writers) -> Iterator[Anomaly]:
    """Reads of a part of what one transaction wrote to one stream."""
    last = [dict(sorted(each.writes)) for each in transactions]
    for reader in transactions:
        for stream, version in reader.reads:
            written = writers.get(stream, ())
            at = bisect_right(written, version, key=lambda pair: pair[0])
            if not at:
                continue
            before, number = written[at - 1]
            writer = transactions[number]
            if writer is not reader and last[number][stream] > version:
                line = f"{writer} wrote {stream}@{before} and then {stream}@{last[number][stream]}"
                yield anomaly("intermediate read", (writer, reader), (f"{line}; {reader} read {stream}@{version}",))


def unrepeated_reads(transactions: Sequence[Transaction], writers: Writers) -> Iterator[Torn]:
    """One stream read twice by one, and a writer came in between."""
    for number, reader in enumerate(transactions):
        seen = sorted(reader.reads)
        for (stream, version), (again, later) in pairwise(seen):
            if stream != again:
                continue
            for at, writer in writers.get(stream, ()):
                if version < at <= later and writer != number:
                    saw_it = Edge(writer, number, "wr", stream, at, later)
                    missed_it = Edge(number, writer, "rw", stream, version, at)
                    yield number, stream, circle("non-repeatable read", transactions, (saw_it, missed_it))
                    break


Pairs = dict[tuple[str, str], list[tuple[int, int, int]]]
"""Of two streams, in order: a first version in the one, a last version in the other, and whose they are."""


def fractured_reads(transactions: Sequence[Transaction]) -> Iterator[Torn]:
    """Who saw one part of what another wrote and missed the other: the reader, the stream that it missed, and how.

    P. Bailis et al., "Scalable Atomic Visibility with RAMP Transactions", SIGMOD 2014, for streams that are read whole.
    """
    together = _written_together(transactions)
    streams = {stream: None for pair in together for stream in pair}
    for number, reader in enumerate(transactions):
        seen = [read for read in reader.reads if read[0] in streams]
        for saw, version in seen:
            for missed, at in seen:
                torn = _torn(together.get((saw, missed), ()), version, at, number)
                if torn is not None:
                    first, last, writer = torn
                    saw_it = Edge(writer, number, "wr", saw, first, version)
                    missed_it = Edge(number, writer, "rw", missed, at, last)
                    yield number, missed, circle("fractured read", transactions, (saw_it, missed_it))


def _written_together(transactions: Sequence[Transaction]) -> Pairs:
    found: Pairs = {}
    for number, each in enumerate(transactions):
        first = dict(sorted(each.writes, reverse=True))
        last = dict(sorted(each.writes))
        for one in first:
            for other in last:
                if one != other:
                    found.setdefault((one, other), []).append((first[one], last[other], number))
    for pairs in found.values():
        pairs.sort()
    return found


def _torn(pairs: Sequence[tuple[int, int, int]], version: int, missed: int, reader: int) -> tuple[int, int, int] | None:
    """The last of *pairs* that was seen in the one stream, if it was missed in the other.

    Those before it wrote less in both, or there is a dirty write, which is worse.
    """
    at = bisect_right(pairs, version, key=lambda pair: pair[0])
    if at and pairs[at - 1][2] == reader:
        at -= 1
    return pairs[at - 1] if at and pairs[at - 1][1] > missed else None
