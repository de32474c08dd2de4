"""What a driver waits for: calls, pauses and undoing, with a limit, or ended from outside; and several at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, Literal

from eventlab.errors import TimedOut, UnknownOutcome
from eventlab.resilience.limit import Limit
from eventlab.sagas.log import Overtaken

Doing = Literal["call", "pause", "undo"]


class Waits:
    """Everything that one driver waits for."""

    def __init__(self) -> None:
        self._limits: dict[Limit, Doing] = {}
        self._interrupted = False

    async def within(self, limit_s: float | None, work: Awaitable[Any], doing: Doing) -> Any:
        """The result of *work*. Raises TimedOut when it took longer, or was ended, and Overtaken when interrupted."""
        limit = Limit(limit_s)
        self._limits[limit] = doing
        try:
            with limit:
                return await work
        except TimeoutError:
            if not limit.expired:
                raise
            if self._interrupted and doing != "undo":
                raise Overtaken from None
            raise TimedOut(limit_s or 0.0) from None
        finally:
            del self._limits[limit]

    def interrupt(self) -> None:
        """End everything that goes forward, as overtaken. Undoing is left alone."""
        self._interrupted = True
        self.end("call", "pause")

    def end(self, *doings: Doing) -> None:
        """End what is waited for in such a way."""
        for limit in [limit for limit, doing in self._limits.items() if doing in doings]:
            limit.end()


async def from_outside(work: Awaitable[Any]) -> Any:
    """The result of *work*. What was cancelled within it, by nobody who waits for it, is an error like any other."""
    try:
        return await work
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise UnknownOutcome("what it waited for was cancelled") from None


async def one_of(under_way: dict[str, asyncio.Task[None]]) -> None:
    """Wait until one has ended, and forget what has. Raises what it raised."""
    await asyncio.wait(under_way.values(), return_when=asyncio.FIRST_COMPLETED)
    ended = [under_way.pop(name) for name in [name for name, task in under_way.items() if task.done()]]
    errors = [error for task in ended if (error := task.exception()) is not None]
    if errors:
        raise errors[0]


async def let_go(under_way: dict[str, asyncio.Task[None]]) -> None:
    """Cancel them all, and wait until they have ended."""
    for task in under_way.values():
        task.cancel()
    if under_way:
        await asyncio.gather(*under_way.values(), return_exceptions=True)
