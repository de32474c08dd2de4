"""Four trivial steps as one of our sagas."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.store.files import scratch, url
from eventlab.sagas import Saga, SagaEngine, Status, StepContext, step
from eventlab.store import open_store

NAMES = ("one", "two", "three", "four")
CALLERS = 32
WARM = 8

Clock = Callable[[], float]


def trivial(count: Callable[[], None] = lambda: None) -> Saga:
    """Each step adds one to what it is given, and *count* hears of it."""

    async def add(ctx: StepContext) -> int:
        count()
        return int(ctx.input["number"]) + 1

    async def undo(ctx: StepContext, result: int | None) -> None:
        return None

    return Saga("bench", [step(name, add, undo) for name in NAMES])


async def run_sagas(engine: SagaEngine, prefix: str, numbers: range) -> None:
    """One after the other, each to its end."""
    for number in numbers:
        state = await engine.run("bench", f"{prefix}-{number}", {"number": number})
        assert state.status is Status.COMPLETED


def running(synchronous: str, sagas: int, callers: int = 1, clock: Clock = time.perf_counter) -> float:
    """Seconds on *clock* for each of *sagas* sagas, by so many *callers* at once, in a file of their own."""

    async def run(path: Path) -> float:
        store = open_store(url(path, synchronous))
        engine = SagaEngine(store, [trivial()])
        await run_sagas(engine, "warm", range(WARM))
        began = clock()
        if callers == 1:
            await run_sagas(engine, "saga", range(sagas))
        else:
            await asyncio.gather(*(run_sagas(engine, "saga", range(first, sagas, callers)) for first in range(callers)))
        spent = clock() - began
        await store.close()
        return spent / sagas

    with scratch() as path:
        return asyncio.run(run(path))


def per_second(synchronous: str, sagas: int, callers: int = 1) -> float:
    return 1 / running(synchronous, sagas, callers)


def cpu_ms(sagas: int, callers: int = 1) -> float:
    """CPU of the whole process, its threads included, for one saga that is flushed."""
    return 1000 * running("FULL", sagas, callers, time.process_time)
