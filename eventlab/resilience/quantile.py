"""A quantile of what was measured lately."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque

from ..errors import InvalidValue


class RecentQuantile:
    """The *share*-quantile of the last *size* values, by the nearest rank; None until *minimum* are known."""

    __slots__ = ("_latest", "_sorted", "minimum", "share", "size")

    def __init__(self, share: float, *, size: int = 1000, minimum: int = 100) -> None:
        if not 0 < share < 1:
            raise InvalidValue("quantile", share, "a share between 0 and 1, such as 0.95")
        if not 1 <= minimum <= size:
            raise InvalidValue("quantile, minimum", minimum, f"from 1 to size, which is {size}")
        self.share, self.size, self.minimum = share, size, minimum
        self._latest: deque[float] = deque()
        self._sorted: list[float] = []

    def add(self, value: float) -> None:
        """Count one more value; the oldest goes when there are too many."""
        if len(self._latest) == self.size:
            del self._sorted[bisect_left(self._sorted, self._latest.popleft())]
        self._latest.append(value)
        insort(self._sorted, value)

    @property
    def value(self) -> float | None:
        count = len(self._sorted)
        return None if count < self.minimum else self._sorted[min(count - 1, int(count * self.share))]
