"""So many calls at once and no more, so that one slow target does not take all there is with it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from .. import hooks, runtime
from ..errors import BulkheadFull, DeadlinePassed, InvalidValue
from ..errors.given import check_seconds
from .waiting import Turn, Waiter

T = TypeVar("T")


class Bulkhead:
    """At most *calls_max* are inside; up to *waiting_max* more wait, first come, first in, for at most *wait_max_s*.

    Whoever finds no room gets `BulkheadFull`; whose deadline passes while it waits, `DeadlinePassed`::

        payments = Bulkhead("payments", calls_max=8, waiting_max=16, wait_max_s=0.2)
        answer = await payments.call(ask, order)
        async with payments.admit():
            ...
    """

    kind = "bulkhead"

    def __init__(self, name: str, calls_max: int, *, waiting_max: int = 0, wait_max_s: float | None = None) -> None:
        if not calls_max >= 1 or calls_max % 1:
            raise InvalidValue("Bulkhead.calls_max", calls_max, "a whole number, at least 1")
        if not waiting_max >= 0 or waiting_max % 1:
            raise InvalidValue("Bulkhead.waiting_max", waiting_max, "a whole number, 0 or more")
        if wait_max_s is not None:
            check_seconds("Bulkhead.wait_max_s", wait_max_s, otherwise="None for no limit")
        self.name, self.calls_max, self.waiting_max, self.wait_max_s = name, calls_max, waiting_max, wait_max_s
        self._inside = 0
        self._queue: OrderedDict[Waiter, None] = OrderedDict()

    def __repr__(self) -> str:
        return f"<Bulkhead {self.name}: {self._inside} of {self.calls_max} inside, {self.waiting} waiting>"

    @property
    def inside(self) -> int:
        """How many calls are under way now."""
        return self._inside

    @property
    def waiting(self) -> int:
        """How many wait for room now."""
        return len(self._queue)

    async def call(self, f: Callable[..., Awaitable[T]], *args: object) -> T:
        """Await ``f(*args)`` when there is room."""
        async with self.admit():
            return await f(*args)

    @asynccontextmanager
    async def admit(self) -> AsyncIterator[None]:
        """Room for as long as the ``async with`` block lasts."""
        if self._inside < self.calls_max:
            self._inside += 1
        else:
            await self._wait()
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self) -> None:
        """Wait for a room, which whoever leaves hands over."""
        if self.waiting >= self.waiting_max:
            raise self._full()
        waiter = Waiter(runtime.monotonic(), self.wait_max_s)
        self._queue[waiter] = None
        turn = await waiter.wait(self._leave, self._pass_on)
        if turn is Turn.TOO_LONG:
            raise self._full()
        if turn is Turn.TOO_LATE:
            raise DeadlinePassed(self.name, "the deadline passed while it waited for room in its bulkhead")

    def _leave(self, waiter: Waiter) -> None:
        self._queue.pop(waiter, None)

    def _pass_on(self) -> None:
        """A room is free: the next one's, or nobody's."""
        while self._queue:
            waiter, _ = self._queue.popitem(last=False)
            if waiter.tell(Turn.COME):
                return
        self._inside -= 1

    def _full(self) -> BulkheadFull:
        error = BulkheadFull(self.name, self._inside, self.waiting)
        if hooks.listening:
            hooks.emit(hooks.CallRejected(self.name, self.kind, error.reason, self.waiting))
        return error
