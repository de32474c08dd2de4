"""What can go wrong with a call of another service."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import cast

from .base import GiveUp, Retriable, UnknownOutcome


class Unavailable(Retriable):
    """The target was not reached, so it did nothing.

    *retry_after_s* is how long to wait before it may be worth asking again, where the target said so.
    """

    retry_after_s: float | None = None

    def __init__(self, target: str, reason: str) -> None:
        super().__init__(target, reason)
        self.target, self.reason = target, reason

    def __str__(self) -> str:
        return f"{self.target} was not reached: {self.reason}"


class Rejected(Unavailable):
    """What stands before the target did not let the call through. It says nothing about the target's health.

    *retry_after_s* is how long to wait before it may be worth asking again, where that is known. Without having waited
    one is rejected again, so that a retry does not hammer it.
    """

    retry_after_s: float | None = None


class CircuitOpen(Rejected):
    """A circuit breaker rejected the call without making it: *target*, and *retry_after_s*, which may be for ever.

    These may be very many, and are made to be cheap: what they say is put together when it is read.
    """

    __init__ = Exception.__init__  # which keeps the arguments

    @property
    def target(self) -> str:  # type: ignore[override]  # nobody sets it
        return cast(str, self.args[0])

    @property
    def retry_after_s(self) -> float:  # type: ignore[override]
        return cast(float, self.args[1])

    @property
    def reason(self) -> str:  # type: ignore[override]
        if self.retry_after_s == math.inf:
            return "its circuit is held open"
        return f"its circuit is open for another {self.retry_after_s:.3g} s"


class BulkheadFull(Rejected):
    """As many calls as may be were under way, and as many waited as may wait, or for as long as they may."""

    def __init__(self, target: str, inside: int, waiting: int) -> None:
        super().__init__(target, f"no room in its bulkhead ({inside} inside, {waiting} waiting)")
        self.args = (target, inside, waiting)
        self.inside, self.waiting = inside, waiting


class RateLimited(Rejected):
    """It would have been more calls than a rate allows."""

    retry_after_s: float

    def __init__(self, target: str, retry_after_s: float) -> None:
        super().__init__(target, f"its rate is used up for another {retry_after_s:.3g} s")
        self.args = (target, retry_after_s)
        self.retry_after_s = retry_after_s


class LoadShed(Rejected):
    """Dropped unbegun, so that the rest is in time; *waiting* others were left in the queue."""

    def __init__(self, target: str, reason: str, waiting: int) -> None:
        super().__init__(target, f"{reason} ({waiting} waiting)")
        self.args = (target, reason, waiting)
        self.waiting = waiting


class DeadlinePassed(Unavailable):
    """The time allowed was over before the call was made. It says nothing about the target's health."""


class CallFailed(GiveUp):
    """The handler raised. The fault is the callee's; *reason* is what it said."""

    def __init__(self, target: str, operation: str, reason: str) -> None:
        super().__init__(target, operation, reason)
        self.target, self.operation, self.reason = target, operation, reason

    def __str__(self) -> str:
        return f"{self.target} failed in {self.operation}: {self.reason}"


class UnknownOperation(GiveUp):
    """The service has no handler of that name."""

    def __init__(self, service: str, operation: str, known: Iterable[str]) -> None:
        super().__init__(service, operation, tuple(known))
        self.service, self.operation, self.known = service, operation, tuple(known)

    def __str__(self) -> str:
        return f"{self.service} has no operation {self.operation!r}; it has {', '.join(self.known) or 'none'}"


class CallTimeout(UnknownOutcome, TimeoutError):
    """No answer in time: the call may have been carried out, or not, or may be yet."""

    def __init__(self, target: str, operation: str, timeout_s: float) -> None:
        super().__init__(target, operation, timeout_s)
        self.args = (target, operation, timeout_s)  # a TimeoutError is an OSError, which keeps only two
        self.target, self.operation, self.timeout_s = target, operation, timeout_s

    def __str__(self) -> str:
        return f"{self.target} did not answer {self.operation} within {self.timeout_s:g} s; the outcome is unknown"


class CallUnknown(UnknownOutcome):
    """The callee answered, but does not know itself whether the work was done; *reason* is what it said.

    *retry_after_s* is how long to wait before it may be worth asking again, where the callee said so.
    """

    retry_after_s: float | None = None

    def __init__(self, target: str, operation: str, reason: str) -> None:
        super().__init__(target, operation, reason)
        self.target, self.operation, self.reason = target, operation, reason

    def __str__(self) -> str:
        return f"{self.target} does not know how {self.operation} ended: {self.reason}"


class ConnectionBroken(UnknownOutcome):
    """The connection broke after the request was sent: the call may have been carried out, or not, or may be yet."""

    def __init__(self, target: str, operation: str, reason: str) -> None:
        super().__init__(target, operation, reason)
        self.target, self.operation, self.reason = target, operation, reason

    def __str__(self) -> str:
        return (
            f"the connection to {self.target} broke before it answered {self.operation}: {self.reason}; "
            "the outcome is unknown"
        )


class QuorumMissed(UnknownOutcome):
    """Too few of those who were asked answered. Those who did have done the work, and of others nobody knows."""

    def __init__(self, answered: int, needed: int, asked: int) -> None:
        super().__init__(answered, needed, asked)
        self.answered, self.needed, self.asked = answered, needed, asked

    def __str__(self) -> str:
        return f"{self.answered} of {self.asked} answered, and {self.needed} had to; the outcome is unknown"


class TimedOut(UnknownOutcome, TimeoutError):
    """A piece of work took longer than its policy allows, and was abandoned half way."""

    def __init__(self, timeout_s: float) -> None:
        super().__init__(timeout_s)
        self.timeout_s = timeout_s

    def __str__(self) -> str:
        return f"not done within {self.timeout_s:g} s; the outcome is unknown"
