"""asyncio's timers, and messages in flight, on SimPy's heap, among SimPy's own events."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from contextvars import Context, copy_context
from heapq import heapify, heappush
from typing import Any

from simpy.core import Environment
from simpy.events import NORMAL

from ..errors import InvalidValue
from .handles import Timer

DEAD_TIMERS_MIN = 64
"""Below this many cancelled timers the heap is left alone; above it, as soon as half of it is dead."""

DELIVERY = object()
"""Stands in the heap where a timer would, for a message in flight."""

_new = object.__new__
"""Timers are filled in where they are made: a constructor call would cost half as much again."""


class OnHeap:
    """The part of a loop that puts into the heap what is due later, and takes out of it what never will be."""

    _env: Environment
    _heap: list[Any]
    graveyard: list[Any]

    def __init__(self) -> None:
        super().__init__()
        self._dead_timers = 0

    def call_later(self, delay: float, callback: Any, *args: Any, context: Context | None = None) -> Timer:
        if delay is None:
            raise TypeError("delay must not be None")
        env = self._env
        when = env._now + delay
        timer = _new(Timer)
        timer._callback, timer._args, timer._cancelled = callback, args, False
        timer._context = copy_context() if context is None else context
        timer._loop, timer._when, timer._scheduled = self, when, True
        if 0 <= delay < math.inf:
            heappush(self._heap, (when, NORMAL, next(env._eid), timer))
        else:
            self._push_odd(timer)
        return timer

    def call_at(self, when: float, callback: Any, *args: Any, context: Context | None = None) -> Timer:
        timer = Timer(when, callback, args, self, context)
        if self._env._now <= when < math.inf:
            heappush(self._heap, (when, NORMAL, next(self._env._eid), timer))
        else:
            self._push_odd(timer)
        return timer

    def _push_odd(self, timer: Timer) -> None:
        """What was due in the past is due now; what is never due stays out of the heap.

        Raises InvalidValue for nan, which is no moment.
        """
        if math.isnan(timer._when):
            raise InvalidValue("the time of a sleep, a timeout or a timer", timer._when, "a number of seconds")
        if timer._when < math.inf:
            heappush(self._heap, (self._env._now, NORMAL, next(self._env._eid), timer))
        else:
            timer._scheduled = False

    def deliver(
        self, delay_s: float, arrive: Callable[..., None], args: tuple[Any, ...], source: str = "", target: str = ""
    ) -> None:
        """Call ``arrive(*args)`` as the world's own code after *delay_s*. Cannot be cancelled, and costs the least."""
        env = self._env
        heappush(self._heap, (env._now + delay_s, NORMAL, next(env._eid), DELIVERY, arrive, args, source, target))

    def take_back(self, is_lost: Callable[[str, str], bool]) -> list[tuple[Callable[..., None], tuple[Any, ...]]]:
        """Take the deliveries out of the heap that *is_lost* names by their source and target, earliest first."""
        lost = sorted(item for item in self._heap if item[3] is DELIVERY and is_lost(item[6], item[7]))
        taken = {item[2] for item in lost}
        self._heap[:] = [item for item in self._heap if item[2] not in taken]
        heapify(self._heap)
        return [(item[4], item[5]) for item in lost]

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Called for timers that still lie in the heap."""
        self._dead_timers += 1
        if self._dead_timers > DEAD_TIMERS_MIN and self._dead_timers * 2 > len(self._heap):
            self.drop_timers(lambda timer: False)

    def drop_timers(self, is_dead: Callable[[Timer], bool]) -> None:
        """Rebuild the heap in place without the timers that *is_dead* names and the cancelled ones."""
        alive = []
        for item in self._heap:
            event = item[3]
            if event.__class__ is Timer and (event._cancelled or is_dead(event)):
                event._scheduled = False
                if not event._cancelled:
                    self.graveyard.append(event)
            else:
                alive.append(item)
        self._heap[:] = alive
        heapify(self._heap)
        self._dead_timers = 0
