"""The clock on the wall of a node, which may be wrong. What measures how much time has passed is never wrong here."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from .. import hooks
from ..errors import InvalidValue

if TYPE_CHECKING:
    from .answers import WorldRuntime

OFFSET_S_MAX: Final = 100 * 365.25 * 86_400
"""A clock is at most a hundred years off, so that the time of day stays one that can be written."""


class NodeClock:
    """How far a node's `runtime.now` is off, and how it drifts. Ids and times of events follow it.

    `runtime.monotonic`, timers, and the order of whatever happens do not: as on a machine, where a
    wrong clock changes what is believed about the time and not when things happen.
    """

    def __init__(self, node: str, runtime: WorldRuntime) -> None:
        self._node, self._runtime = node, runtime
        self._since_s, self._ahead_s, self._drift_ppm = 0.0, 0.0, 0.0

    @property
    def offset_s(self) -> float:
        """By how much the clock is ahead now; negative when it is behind. Setting it sets the clock, as `jump` does."""
        if not self._drift_ppm:
            return self._ahead_s
        return self._ahead_s + (self._runtime.monotonic() - self._since_s) * self._drift_ppm * 1e-6

    @offset_s.setter
    def offset_s(self, offset_s: float) -> None:
        _check_number(f"clock.offset_s of node {self._node!r}", offset_s)
        self._set(offset_s, self._drift_ppm)

    @property
    def drift_ppm(self) -> float:
        """By how many microseconds the clock gains on every second; negative when it loses. From now on, when set."""
        return self._drift_ppm

    @drift_ppm.setter
    def drift_ppm(self, drift_ppm: float) -> None:
        field = f"clock.drift_ppm of node {self._node!r}"
        _check_number(field, drift_ppm)
        if not -1_000_000 < drift_ppm <= 1_000_000:
            raise InvalidValue(field, drift_ppm, "above -1,000,000, where the clock would stop, and up to 1,000,000")
        self._set(self.offset_s, drift_ppm)

    def jump(self, seconds: float) -> None:
        """Step ahead by *seconds*, or back, as when somebody sets the clock right, or wrong."""
        _check_number(f"seconds of clock.jump of node {self._node!r}", seconds)
        self._set(self.offset_s + seconds, self._drift_ppm)

    def _set(self, offset_s: float, drift_ppm: float) -> None:
        if not (math.isfinite(offset_s) and abs(offset_s) <= OFFSET_S_MAX):
            raise InvalidValue(f"clock.offset_s of node {self._node!r}", offset_s, "within a hundred years of 0")
        self._since_s, self._ahead_s, self._drift_ppm = self._runtime.monotonic(), offset_s, drift_ppm
        self._runtime.follow(self._node, self if offset_s or drift_ppm else None)
        if hooks.listening:
            hooks.emit(hooks.ClockChanged(self._node, offset_s, drift_ppm))


def _check_number(name: str, value: object) -> None:
    if not isinstance(value, int | float):
        raise InvalidValue(name, value, "a number")
