"""A thread that flushes to the disk: whoever comes while it does waits for the next flush, all together."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from queue import Empty, SimpleQueue
from typing import Protocol

from ...runtime import in_simulation, monotonic
from .append import Append, Outcome
from .pacing import HALF_MIN, Pace
from .writers import BATCH_MAX, Entering, Waiting, answer, anywhere


class Flushing(Protocol):
    """Says that all is written but not flushed yet: what follows holds up this thread, and no other."""

    def __call__(self) -> None: ...


class Commit(Protocol):
    """Commits some appends together, and gives an outcome for each."""

    def __call__(self, appends: Sequence[Append], flushing: Flushing, /) -> list[Outcome]: ...


class ThreadWriter:
    """Hands appends to a thread of its own, which is started with the first one."""

    def __init__(self, commit: Commit, name: str, pace: Pace | None = None, entering: Entering = anywhere) -> None:
        self._commit, self._entering = commit, entering
        self._loop: asyncio.AbstractEventLoop | None = None
        self._name = name
        self._pace = pace or Pace()
        self._queue: SimpleQueue[Waiting | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def at_once(self, append: Append) -> None:
        """Never: flushing would hold up the loop."""

    def later(self, append: Append) -> asyncio.Future[Outcome]:
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._entering(loop)
            self._loop = loop
        if self._thread is None:
            work = _Work(self._queue, self._commit, self._pace)
            self._thread = threading.Thread(target=work.run, name=self._name, daemon=True)
            self._thread.start()
        future: asyncio.Future[Outcome] = loop.create_future()
        self._queue.put((append, future))
        return future

    def stop(self) -> None:
        """Ask the thread to end after what waits."""
        self._queue.put(None)

    async def finish(self) -> None:
        thread = self._thread
        if thread is None:
            return
        self.stop()
        if in_simulation():  # the thread was started outside this world, and does not need its loop
            thread.join()
        else:
            await asyncio.to_thread(thread.join)
        self._thread = None


class _Work:
    """What the thread does. It knows nothing of the store, so that a forgotten store can be collected."""

    def __init__(self, queue: SimpleQueue[Waiting | None], commit: Commit, pace: Pace) -> None:
        self._queue, self._commit, self._pace = queue, commit, pace
        self._ended = False
        self._held: tuple[Sequence[Waiting], Sequence[Outcome]] | None = None
        """Committed, and not answered yet: their callers get the time of the next flush to come again."""

    def run(self) -> None:
        while not self._ended:
            batch = self._take()
            if not batch:
                continue
            if len(batch) < HALF_MIN:
                self._give()
            try:
                outcomes: Sequence[Outcome] = self._commit([append for append, _ in batch], self._flushing)
            except Exception as error:
                outcomes = [error] * len(batch)
            self._pace.flushed()
            self._give()
            self._held = batch, outcomes
            if self._queue.empty() or not self._pace.halves:
                self._give()
        self._give()

    def _take(self) -> list[Waiting]:
        """Those who wait, or half of them; whoever waits for the next one, until it comes."""
        batch: list[Waiting] = []
        next_one = self._queue.get()
        held = 0 if self._held is None else len(self._held[0])
        size = self._pace.size_of(self._queue.qsize() + 1, held, BATCH_MAX)
        while next_one is not None:
            batch.append(next_one)
            if len(batch) == size:
                break
            try:
                next_one = self._queue.get_nowait()
            except Empty:
                break
        self._ended = next_one is None
        return batch

    def _flushing(self) -> None:
        self._give()
        self._pace.flushing()

    def _give(self) -> None:
        if self._held is None:
            return
        (batch, outcomes), self._held = self._held, None
        by_loop: dict[asyncio.AbstractEventLoop, tuple[list[Waiting], list[Outcome]]] = {}
        for waiting, outcome in zip(batch, outcomes, strict=True):
            waiting_there, outcomes_there = by_loop.setdefault(waiting[1].get_loop(), ([], []))
            waiting_there.append(waiting)
            outcomes_there.append(outcome)
        for loop, (waiting_there, outcomes_there) in by_loop.items():
            try:
                loop.call_soon_threadsafe(_answer, loop, waiting_there, outcomes_there, self._pace)
            except RuntimeError:
                continue  # the loop was closed: its callers are gone


def _answer(loop: asyncio.AbstractEventLoop, batch: Sequence[Waiting], outcomes: Sequence[Outcome], pace: Pace) -> None:
    began_s = monotonic()
    answer(batch, outcomes)
    loop.call_soon(pace.turned, began_s)  # after all those who were just told
