"""Calls between services, and the breakers before them."""

from __future__ import annotations

from .happening import Happening


class CallStarted(Happening, frozen=True):
    """A call left its client, or was about to when it was rejected. *attempt* 2 is the first retry."""

    id: int
    source: str
    target: str
    operation: str
    key: str = ""
    attempt: int = 1


class CallEnded(Happening, frozen=True):
    """``ok``, ``refused``, ``failed``, ``unavailable``, ``rejected`` (by a breaker or a limiter) or ``unknown``."""

    id: int
    source: str
    target: str
    operation: str
    outcome: str
    duration_s: float
    reason: str = ""


class CallRejected(Happening, frozen=True):
    """A limiter kept a call from happening, and why, in words; *waiting* others were in its queue.

    *by* is the kind of limiter: ``bulkhead``, ``rate_limit``, ``adaptive_limit`` or ``shedding``.
    """

    limiter: str
    by: str
    reason: str
    waiting: int = 0


class BreakerChanged(Happening, frozen=True):
    """A circuit breaker went from one state to another, and why, in words."""

    breaker: str
    before: str
    after: str
    reason: str


class BreakerCounted(Happening, frozen=True, omit_defaults=True):
    """A breaker's window after a call was counted: *failure_rate* is None below the minimum of calls.

    So is *slow_rate*, the share of slow calls, and where the breaker knows of no slow calls.
    """

    breaker: str
    calls: int
    failure_rate: float | None
    slow_rate: float | None = None
