"""How long to wait before the next attempt, as values that can be printed and compared.

Chance comes in from the caller, so that the same stream gives the same waits.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from ..errors import InvalidValue

Jitter = float | Literal["full", "none"]


@runtime_checkable
class Backoff(Protocol):
    """Anything that says how long to pause after the *attempt*-th try failed; the first is 1."""

    def delay_s(self, attempt: int, chance: random.Random) -> float: ...


@dataclass(frozen=True, slots=True)
class Constant:
    """The same pause after every attempt. Clients that fail together come back together."""

    seconds: float

    def __post_init__(self) -> None:
        _check_duration("seconds", self.seconds)

    def delay_s(self, attempt: int, chance: random.Random) -> float:
        return self.seconds


@dataclass(frozen=True, slots=True)
class Exponential:
    """``base_s``, then *factor* times as long each time, never more than *cap_s*.

    *jitter* spreads clients that failed together: a share (0.2 means ±20 %),
    ``"full"`` (anywhere from nothing to the whole pause) or ``"none"``.
    """

    base_s: float
    factor: float = 2.0
    cap_s: float = 30.0
    jitter: Jitter = 0.2

    def __post_init__(self) -> None:
        _check_duration("base_s", self.base_s)
        _check_duration("cap_s", self.cap_s)
        if not (math.isfinite(self.factor) and self.factor >= 1):
            raise InvalidValue("factor", self.factor, "a number of at least 1")
        if self.cap_s < self.base_s:
            raise InvalidValue("cap_s", self.cap_s, f"at least base_s, which is {self.base_s:g}")
        share = self.jitter
        if isinstance(share, str):
            if share not in ("full", "none"):
                raise InvalidValue("jitter", share, "a share from 0 to 1, 'full' or 'none'")
        elif not 0 <= share <= 1:
            raise InvalidValue("jitter", share, "a share from 0 to 1, 'full' or 'none'")

    def delay_s(self, attempt: int, chance: random.Random) -> float:
        plain_s = self._plain_s(attempt)
        if isinstance(self.jitter, str):
            return chance.uniform(0, plain_s) if self.jitter == "full" else plain_s
        return plain_s * (1 + self.jitter * chance.uniform(-1, 1))

    def _plain_s(self, attempt: int) -> float:
        """The pause without chance; a saga may be at its ten-thousandth attempt, so floats may overflow."""
        try:
            return min(self.cap_s, self.base_s * self.factor ** (attempt - 1))
        except OverflowError:
            return self.cap_s if self.base_s else 0.0


def _check_duration(name: str, seconds: float) -> None:
    if not (math.isfinite(seconds) and seconds >= 0):
        raise InvalidValue(name, seconds, "a number of seconds, 0 or more")
