"""Checkers on histories of 10,000 operations, beside sorting the history and going over it once."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from benchmarks.harness import Goal, Row, Sample, fact, main, measure, per_unit
from eventlab.checks import linearizable
from eventlab.history import Operation

OPERATIONS, CLIENTS, SUBJECTS = 10_000, 10, 5


def registers() -> list[Operation]:
    """What ten clients ask five registers that are one copy each; each client asks again once it was answered."""
    chance, held, told = random.Random(7), [0] * SUBJECTS, []
    free_s = [chance.random() for _ in range(CLIENTS)]
    moments = []
    for number in range(OPERATIONS):
        client = number % CLIENTS
        begun = free_s[client]
        effect, ended = begun + chance.random(), begun + 1 + chance.random()
        free_s[client] = ended + chance.random() / 10
        moments.append((effect, begun, ended, client, number))
    for _, begun, ended, client, number in sorted(moments):
        subject, writes = chance.randrange(SUBJECTS), chance.random() < 0.5
        if writes:
            held[subject] = number
        what, value, result = ("write", number, None) if writes else ("read", None, held[subject])
        told.append(Operation(f"c{client}", what, f"r{subject}", begun, value, "ok", ended, result))
    return told


def judged(history: list[Operation]) -> None:
    assert linearizable(history, initial=0).valid is True


def gone_over(history: list[Operation]) -> None:
    """Every invocation and every end in the order of time, with what is held by each register."""
    moments = [(each.invoked, 0, each) for each in history] + [(each.ended or 0, 1, each) for each in history]
    moments.sort(key=lambda moment: moment[:2])
    held: dict[str, object] = {}
    for _, is_end, each in moments:
        if is_end and each.operation == "write":
            held[each.subject] = each.value


def each(work: Callable[[list[Operation]], None], history: list[Operation]) -> Sample:
    return Sample(lambda: per_unit(lambda: work(history), len(history)))


def rows() -> Iterator[Row]:
    history = registers()
    row = measure(
        "checks/linearizable",
        each(judged, history),
        "checks/sort and one pass",
        each(gone_over, history),
        goal=Goal(60),
        rounds=5,
    )
    yield row
    yield fact("checks/linearizable, 10,000 operations", (row.value or 0) * OPERATIONS / 1e6, "s", goal=Goal(5))


if __name__ == "__main__":
    main(rows)
