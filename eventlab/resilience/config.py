"""What a circuit breaker is told: when to open, for how long, and what counts as a failure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, fields
from datetime import timedelta

from ..errors import CallFailed, DeadlinePassed, GiveUp, InvalidValue, Rejected, VersionConflict
from ..errors.given import check_seconds
from .backoff import Backoff
from .given import check_backoff, check_of_answers, check_of_errors
from .window import CountWindow, RowWindow, TimeWindow, Window

WINDOW_S_MIN = 1e-6


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

    With *window_s* the calls of that many seconds count instead of a number of them. With *slow_call_s*, calls that
    take longer than that are slow, and *slow_call_rate* of them opens it as well; a slow failure counts for both.
    A rate that is reached opens.

    It stays open for *open_s*, or for as long as *open_backoff* says for the n-th opening in a row. Then exactly
    *half_open_calls* probes may pass; when all have answered, their own rates decide. If they have not after
    *half_open_max_s*, it opens again.

    An error for which *is_failure* says no, or *is_ignored* says yes, counts as nothing, neither for the target nor
    against it; so does whatever is no `Exception`, such as a cancellation. A result for which *is_failure_result* says
    yes counts as a failure, and is given to the caller all the same.

    *failure_threshold* opens at exactly the n-th failure in a row, in the place of a window and its rate; the probes'
    own rate decides as ever. *timeout* is how long a call may take: `CircuitBreaker.call` then ends it with `TimedOut`,
    which counts as a failure. *retry_timeout* is another word for *open_s*. Both may be a `timedelta`, or seconds.
    """

    window_calls: int = 20
    minimum_calls: int = 10
    failure_rate: float = 0.5
    open_s: float = 5.0
    half_open_calls: int = 3
    is_failure: Callable[[BaseException], bool] = tells_of_trouble
    _: KW_ONLY
    window_s: float | None = None
    slow_call_s: float | None = None
    slow_call_rate: float = 1.0
    half_open_max_s: float | None = None
    open_backoff: Backoff | None = None
    is_ignored: Callable[[BaseException], bool] | None = None
    is_failure_result: Callable[[object], bool] | None = None
    failure_threshold: int | None = None
    timeout: float | timedelta | None = None
    retry_timeout: float | timedelta | None = None

    def __post_init__(self) -> None:
        for name in ("window_calls", "minimum_calls", "half_open_calls", "failure_threshold"):
            value = getattr(self, name)
            if value is not None and (not value >= 1 or value % 1):
                raise InvalidValue(name, value, "a whole number of calls, at least one")
            if value is not None:
                object.__setattr__(self, name, int(value))
        for name in ("failure_rate", "slow_call_rate"):
            if not 0 < getattr(self, name) <= 1:
                raise InvalidValue(name, getattr(self, name), "a share above 0, up to 1")
        for name in ("open_s", "window_s", "slow_call_s", "half_open_max_s", "timeout", "retry_timeout"):
            value = getattr(self, name)
            if isinstance(value, timedelta) and name.endswith("_s"):
                raise InvalidValue(name, value, f"a number of seconds, here {value.total_seconds():g}")
            seconds = _seconds(value)
            if seconds is not None:
                check_seconds(name, seconds)
        if (self.window_s or WINDOW_S_MIN) < WINDOW_S_MIN:
            raise InvalidValue("window_s", self.window_s, "at least a microsecond; clocks know no less")
        self._check_functions()
        self._agree()

    def _check_functions(self) -> None:
        check_of_errors("is_failure", self.is_failure)
        if self.is_ignored is not None:
            check_of_errors("is_ignored", self.is_ignored)
        check_of_answers("is_failure_result", self.is_failure_result)
        if self.open_backoff is not None:
            check_backoff("open_backoff", self.open_backoff)

    def _agree(self) -> None:
        """Refuse what contradicts itself."""
        if self.failure_threshold is not None:
            for name in ("window_calls", "minimum_calls", "window_s", "slow_call_s"):
                if getattr(self, name) != _DEFAULTS[name]:
                    expected = f"nothing beside failure_threshold={self.failure_threshold}, which looks at no window"
                    raise InvalidValue(name, getattr(self, name), expected)
        elif self.window_s is None and self.minimum_calls > self.window_calls:
            expected = f"at most window_calls, which is {self.window_calls}, or the breaker could never open"
            raise InvalidValue("minimum_calls", self.minimum_calls, expected)
        elif self.window_s is not None and self.window_calls != _DEFAULTS["window_calls"]:
            expected = f"nothing beside window_s={self.window_s:g}: one of both"
            raise InvalidValue("window_calls", self.window_calls, expected)
        if self.slow_call_s is None and self.slow_call_rate != _DEFAULTS["slow_call_rate"]:
            raise InvalidValue("slow_call_s", None, "a number of seconds, for slow_call_rate to mean something")
        open_s = _seconds(self.retry_timeout)
        if open_s is not None:
            if self.open_s not in (_DEFAULTS["open_s"], open_s):
                raise InvalidValue("retry_timeout", self.retry_timeout, f"the same as open_s, which is {self.open_s:g}")
            object.__setattr__(self, "open_s", open_s)

    @property
    def timeout_s(self) -> float | None:
        """*timeout* in seconds."""
        return _seconds(self.timeout)

    def new_window(self) -> Window:
        """What a closed breaker counts in."""
        if self.failure_threshold is not None:
            return RowWindow()
        return CountWindow(self.window_calls) if self.window_s is None else TimeWindow(self.window_s)

    def counts(self, error: BaseException) -> bool:
        """Whether *error* counts, as a failure; otherwise it is nothing."""
        if not isinstance(error, Exception) or (self.is_ignored is not None and self.is_ignored(error)):
            return False
        return self.is_failure(error)


_DEFAULTS = {field.name: field.default for field in fields(CircuitBreakerConfig)}


def _seconds(duration: float | timedelta | None) -> float | None:
    return duration.total_seconds() if isinstance(duration, timedelta) else duration
