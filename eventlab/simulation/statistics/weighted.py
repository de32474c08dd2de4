"""The mean over time of what jumps: a queue's length, how many are busy, whether a breaker is open."""

from __future__ import annotations

import math

from ...errors import InvalidValue


class TimeWeighted:
    """Every value counts for as long as it lasted (Law 2015, §1.4). Before *from_s*, in the warm-up, nothing counts."""

    def __init__(self, value: float = 0.0, *, at_s: float = 0.0, from_s: float = 0.0) -> None:
        self._value = value
        self._from_s = max(at_s, from_s)
        self._at_s = at_s
        self._area = 0.0

    def change(self, value: float, at_s: float) -> None:
        """It is *value* from *at_s* on. Raises InvalidValue when time would run backwards, or *value* is not finite."""
        if not math.isfinite(value):
            raise InvalidValue("value", value, "a finite number")
        self._pass(at_s)
        self._value = value

    def add(self, step: float, at_s: float) -> None:
        """It grows by *step* at *at_s*: one more in the queue, or one less."""
        self.change(self._value + step, at_s)

    def mean(self, until_s: float) -> float:
        """The mean until then. It is one value of one replication: an interval takes several.

        Raises InvalidValue where no time has passed, or *until_s* lies before the last change.
        """
        self._pass(until_s)
        if until_s <= self._from_s:
            raise InvalidValue("until_s", until_s, f"a moment after {self._from_s:g} s, from which on it counts")
        return self._area / (until_s - self._from_s)

    def _pass(self, at_s: float) -> None:
        if not at_s >= self._at_s:
            raise InvalidValue("at_s", at_s, f"{self._at_s!r}, the last change, or later")
        self._area += self._value * max(0.0, at_s - max(self._at_s, self._from_s))
        self._at_s = at_s
