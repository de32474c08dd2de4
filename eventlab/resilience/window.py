"""What a breaker remembers of its calls: the last so many, those of the last so many seconds, or the failures in a row.

A window costs the same however many calls there were, in time and in memory.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol

from .. import runtime

FINE, FAILED, SLOW = 0, 1, 2
"""How a call ended, as bits: a slow failure is both."""

BUCKETS = 10
"""Into so many parts a window of time is cut. Each is forgotten as a whole."""


class Window(Protocol):
    """What was counted: *calls*, of which *failures* failed and *slows* were slow."""

    calls: int
    failures: int
    slows: int
    steady: bool
    """Whether one more call that ended well would change nothing."""
    ages: bool
    """Whether it forgets as time passes."""

    def add(self, outcome: int) -> None:
        """Count one more call."""

    def look(self) -> None:
        """Forget what is too old by now."""


class CountWindow:
    """The last *size* calls."""

    __slots__ = ("calls", "failures", "outcomes", "size", "slows", "steady")

    ages = False

    def __init__(self, size: int) -> None:
        self.size = size
        self.calls = self.failures = self.slows = 0
        self.steady = False
        self.outcomes: deque[int] = deque(maxlen=size)

    def add(self, outcome: int) -> None:
        kept = self.outcomes
        if self.calls == self.size:
            if kept[0]:
                self._forget(kept[0])
        else:
            self.calls += 1
            self.steady = self.calls == self.size and not (self.failures or self.slows)
        kept.append(outcome)
        if outcome:
            self.failures += outcome & FAILED
            self.slows += outcome >> 1
            self.steady = False

    def _forget(self, oldest: int) -> None:
        self.failures -= oldest & FAILED
        self.slows -= oldest >> 1
        self.steady = not (self.failures or self.slows)

    def look(self) -> None:
        """Calls do not age by time."""


class TimeWindow:
    """The calls of the last *seconds*, in ten buckets: a call is forgotten when it is between 90 and 100 % as old."""

    __slots__ = ("_bucket", "bucket_s", "buckets", "calls", "failures", "slows", "steady")

    ages = True

    def __init__(self, seconds: float) -> None:
        self.bucket_s = seconds / BUCKETS
        self.calls = self.failures = self.slows = 0
        self.steady = False
        self.buckets = [[0, 0, 0] for _ in range(BUCKETS)]
        """Calls, failures and slow calls of each bucket; they are used in turn."""
        self._bucket = int(runtime.monotonic() // self.bucket_s)

    def add(self, outcome: int) -> None:
        self.look()
        bucket = self.buckets[self._bucket % BUCKETS]
        failed, slow = outcome & FAILED, outcome >> 1
        bucket[0] += 1
        bucket[1] += failed
        bucket[2] += slow
        self.calls += 1
        self.failures += failed
        self.slows += slow

    def look(self) -> None:
        latest = int(runtime.monotonic() // self.bucket_s)
        if latest == self._bucket:
            return
        for number in range(max(self._bucket, latest - BUCKETS) + 1, latest + 1):
            bucket = self.buckets[number % BUCKETS]
            self.calls -= bucket[0]
            self.failures -= bucket[1]
            self.slows -= bucket[2]
            bucket[:] = (0, 0, 0)
        self._bucket = max(self._bucket, latest)

    def in_order(self) -> list[list[int]]:
        """The buckets, the oldest first."""
        return [self.buckets[(self._bucket + 1 + age) % BUCKETS] for age in range(BUCKETS)]

    def refill(self, buckets: list[list[int]]) -> None:
        """Take over what `in_order` gave."""
        for age, bucket in enumerate(buckets):
            self.buckets[(self._bucket + 1 + age) % BUCKETS] = list(bucket)
        self.calls, self.failures, self.slows = (sum(column) for column in zip(*self.buckets, strict=True))


class RowWindow:
    """The failures since the last call that ended well."""

    __slots__ = ("calls", "failures", "slows", "steady")

    ages = False

    def __init__(self, in_a_row: int = 0) -> None:
        self.calls = self.failures = in_a_row
        self.slows = 0
        self.steady = not in_a_row

    def add(self, outcome: int) -> None:
        if outcome & FAILED:
            self.calls += 1
            self.failures += 1
            self.steady = False
        else:
            self.calls = self.failures = 0
            self.steady = True

    def look(self) -> None:
        """Failures in a row do not age."""
