"""asyncio on its own selector loop, with a clock that runs *speed* times faster than the wall's.

Sleeping, timeouts, `loop.time()` and everything that `eventlab.runtime` answers
follow the same clock, so that code cannot tell; only real work, a commit or a
computation, counts *speed* times as long as it took.
"""

from __future__ import annotations

import asyncio
import math
import selectors
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any, TypeVar

from ..errors import InvalidValue
from ..runtime import Runtime, SeededRuntime, entered

T = TypeVar("T")

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
"""The time of day at which every run begins: ids and stored times repeat better when it is always the same."""

_WALL = Runtime()


class _ScaledSelector(selectors.SelectSelector):
    """Waits a scaled time. `select`, because `epoll` rounds up to a millisecond of the wall: many of the clock's."""

    def __init__(self, speed: float) -> None:
        super().__init__()
        self._speed = speed

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return super().select(None if timeout is None else timeout / self._speed)


class ScaledLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock shows *start_s* when it is made, and then runs *speed* times as fast as the wall's."""

    def __init__(self, *, speed: float, seed: int, epoch: datetime = EPOCH, start_s: float = 0.0) -> None:
        self._speed, self._start_s = speed, start_s
        self._began_s = _WALL.monotonic()
        super().__init__(_ScaledSelector(speed))
        self.runtime = SeededRuntime(seed, epoch, self.time)

    def time(self) -> float:
        """Seconds of the run."""
        return self._start_s + (_WALL.monotonic() - self._began_s) * self._speed


def run_scaled(
    main: Coroutine[Any, Any, T], *, speed: float, seed: int, epoch: datetime = EPOCH, start_s: float = 0.0
) -> T:
    """Run *main* to its end. Ctrl-C cancels it, lets it clean up, and then raises KeyboardInterrupt.

    *start_s* is where an earlier run left off, so that time goes on and never repeats.
    """
    try:
        if not 0 < speed < math.inf:
            raise InvalidValue("speed", speed, "a finite number above zero; 10 is ten times faster than the wall clock")
        runner = asyncio.Runner(loop_factory=lambda: ScaledLoop(speed=speed, seed=seed, epoch=epoch, start_s=start_s))
        with runner, entered(runner.get_loop().runtime):  # type: ignore[attr-defined]
            return runner.run(main)
    finally:
        main.close()  # of no effect once it has run; otherwise nobody would have awaited it
