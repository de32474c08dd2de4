"""What a circuit breaker is told: when to open, for how long, and what counts as a failure."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields

from ..errors import CallFailed, DeadlinePassed, GiveUp, InvalidValue, Rejected, VersionConflict


def tells_of_trouble(error: BaseException) -> bool:
    """Whether *error* says that the target is unwell.

    A refusal is an answer, a conflict is somebody else's success, and a call
    that another breaker, a limiter or a passed deadline held back never reached the target.
    """
    if isinstance(error, GiveUp):
        return isinstance(error, CallFailed)
    if isinstance(error, (Rejected, DeadlinePassed, VersionConflict)):
        return False
    return isinstance(error, Exception)


@dataclass(frozen=True, slots=True)
class CircuitBreakerConfig:
    """Open when, of the last *window_calls* and once *minimum_calls* are known, *failure_rate* have failed.

    It stays open for *open_s*. Then exactly *half_open_calls* probes may pass;
    when all have answered, their own failure rate decides.

    An error for which *is_failure* says no counts as nothing, neither for the target nor against it.
    """

    window_calls: int = 20
    minimum_calls: int = 10
    failure_rate: float = 0.5
    open_s: float = 5.0
    half_open_calls: int = 3
    is_failure: Callable[[BaseException], bool] = tells_of_trouble

    def __post_init__(self) -> None:
        for field in fields(self):
            if field.name.endswith("_calls") and getattr(self, field.name) < 1:
                raise InvalidValue(field.name, getattr(self, field.name), "at least one call")
        if self.minimum_calls > self.window_calls:
            expected = f"at most window_calls, which is {self.window_calls}, or the breaker could never open"
            raise InvalidValue("minimum_calls", self.minimum_calls, expected)
        if not 0 < self.failure_rate <= 1:
            raise InvalidValue("failure_rate", self.failure_rate, "a share above 0, up to 1")
        if not (math.isfinite(self.open_s) and self.open_s > 0):
            raise InvalidValue("open_s", self.open_s, "a number of seconds above 0")
