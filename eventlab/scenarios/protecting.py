"""How callers protect themselves and others, as a value: retries and their budget, and circuit breakers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec

from ..resilience import CircuitBreakerConfig, RetryBudget
from ..resilience.backoff import Backoff, Decorrelated
from ..resilience.backoff import Exponential as ExponentialBackoff
from .kinds import JitterKind, NumberKind
from .section import AtLeastOne, Lasting, Probability, Problem, RateOrNone, Section
from .units import duration_text


class BackoffRule(Section, frozen=True, kw_only=True):
    """Pauses between attempts: *base_s*, then *factor* times as long each time, at most *cap_s*, spread by *jitter*."""

    base_s: Lasting = msgspec.field(name="base", default=0.1)
    factor: Annotated[float, NumberKind(1)] = 2.0
    cap_s: Lasting = msgspec.field(name="cap", default=5.0)
    jitter: Annotated[float | Literal["full", "equal", "decorrelated", "none"], JitterKind()] = 0.2

    def problems(self) -> Iterator[Problem]:
        if self.cap_s < self.base_s:
            yield "cap", f"expected at least the base, {self.base_s:g}s; found {self.cap_s:g}s"

    def as_backoff(self) -> Backoff:
        if self.jitter == "decorrelated":
            return Decorrelated(self.base_s, self.cap_s)
        return ExponentialBackoff(self.base_s, self.factor, self.cap_s, self.jitter)


class BudgetRule(Section, frozen=True, kw_only=True):
    """Retries are at most *ratio* of the calls, and *floor_per_s* besides; up to *saved* are kept for later."""

    ratio: Probability = 0.1
    floor_per_s: RateOrNone = msgspec.field(name="floor", default=1.0)
    saved: AtLeastOne = 10

    def as_budget(self) -> RetryBudget:
        return RetryBudget(self.ratio, self.floor_per_s, self.saved)


class RetryRule(Section, frozen=True, kw_only=True):
    """How often a client makes one call, in all; with a *budget* for each target. Sagas try again by themselves."""

    attempts: AtLeastOne = 1
    backoff: BackoffRule = BackoffRule()
    budget: BudgetRule | None = None


class BreakerRule(Section, frozen=True, kw_only=True):
    """When a caller stops calling: *failure_rate* of the last *window_calls* calls, once there were *minimum_calls*.

    With *window_for_s*, of the calls of that time; with *slow_call_s*, also at *slow_call_rate* of calls that took
    longer. Then nothing is called for *open_for_s*, each time in a row *open_growth* times as long, at most
    *open_cap_s*, spread by *open_jitter*; and *half_open_calls* probes decide, within *half_open_for_s*. There is one
    *per* target, or one for all shards that a caller has.
    """

    enabled: bool = True
    window_calls: AtLeastOne = 20
    window_for_s: Lasting | None = msgspec.field(name="window_for", default=None)
    minimum_calls: AtLeastOne = 10
    failure_rate: Probability = 0.5
    slow_call_s: Lasting | None = msgspec.field(name="slow_call", default=None)
    slow_call_rate: Probability = 1.0
    open_for_s: Lasting = msgspec.field(name="open_for", default=5.0)
    open_growth: Annotated[float, NumberKind(1)] = 1.0
    open_cap_s: Lasting = msgspec.field(name="open_cap", default=60.0)
    open_jitter: Probability = 0.0
    half_open_calls: AtLeastOne = 3
    half_open_for_s: Lasting | None = msgspec.field(name="half_open_for", default=None)
    per: Literal["target", "shards"] = "target"

    def problems(self) -> Iterator[Problem]:
        if self.window_for_s is not None and self.window_calls != 20:
            yield "window_for", "expected either 'window_for' or 'window_calls'"
        if self.window_for_s is None and self.minimum_calls > self.window_calls:
            yield "minimum_calls", f"expected at most window_calls, {self.window_calls}; found {self.minimum_calls}"
        if self.failure_rate == 0:
            yield "failure_rate", "expected more than 0: at 0 the breaker would open without a failure"
        if self.slow_call_rate == 0:
            yield "slow_call_rate", "expected more than 0: at 0 the breaker would open without a slow call"
        if self.slow_call_rate != 1.0 and self.slow_call_s is None:
            yield "slow_call_rate", "goes with 'slow_call': from when on a call is slow"
        if self.open_cap_s < self.open_for_s and self._grows:
            yield "open_cap", f"expected at least 'open_for', {duration_text(self.open_for_s)}"

    @property
    def _grows(self) -> bool:
        return self.open_growth != 1 or self.open_jitter != 0

    def as_config(self) -> CircuitBreakerConfig:
        """What the library's breaker is told."""
        grows = ExponentialBackoff(self.open_for_s, self.open_growth, self.open_cap_s, self.open_jitter)
        return CircuitBreakerConfig(
            window_calls=self.window_calls,
            window_s=self.window_for_s,
            minimum_calls=self.minimum_calls,
            failure_rate=self.failure_rate,
            slow_call_s=self.slow_call_s,
            slow_call_rate=self.slow_call_rate,
            open_s=self.open_for_s,
            open_backoff=grows if self._grows else None,
            half_open_calls=self.half_open_calls,
            half_open_max_s=self.half_open_for_s,
        )


class FrontRule(Section, frozen=True, kw_only=True):
    """How those behave who send the load: as everybody else, where nothing is said. They have no breakers."""

    call_timeout_s: Lasting | None = msgspec.field(name="call_timeout", default=None)
    retry: RetryRule | None = None
    patience_s: Lasting = msgspec.field(name="patience", default=120.0)
