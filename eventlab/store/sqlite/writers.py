"""Who commits, and when: the loop's thread, once per tick, or a thread of its own (`threaded`).

Nothing here is bounded by itself: every append that waits holds its caller,
so there are never more of them than callers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol, TypeAlias

from .append import Append, Commit, Outcome

BATCH_MAX = 1000
"""Appends in one transaction at most, so that the first of many callers does not wait for ever."""

Waiting: TypeAlias = tuple[Append, asyncio.Future[Outcome]]


AT_ONCE_MAX = 128
"""Appends of one caller in one tick that commit at once: then the loop gets its turn, and with it everybody else."""


class Writer(Protocol):
    """Commits an append, sooner or later, alone or with others."""

    def at_once(self, append: Append) -> Outcome | None:
        """Commit it now, alone; None if it has to wait."""

    def later(self, append: Append) -> asyncio.Future[Outcome]:
        """What becomes of it, for one that has to wait."""

    async def finish(self) -> None:
        """Commit what waits, then end."""


async def written(writer: Writer, append: Append) -> Outcome:
    """What becomes of *append*, now or later."""
    outcome = writer.at_once(append)
    return await writer.later(append) if outcome is None else outcome


class Entering(Protocol):
    """Told of each loop that is going to write, before it does; raises if that one may not."""

    def __call__(self, loop: asyncio.AbstractEventLoop, /) -> None: ...


def anywhere(_: asyncio.AbstractEventLoop) -> None:
    """Any loop may."""


class InlineWriter:
    """At once, each append in a transaction of its own: inside a world, time does not pass meanwhile."""

    def __init__(self, commit: Commit) -> None:
        self._commit = commit

    def at_once(self, append: Append) -> Outcome:
        return self._commit((append,))[0]

    def later(self, append: Append) -> asyncio.Future[Outcome]:
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        future.set_result(self.at_once(append))
        return future

    async def finish(self) -> None: ...


class TickWriter:
    """On the loop's thread: the first caller of a tick at once, those that come after it together in the next.

    While several callers come in every tick, the first waits for the others too.
    """

    def __init__(self, commit: Commit, entering: Entering = anywhere) -> None:
        self._commit, self._entering = commit, entering
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: list[Waiting] = []
        self._tick_is_due = False
        self._crowded = False
        self._first: asyncio.Task[object] | None = None
        self._at_once = 0

    def at_once(self, append: Append) -> Outcome | None:
        loop = asyncio.get_running_loop()
        if loop is not self._loop:  # the tick of a loop that was closed never comes
            self._entering(loop)
            self._loop, self._tick_is_due, self._crowded = loop, False, False
        caller = asyncio.current_task(loop)
        if not self._tick_is_due:
            self._tick_is_due = True
            loop.call_soon(self._tick)
            self._first, self._at_once = caller, 0
        if self._crowded or caller is not self._first or self._at_once >= AT_ONCE_MAX:
            return None
        self._at_once += 1
        return self._commit((append,))[0]

    def later(self, append: Append) -> asyncio.Future[Outcome]:
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append((append, future))
        return future

    async def finish(self) -> None:
        self._tick()
        while self._waiting:
            self._tick()

    def _tick(self) -> None:
        self._tick_is_due, self._first = False, None
        # Whoever was cancelled while waiting has written nothing.
        waiting = [(append, future) for append, future in self._waiting if not future.done()]
        self._waiting = waiting[BATCH_MAX:]
        batch = waiting[:BATCH_MAX]
        self._crowded = len(batch) > 1
        if batch:
            answer(batch, self._commit([append for append, _ in batch]))
        if self._waiting and self._loop is not None:
            self._tick_is_due = True
            self._loop.call_soon(self._tick)


def answer(batch: Sequence[Waiting], outcomes: Sequence[Outcome]) -> None:
    """Tell each caller of *batch* what became of its append."""
    for (_, future), outcome in zip(batch, outcomes, strict=True):
        if not future.done():  # its caller may have been cancelled
            future.set_result(outcome)
