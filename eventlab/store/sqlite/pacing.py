"""How many appends go into one flush, when more are waiting than need to."""

from __future__ import annotations

import math

from ...runtime import monotonic

HALF_MIN = 8
"""Fewer are not worth a flush of their own."""


class Pace:
    """All that wait, or half of them.

    Callers that are answered together come back together, and while they prepare their next appends the disk has
    nothing to do, then while it flushes they have not. In two halves, one is flushed while the other prepares. That is
    one flush more for the same appends, so it pays where a flush takes about as long as the *turn* that the loop needs
    for those who were answered. On a slow disk everybody goes into one, and so they do where the flush hardly counts.
    """

    def __init__(self) -> None:
        self.halves = False
        """Whether callers are in two halves, one of which is answered when the other is flushed."""
        self._flush_s, self._turn_s = math.inf, 0.0
        self._flushing_at_s: float | None = None

    def size_of(self, waiting: int, answered_later: int, most: int) -> int:
        """How many of *waiting* to take, *most* at most. Others are *answered_later*, while these are flushed."""
        half = (waiting + answered_later + 1) // 2
        self.halves = half >= HALF_MIN and self._turn_s / 3 <= self._flush_s <= self._turn_s * 2
        return min(most, half) if self.halves else most

    def flushing(self) -> None:
        """A flush begins."""
        self._flushing_at_s = monotonic()

    def flushed(self) -> None:
        """It is done, if there was one."""
        if self._flushing_at_s is not None:
            self._flush_s, self._flushing_at_s = monotonic() - self._flushing_at_s, None

    def turned(self, began_s: float) -> None:
        """The loop has run those who were answered at *began_s*."""
        self._turn_s = monotonic() - began_s
