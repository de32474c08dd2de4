"""What a large log costs: memory while it is read, and each append and read, beside a small one.

In the log, the events of a stream stand together, as those of an order do
that is through in a minute. Where a thousand streams are written turn about,
each event of a stream is on a page of its own, and reading it cold costs a
page for each: that is a row without a goal.
"""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from benchmarks.harness import Goal, Row, Sample, fact, measure
from benchmarks.store.files import NOTED, bare, fill, url
from eventlab.store import open_store

LENGTH = 10
SMALL, LARGE, HUGE = 1_000, 1_000_000, 10_000_000
OPERATIONS = 2_000


@lru_cache
def _folder() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="eventlab-bench-")


@lru_cache
def filled(events: int, at_a_time: int) -> Path:
    """A file with so many events, in streams of ten. Made once: what samples add to it is nothing beside them."""
    path = Path(_folder().name) / f"{events}-{at_a_time}.db"
    with bare(path) as connection:
        fill(connection, events // LENGTH, LENGTH, at_a_time=at_a_time)
    return path


def appending(events: int, chance: Random) -> float:
    """Microseconds for one event, appended to any of the streams."""
    streams = [f"s-{chance.randrange(events // LENGTH)}" for _ in range(OPERATIONS)]

    path = filled(events, 1)

    async def run() -> float:
        store = open_store(url(path, "NORMAL"))

        async def append() -> None:
            for stream in streams:
                await store.append([(stream, NOTED)])

        await append()
        cost = await _per_operation(append)
        await store.close()
        return cost

    return asyncio.run(run())


def loading(events: int, chance: Random, at_a_time: int = 1) -> float:
    """Microseconds to load the first ten events of any stream."""
    streams = [f"s-{chance.randrange(events // LENGTH)}" for _ in range(OPERATIONS)]

    path = filled(events, at_a_time)

    async def run() -> float:
        store = open_store(url(path, "NORMAL"))

        async def load() -> None:
            for stream in streams:
                await store.read(stream, to=LENGTH)

        await load()
        cost = await _per_operation(load)
        await store.close()
        return cost

    return asyncio.run(run())


def paging(events: int, chance: Random) -> float:
    """Microseconds for one event of a page of the log, from anywhere in it."""
    places = [chance.randrange(events - 100) for _ in range(OPERATIONS // 10)]

    path = filled(events, 1)

    async def run() -> float:
        store = open_store(url(path, "NORMAL"))

        async def read() -> None:
            for place in places:
                await store.read_all(place, limit=100)

        await read()
        cost = await _per_operation(read) / 10
        await store.close()
        return cost

    return asyncio.run(run())


async def _per_operation(work: object) -> float:
    loop = asyncio.get_running_loop()
    began = loop.time()
    await work()  # type: ignore[operator]
    return (loop.time() - began) * 1e6 / OPERATIONS


def memory_growth_mb(events: int) -> float:
    """What reading the whole log adds to the peak of a fresh process that has opened the store."""
    program = [sys.executable, "-m", "benchmarks.store.growth", url(filled(events, 1), "NORMAL")]
    return float(subprocess.run(program, capture_output=True, text=True, check=True).stdout)


def _read_everything(store_url: str) -> None:
    """In a process of its own: print by how many megabytes its peak grew."""

    async def run() -> float:
        store = open_store(store_url)
        await store.read_all(limit=1)
        before, after = _peak_mb(), 0
        while page := await store.read_all(after):
            for stored in page:
                stored.event  # noqa: B018  # asking decodes it
            after = page[-1].position
        await store.close()
        return _peak_mb() - before

    print(asyncio.run(run()))


def _peak_mb() -> float:
    status = Path("/proc/self/status")
    if status.exists():  # what getrusage says begins, on Linux, with the peak of the process that started this one
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return float(line.split()[1]) / 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def _rows(large: int) -> Iterator[Row]:
    yield fact(f"sqlite/memory to read {large:.0e} events", memory_growth_mb(large), "MB", goal=Goal(100))
    for what, cost in (("append", appending), ("load a stream", loading), ("read the log", paging)):
        yield measure(
            f"sqlite/{what} at {large:.0e} events",
            Sample(lambda cost=cost: cost(large, Random(1))),
            f"at {SMALL:.0e}",
            Sample(lambda cost=cost: cost(SMALL, Random(1))),
            goal=Goal(1.5),
            rounds=5,
        )
    yield measure(
        f"sqlite/load a scattered stream at {large:.0e} events",
        Sample(lambda: loading(large, Random(1), 1000)),
        f"at {SMALL:.0e}",
        Sample(lambda: loading(SMALL, Random(1), 1000)),
        rounds=5,
    )
    filled.cache_clear()
    _folder().cleanup()
    _folder.cache_clear()


def rows() -> Iterator[Row]:
    return _rows(LARGE)


def soak_rows() -> Iterator[Row]:
    """Ten times as much."""
    return _rows(HUGE)


if __name__ == "__main__":
    _read_everything(sys.argv[1])
