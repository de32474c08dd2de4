"""From what length on kept states pay: a command that decides on a long stream, with its state kept and without.

The command writes nothing, so that only loading counts. Its kept state is 50
events behind, as one that is kept every 100 events is on average, and a
hundredth of what keeping costs is added to each load. The memory store hands
out events that are decoded already, which no other store can: there they pay late.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from benchmarks.harness import Row, Sample, fact, main, measure
from benchmarks.store.commands import NOTE, Moved
from benchmarks.store.files import scratch, url
from eventlab.commands import Command, Snapshot, execute
from eventlab.store import EventStore, StoredEvent, StreamId, open_store

EVERY = 100
BEHIND = EVERY // 2
LENGTHS = (60, 80, 100, 150, 200, 400, 1000, 4000)
ACCOUNT = StreamId("account-1")


@dataclass(frozen=True)
class Look(Command[int]):
    """Folds the account, and leaves it as it is."""

    account: StreamId

    def initial(self) -> int:
        return 0

    def apply(self, state: int, stored: StoredEvent) -> int:
        return state + int(stored.event.cents)

    def handle(self, state: int) -> Iterable[tuple[str, object]]:
        return ()


@dataclass(frozen=True)
class LookAgain(Look):
    snapshot = Snapshot("benchmarks.balance", every=EVERY)


@dataclass(frozen=True)
class Keep(Look):
    """The same fold under the same name, kept at once."""

    snapshot = Snapshot("benchmarks.balance", every=1)


async def _filled(store: EventStore, length: int) -> None:
    """A stream of that length, and a state of it that is kept, so many events behind."""
    await store.append([(ACCOUNT, Moved(1, NOTE))] * (length - BEHIND))
    await execute(store, Keep(ACCOUNT))
    await store.append([(ACCOUNT, Moved(1, NOTE))] * BEHIND)


def loading(store_url: str, length: int, command: Command[int], count: int) -> float:
    """Microseconds for each of *count* executions."""

    async def run() -> float:
        store = open_store(store_url)
        await _filled(store, length)
        for _ in range(max(2, count // 10)):
            await execute(store, command)
        began = time.perf_counter()
        for _ in range(count):
            await execute(store, command)
        spent = time.perf_counter() - began
        await store.close()
        return spent / count * 1e6

    return asyncio.run(run())


def keeping(store_url: str, count: int) -> float:
    """Microseconds that keeping a state adds to an execution."""

    async def run() -> float:
        store = open_store(store_url)
        await _filled(store, EVERY)
        await execute(store, Keep(ACCOUNT))
        added: list[float] = []
        for _ in range(count):
            await store.append([(ACCOUNT, Moved(1, NOTE))])
            began = time.perf_counter()
            await execute(store, LookAgain(ACCOUNT))  # one event behind, and too soon to keep it
            between = time.perf_counter()
            await execute(store, Keep(ACCOUNT))
            added.append((time.perf_counter() - between) - (between - began))
        await store.close()
        return statistics.median(added) * 1e6

    return asyncio.run(run())


def crossing(ratios: list[tuple[int, float]]) -> float | None:
    """The length at which the ratio falls below one, between the lengths that were measured."""
    for (shorter, above), (longer, below) in pairwise(ratios):
        if above > 1 >= below:
            return shorter + (longer - shorter) * (above - 1) / (above - below)
    return float(ratios[0][0]) if ratios[0][1] <= 1 else None


def _backend_rows(backend: str, somewhere: Callable[[Callable[[str], float]], float]) -> Iterator[Row]:
    taken_us = statistics.median(somewhere(lambda at: keeping(at, 30)) for _ in range(5))
    yield fact(f"{backend}/keeping a state", taken_us, "µs")
    ratios: list[tuple[int, float]] = []
    for length in LENGTHS:
        count = max(5, 20_000 // length)

        def sample(command: Command[int], extra_us: float, length: int = length, count: int = count) -> Sample:
            return Sample(lambda: extra_us + somewhere(lambda at: loading(at, length, command, count)))

        row = measure(
            f"{backend}/command on {length} events, kept",
            sample(LookAgain(ACCOUNT), taken_us / EVERY),
            "all events",
            sample(Look(ACCOUNT), 0.0),
        )
        ratios.append((length, row.ratio or 0.0))
        yield row
    length_paid = crossing(ratios)
    if length_paid is not None:
        yield fact(f"{backend}/kept states pay from", round(length_paid), "events")


def _in_file(work: Callable[[str], float]) -> float:
    with scratch() as path:
        return work(url(path, "FULL"))


def rows() -> Iterator[Row]:
    yield from _backend_rows("memory", lambda work: work("memory:"))
    yield from _backend_rows("sqlite", _in_file)


if __name__ == "__main__":
    main(rows)
