"""The last so many calls of a breaker: how many, how many failed, and whether that is too many."""

from __future__ import annotations

from collections import deque


class CountWindow:
    """Remembers whether each of the last *size* calls failed. Costs the same however many calls there were."""

    __slots__ = ("_failed", "failures", "size")

    def __init__(self, size: int) -> None:
        self.size = size
        self.failures = 0
        self._failed: deque[bool] = deque(maxlen=size)

    @property
    def calls(self) -> int:
        return len(self._failed)

    def add(self, failed: bool) -> None:
        """Count one more call; the oldest goes when the window is full."""
        kept = self._failed
        if len(kept) == self.size and kept[0]:
            self.failures -= 1
        kept.append(failed)
        if failed:
            self.failures += 1

    def failure_rate(self, minimum_calls: int) -> float | None:
        """The share that failed, or None as long as fewer than *minimum_calls* are known."""
        calls = len(self._failed)
        return self.failures / calls if calls >= minimum_calls else None
