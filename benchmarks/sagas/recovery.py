"""How long the first of many unfinished sagas waits for a worker that has just started."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.harness import Goal, Row, Sample, measure
from benchmarks.sagas import floor
from benchmarks.sagas.ours import trivial
from benchmarks.store.files import scratch, url
from eventlab.sagas import SagaEngine
from eventlab.store import open_store

UNFINISHED = 10_000
COMMITS = 200


async def leave_unfinished(path: Path, sagas: int) -> None:
    """So many sagas that were started, and then nobody drove them."""
    store = open_store(url(path, "NORMAL"))
    engine = SagaEngine(store, [trivial()])
    for number in range(sagas):
        await engine.start("bench", f"left-{number}", {"number": number})
    await store.close()


async def first_driven_ms(path: Path) -> float:
    """Milliseconds from opening the store until a step of some saga is called."""
    driven = asyncio.Event()
    began = time.perf_counter()
    store = open_store(url(path, "FULL"))
    engine = SagaEngine(store, [trivial(driven.set)])
    recovering = asyncio.create_task(engine.recover())
    await driven.wait()
    waited_ms = 1000 * (time.perf_counter() - began)
    recovering.cancel()
    await asyncio.gather(recovering, return_exceptions=True)
    await engine.stop()
    await store.close()
    return waited_ms


def on_a_copy(left: Path) -> float:
    with scratch() as path:
        shutil.copy(left, path)
        return asyncio.run(first_driven_ms(path))


def rows(unfinished: int = UNFINISHED) -> Iterator[Row]:
    with scratch() as left:
        asyncio.run(leave_unfinished(left, unfinished))
        yield measure(
            f"sagas/first of {unfinished:,} unfinished",
            Sample(partial(on_a_copy, left)),
            "bare commit",
            Sample(partial(floor.commit_ms, COMMITS)),
            goal=Goal(300),
            unit="ms",
        )
