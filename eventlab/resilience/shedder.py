"""Shedding load before a server: what cannot be done in time is dropped unbegun, so that the rest is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from .. import hooks, runtime
from ..errors import DeadlinePassed, InvalidValue, LoadShed
from .codel import INTERVAL_S, TARGET_S, CoDel, ControlledLine
from .deadline import current_deadline_s
from .waiting import Turn, Waiter

T = TypeVar("T")

WHY = {
    Turn.SHED: "it waited too long in a queue that stands",
    Turn.DISPLACED: "its place in a full queue went to another",
}


class Shedder:
    """At most *calls_max* are inside; up to *waiting_max* more wait, the smallest *priority* number first.

    Within a priority it is first come, first in, until that line stands, as `CoDel` judges; then whoever has waited
    for twice *target_s* is dropped, and with *newest_first* whoever came last is next. When the queue is full, the
    oldest of the least important gives its place to a newcomer that is more important, or, while its line stands, as
    important. What is dropped gets `LoadShed`; work whose deadline is over is not begun (`DeadlinePassed`)::

        shedder = Shedder("payments", calls_max=8)
        async with shedder.admit(priority=1):
            ...
    """

    kind = "shedding"

    def __init__(
        self,
        name: str,
        calls_max: int,
        *,
        waiting_max: int = 100,
        target_s: float = TARGET_S,
        interval_s: float = INTERVAL_S,
        newest_first: bool = True,
    ) -> None:
        if not calls_max >= 1 or calls_max % 1:
            raise InvalidValue("Shedder.calls_max", calls_max, "a whole number, at least 1")
        if not waiting_max >= 0 or waiting_max % 1:
            raise InvalidValue("Shedder.waiting_max", waiting_max, "a whole number, 0 or more")
        CoDel(target_s, interval_s, "Shedder")  # what is wrong with the settings is told now
        self.name, self.calls_max, self.waiting_max = name, calls_max, waiting_max
        self.target_s, self.interval_s, self.newest_first = target_s, interval_s, newest_first
        self._inside = 0
        self._lines: dict[int, ControlledLine[Waiter]] = {}
        """By priority, in its order; only those in which somebody waits."""

    def __repr__(self) -> str:
        return f"<Shedder {self.name}: {self._inside} of {self.calls_max} inside, {self.waiting} waiting>"

    @property
    def inside(self) -> int:
        """How many calls are under way now."""
        return self._inside

    @property
    def waiting(self) -> int:
        """How many wait now."""
        return sum(map(len, self._lines.values()))

    @property
    def overloaded(self) -> bool:
        """Whether the queue of some priority stood when somebody was last let in."""
        return any(line.overloaded for line in self._lines.values())

    async def call(self, f: Callable[..., Awaitable[T]], *args: object) -> T:
        """Await ``f(*args)`` when its turn has come."""
        async with self.admit():
            return await f(*args)

    @asynccontextmanager
    async def admit(self, priority: int = 0) -> AsyncIterator[None]:
        """A place inside for as long as the ``async with`` block lasts."""
        deadline_s = current_deadline_s()
        if deadline_s is not None and deadline_s <= runtime.monotonic():
            raise self._late()
        if self._inside < self.calls_max:
            self._inside += 1
        else:
            await self._wait(priority)
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, priority: int) -> None:
        if self.waiting >= self.waiting_max:
            self._make_place(priority)
        waiter = Waiter(runtime.monotonic(), None)
        line = self._lines.get(priority)
        if line is None:
            codel = CoDel(self.target_s, self.interval_s)
            line = self._lines[priority] = ControlledLine(codel, newest_first=self.newest_first)
            self._lines = dict(sorted(self._lines.items()))
        line.put(waiter)
        turn = await waiter.wait(self._leave, self._pass_on)
        if turn is Turn.TOO_LATE:
            raise self._late()
        if turn is not Turn.COME:
            raise self._shed(WHY[turn])

    def _make_place(self, priority: int) -> None:
        """Drop somebody from a full queue for a newcomer, or turn that one away."""
        worst, line = next(reversed(self._lines.items()), (priority, None))
        if line is None or worst < priority or (worst == priority and not (line.overloaded and self.newest_first)):
            raise self._shed("its queue is full")
        oldest = next(iter(line))
        self._remove(worst, line, oldest)
        oldest.tell(Turn.DISPLACED)

    def _pass_on(self) -> None:
        """A place inside is free: the next one's, or nobody's."""
        now_s, before = runtime.monotonic(), 0
        for priority, line in list(self._lines.items()):
            for waiter in line.shed(now_s, before):
                waiter.tell(Turn.SHED)
            before += len(line)
            if not line:
                del self._lines[priority]
        for priority, line in list(self._lines.items()):
            while line:
                waiter = line.take()
                if not line:
                    del self._lines[priority]
                if waiter.deadline_s is not None and waiter.deadline_s <= now_s:
                    waiter.tell(Turn.TOO_LATE)
                elif waiter.tell(Turn.COME):
                    return
        self._inside -= 1

    def _leave(self, waiter: Waiter) -> None:
        for priority, line in self._lines.items():
            if waiter in line:
                self._remove(priority, line, waiter)
                return

    def _remove(self, priority: int, line: ControlledLine[Waiter], waiter: Waiter) -> None:
        line.remove(waiter)
        if not line:
            del self._lines[priority]

    def _late(self) -> DeadlinePassed:
        return DeadlinePassed(self.name, "the deadline was over before the work began")

    def _shed(self, why: str) -> LoadShed:
        error = LoadShed(self.name, why, self.waiting)
        if hooks.listening:
            hooks.emit(hooks.CallRejected(self.name, self.kind, why, self.waiting))
        return error
