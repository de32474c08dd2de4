"""Commands beside `eventsourcing`: read ten events and write one; and a transfer over two accounts.

CPU is that of the whole process, threads and kernel included. Where many callers share a flush it tells what the
programs cost. Where each flushes for itself the flush is most of it, for both: so that row stands without a goal.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from benchmarks.harness import Goal, Row, Sample, measure
from benchmarks.store import rival
from benchmarks.store.files import PAYLOAD_BYTES, scratch, url
from eventlab.codec import event
from eventlab.commands import Command, execute
from eventlab.errors import Refused
from eventlab.store import EventStore, StoredEvent, StreamId, open_store

LENGTH = 10
CALLERS = 32
NOTE = "x" * (PAYLOAD_BYTES - len('{"cents":1,"note":""}'))


@event("benchmarks.Moved")
@dataclass(frozen=True, slots=True)
class Moved:
    cents: int
    note: str


@dataclass(frozen=True)
class Deposit(Command[int]):
    account: StreamId

    def initial(self) -> int:
        return 0

    def apply(self, state: int, stored: StoredEvent) -> int:
        return state + stored.event.cents

    def handle(self, state: int) -> Iterable[tuple[str, object]]:
        return [(self.account, Moved(1, NOTE))]


@dataclass(frozen=True)
class Transfer(Command[int]):
    source: StreamId
    target: StreamId

    def initial(self) -> int:
        return 0

    def apply(self, state: int, stored: StoredEvent) -> int:
        return state + stored.event.cents if stored.stream == self.source else state

    def handle(self, state: int) -> Iterable[tuple[str, object]]:
        if state < 1:
            raise Refused("too_little")
        return [(self.source, Moved(-1, NOTE)), (self.target, Moved(1, NOTE))]


Clock = Callable[[], float]
Kind = str
"""``deposit`` or ``transfer``."""


async def _opened(store: EventStore, accounts: int) -> list[StreamId]:
    names = [StreamId(f"account-{n}") for n in range(accounts)]
    for name in names:
        await store.append([(name, Moved(1, NOTE))] * LENGTH)
    return names


def _ours(kind: Kind, names: Sequence[StreamId]) -> list[Command[int]]:
    if kind == "deposit":
        return [Deposit(name) for name in names]
    return [Transfer(*pair) for pair in zip(names[::2], names[1::2], strict=True)]


def executing(kind: Kind, store_url: str, count: int, callers: int = 1, clock: Clock = time.perf_counter) -> float:
    """Seconds on *clock* for each of *count* commands, every one on accounts of its own."""

    async def one_after_the_other(store: EventStore, commands: Sequence[Command[int]]) -> None:
        for command in commands:
            await execute(store, command)

    async def run() -> float:
        store = open_store(store_url)
        warm = count // 10 * 2
        names = await _opened(store, warm + count * (1 if kind == "deposit" else 2))
        await one_after_the_other(store, _ours(kind, names[:warm]))
        commands = _ours(kind, names[warm:])
        shares: list[Coroutine[Any, Any, None]] = [
            one_after_the_other(store, commands[n::callers]) for n in range(callers)
        ]
        began = clock()
        await (shares[0] if callers == 1 else asyncio.gather(*shares))
        spent = clock() - began
        await store.close()
        return spent / len(commands)

    return asyncio.run(run())


def rivalling(
    kind: Kind, path: Path | None, synchronous: str, count: int, callers: int = 1, clock: Clock = time.perf_counter
) -> float:
    """The same in `eventsourcing`: callers are threads there."""

    def one_after_the_other(some: Sequence[tuple[UUID, ...]]) -> None:
        for ids in some:
            (rival.deposit if kind == "deposit" else rival.transfer)(app, *ids, NOTE)

    with rival.application(path, synchronous) as app:
        warm = count // 10 * 2
        ids = rival.opened(app, warm + count * (1 if kind == "deposit" else 2), LENGTH, NOTE)

        def grouped(some: Sequence[UUID]) -> list[tuple[UUID, ...]]:
            return [(one,) for one in some] if kind == "deposit" else list(zip(some[::2], some[1::2], strict=True))

        one_after_the_other(grouped(ids[:warm]))
        work = grouped(ids[warm:])
        if callers == 1:
            began = clock()
            one_after_the_other(work)
            return (clock() - began) / len(work)
        with ThreadPoolExecutor(callers) as pool:
            began = clock()
            list(pool.map(one_after_the_other, [work[n::callers] for n in range(callers)]))
            return (clock() - began) / len(work)


def ours(kind: Kind, synchronous: str | None, count: int, callers: int = 1) -> float:
    """Commands per second; in memory where *synchronous* is None."""
    with scratch() as path:
        return 1 / executing(kind, "memory:" if synchronous is None else url(path, synchronous), count, callers)


def theirs(kind: Kind, synchronous: str | None, count: int, callers: int = 1) -> float:
    with scratch() as path:
        return 1 / rivalling(kind, None if synchronous is None else path, synchronous or "", count, callers)


def our_cpu_ms(kind: Kind, count: int, callers: int) -> float:
    """CPU of the whole process, its threads included, for one command that is flushed."""
    with scratch() as path:
        return 1000 * executing(kind, url(path, "FULL"), count, callers, time.process_time)


def their_cpu_ms(kind: Kind, count: int, callers: int) -> float:
    with scratch() as path:
        return 1000 * rivalling(kind, path, "FULL", count, callers, time.process_time)


def rows() -> Iterator[Row]:
    beside = "eventsourcing"
    yield measure(
        "memory/command of 10 events",
        Sample(lambda: ours("deposit", None, 500)),
        beside,
        Sample(lambda: theirs("deposit", None, 500)),
        goal=Goal(10, "at least"),
        unit="/s",
    )
    for kind, what in (("deposit", "command of 10 events"), ("transfer", "transfer over two streams")):
        yield measure(
            f"sqlite/{what}, NORMAL",
            Sample(lambda kind=kind: ours(kind, "NORMAL", 300)),
            beside,
            Sample(lambda kind=kind: theirs(kind, "NORMAL", 300)),
            goal=Goal(5, "at least"),
            unit="/s",
        )
        for callers, goal in ((CALLERS, Goal(0.2)), (1, None)):
            yield measure(
                f"sqlite/{what}, FULL: CPU, {callers} callers",
                Sample(lambda kind=kind, callers=callers: our_cpu_ms(kind, 320, callers)),
                beside,
                Sample(lambda kind=kind, callers=callers: their_cpu_ms(kind, 320, callers)),
                goal=goal,
                unit="ms",
            )
        yield measure(
            f"sqlite/{what}, FULL, {CALLERS} callers",
            Sample(lambda kind=kind: ours(kind, "FULL", 640, CALLERS)),
            beside,
            Sample(lambda kind=kind: theirs(kind, "FULL", 640, CALLERS)),
            goal=Goal(5, "at least"),
            unit="/s",
        )
