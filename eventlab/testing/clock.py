"""A clock that moves when it is told to, for code that reads the time but does not wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from ..errors import InvalidValue
from ..runtime import Runtime, SeededRuntime, current, entered

T = TypeVar("T")


class ManualClock:
    """Time for one event loop: `advance` lets time pass, `step` only moves the hands of the wall clock.

    Code that sleeps or has a timeout belongs into a world instead: the loop's own timers stay real.
    """

    def __init__(self, seed: int = 0) -> None:
        self.monotonic_s = 0.0
        self.stepped_s = 0.0
        self._runtime = _OnManualClock(self, seed)

    def advance(self, seconds: float) -> None:
        """Let that much time pass, on both clocks."""
        if seconds < 0:
            raise InvalidValue(
                "seconds", seconds, "0 or more: time does not run backwards; to set the wall clock, step"
            )
        self.monotonic_s += seconds

    def step(self, seconds: float) -> None:
        """Set the wall clock forward or back, as an administrator or NTP does. No time passes."""
        self.stepped_s += seconds

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Run *main* to its end on a fresh event loop that tells this clock's time."""
        with self.ruling(), asyncio.Runner() as runner:
            return runner.run(main)

    def ruling(self) -> AbstractContextManager[None]:
        """Tell the time to whatever runs on this thread until the block ends."""
        return entered(self._runtime)


class _OnManualClock(SeededRuntime):
    def __init__(self, clock: ManualClock, seed: int) -> None:
        super().__init__(seed, datetime(2026, 1, 1, tzinfo=UTC), lambda: clock.monotonic_s)
        self._manual = clock

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self._manual.stepped_s)


class AheadRuntime(Runtime):
    """Answers as *behind* does, but for the time of day, which is *seconds* later there."""

    def __init__(self, behind: Runtime, seconds: float) -> None:
        super().__init__()
        self._behind, self._by = behind, timedelta(seconds=seconds)
        self.simulated = behind.simulated
        self.monotonic = behind.monotonic  # type: ignore[method-assign]
        self.new_id = behind.new_id  # type: ignore[method-assign]
        self.random_stream = behind.random_stream  # type: ignore[method-assign]

    def now(self) -> datetime:
        return self._behind.now() + self._by

    def __getattr__(self, name: str) -> Any:
        return getattr(self._behind, name)  # what a world's own runtime has besides: its loop


@contextmanager
def ahead(seconds: float) -> Iterator[None]:
    """Let the clock on the wall be *seconds* ahead in the body, and whatever its awaits let run meanwhile."""
    with entered(AheadRuntime(current(), seconds)):
        yield
