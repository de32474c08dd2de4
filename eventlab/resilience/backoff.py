"""How long to wait before the next attempt, as values that can be printed and compared.

Chance comes in from the caller, so that the same stream gives the same waits.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from ..errors import InvalidValue
from ..errors.given import check_seconds

Jitter = float | Literal["full", "equal", "none"]


@runtime_checkable
class Backoff(Protocol):
    """Anything that says how long to pause after the *attempt*-th try failed; the first is 1.

    *previous_s* is the pause before this one, where the caller knows it; 0 before the first, or when nobody knows.
    """

    def delay_s(self, attempt: int, chance: random.Random, previous_s: float = 0.0) -> float: ...


@dataclass(frozen=True, slots=True)
class Constant:
    """The same pause after every attempt. Clients that fail together come back together."""

    seconds: float

    def __post_init__(self) -> None:
        check_seconds("seconds", self.seconds, zero_too=True)

    def delay_s(self, attempt: int, chance: random.Random, previous_s: float = 0.0) -> float:
        return self.seconds


@dataclass(frozen=True, slots=True)
class Exponential:
    """``base_s``, then *factor* times as long each time, never more than *cap_s*, which a share of jitter
    is taken of as well.

    *jitter* spreads clients that failed together: a share (0.2 means ±20 %, so up to 1.2 times *cap_s*),
    ``"full"`` (anywhere from nothing to the whole pause), ``"equal"`` (half of
    it, and anything up to the other half) or ``"none"``. The names are those of M. Brooker,
    *Exponential Backoff and Jitter*, AWS Architecture Blog, 2015.
    """

    base_s: float
    factor: float = 2.0
    cap_s: float = 30.0
    jitter: Jitter = 0.2

    def __post_init__(self) -> None:
        check_seconds("base_s", self.base_s, zero_too=True)
        check_seconds("cap_s", self.cap_s, zero_too=True)
        if not (math.isfinite(self.factor) and self.factor >= 1):
            raise InvalidValue("factor", self.factor, "a number of at least 1")
        if self.cap_s < self.base_s:
            raise InvalidValue("cap_s", self.cap_s, f"at least base_s, which is {self.base_s:g}")
        share = self.jitter
        if isinstance(share, str):
            if share not in ("full", "equal", "none"):
                raise InvalidValue("jitter", share, _JITTERS)
        elif not 0 <= share <= 1:
            raise InvalidValue("jitter", share, _JITTERS)

    def delay_s(self, attempt: int, chance: random.Random, previous_s: float = 0.0) -> float:
        plain_s = self._plain_s(attempt)
        if self.jitter == "none":
            return plain_s
        if isinstance(self.jitter, str):
            return chance.uniform(plain_s / 2 if self.jitter == "equal" else 0, plain_s)
        return plain_s * (1 + self.jitter * chance.uniform(-1, 1))

    def _plain_s(self, attempt: int) -> float:
        """The pause without chance; a saga may be at its ten-thousandth attempt, so floats may overflow."""
        try:
            return min(self.cap_s, self.base_s * self.factor ** (attempt - 1))
        except OverflowError:
            return self.cap_s if self.base_s else 0.0


@dataclass(frozen=True, slots=True)
class Decorrelated:
    """Anywhere from ``base_s`` to three times the pause before, never more than *cap_s*.

    Each client wanders by itself, so that those who failed together drift apart (Brooker 2015, *decorrelated
    jitter*). Where nobody knows the pause before, as after a restart, the walk is drawn anew from its beginning: that
    has the same law, but not the same path.
    """

    base_s: float
    cap_s: float = 30.0

    def __post_init__(self) -> None:
        check_seconds("base_s", self.base_s, zero_too=True)
        check_seconds("cap_s", self.cap_s, zero_too=True)
        if self.cap_s < self.base_s:
            raise InvalidValue("cap_s", self.cap_s, f"at least base_s, which is {self.base_s:g}")

    def delay_s(self, attempt: int, chance: random.Random, previous_s: float = 0.0) -> float:
        steps, pause_s = (1, previous_s) if previous_s else (min(attempt, _STEPS_MAX), self.base_s)
        for _ in range(steps):
            pause_s = min(self.cap_s, chance.uniform(self.base_s, max(self.base_s, pause_s * 3)))
        return pause_s


_JITTERS = "a share from 0 to 1, 'full', 'equal' or 'none'"

_STEPS_MAX = 100
"""So many steps into the walk, where it began is forgotten."""
