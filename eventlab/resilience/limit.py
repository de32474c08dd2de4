"""A limit to how long the running task may take over something, for what every call passes through."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any


class Limit:
    """``with Limit(1.0) as limit`` cancels the body after that long; what comes out then is TimeoutError.

    With None there is no such time; `end` ends it, then and before its time.

    As `asyncio.timeout`, and as strict with cancellations that come from elsewhere. That one looks for the
    loop and for the task three times, which before Python 3.12 is a system call each.
    """

    __slots__ = ("_cancelling", "_seconds", "_task", "_timer", "expired")

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self.expired = False
        """Whether the time was up, or it was ended, before the body was done."""

    def __enter__(self) -> Limit:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        if task is None:
            raise RuntimeError("a limit holds for a task: there is none running")
        self._task: asyncio.Task[Any] = task
        self._cancelling = task.cancelling()
        self._timer = None if self._seconds is None else loop.call_later(self._seconds, self._expire)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if not self.expired:
            if self._timer is not None:
                self._timer.cancel()
            if kind is not None:
                self._let_go()
        elif self._let_go().uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def _let_go(self) -> asyncio.Task[Any]:
        """The task, which keeps the error, whose frames keep this limit: a circle that only the collector would cut."""
        task = self._task
        del self._task
        return task

    def end(self) -> None:
        """End the body now, from another task, as if its time were up."""
        if not self.expired:
            if self._timer is not None:
                self._timer.cancel()
            self._expire()

    def _expire(self) -> None:
        self.expired = True
        self._task.cancel()
