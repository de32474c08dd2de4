"""Judging the isolation of ten thousand transactions: with nothing wrong, and with anomalies in one large knot."""

from __future__ import annotations

import random
from collections.abc import Iterator

from benchmarks.harness import Goal, Row, fact, main, per_unit
from eventlab.checks import Transaction, strict_serializable

TRANSACTIONS = 10_000
CLIENTS = 10


def history(streams: int, late: float) -> list[Transaction]:
    """Each reads two streams and writes one of them; of *late* of them, the other read is some transactions old."""
    chance = random.Random(1)
    now = dict.fromkeys((f"s{at}" for at in range(streams)), 0)
    earlier, found = [dict(now)], []
    for number in range(TRANSACTIONS):
        written, other = chance.sample(sorted(now), 2)
        back = chance.randint(1, 5) if chance.random() < late else 1
        reads = ((written, now[written]), (other, earlier[-min(back, len(earlier))][other]))
        now[written] += 1
        client = f"client-{number % CLIENTS}"
        found.append(
            Transaction(f"T{number + 1}", reads, ((written, now[written]),), "ok", client, number - 0.5, number + 0.4)
        )
        earlier = [*earlier[-9:], dict(now)]
    return found


def seconds(streams: int, late: float) -> float:
    """What it takes to judge them."""
    given = history(streams, late)
    return per_unit(lambda: strict_serializable(given), 1, scale=1)


def rows() -> Iterator[Row]:
    yield fact("isolation/10,000, none wrong", seconds(100, 0), "s", goal=Goal(5))
    yield fact("isolation/10,000, one large knot", seconds(5, 1), "s", goal=Goal(15))


if __name__ == "__main__":
    main(rows)
