"""A limiter as a layer of a policy: ``retry() | breaker(circuit) | bulkhead(eight_at_once) | timeout(1.0)``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from .. import errors
from .adaptive import AdaptiveLimit
from .bulkhead import Bulkhead
from .policy import Layer, Rejected, telling
from .rate import RateLimiter
from .shedder import Shedder

T = TypeVar("T")


class Limiter(Protocol):
    """What a policy needs of a limiter: it awaits a call, or raises without having made it."""

    @property
    def name(self) -> str: ...

    @property
    def kind(self) -> str: ...

    def call(self, f: Callable[..., Awaitable[T]], *args: object) -> Coroutine[Any, Any, T]: ...


@dataclass(frozen=True, repr=False)
class Limited(Layer):
    """Ask *limiter* first. Limiters have memory: all calls to one target share one."""

    limiter: Limiter

    def __post_init__(self) -> None:
        if not callable(getattr(self.limiter, "call", None)):
            raise errors.InvalidValue("a limit in a policy", self.limiter, "a limiter, such as Bulkhead('payments', 8)")

    @property
    def kind(self) -> str:  # type: ignore[override]  # its limiter's, by which the order is judged
        return self.limiter.kind

    def around(self, inner: Callable[[], Awaitable[T]], rejected: Rejected | None) -> Coroutine[Any, Any, T]:
        if rejected is None:
            return self.limiter.call(inner)
        return telling(self.limiter.call, inner, (errors.Rejected, errors.DeadlinePassed), rejected)

    def __repr__(self) -> str:
        return f"{self.kind}({self.limiter.name!r})"


def bulkhead(limiter: Bulkhead) -> Limited:
    """So many at once: ``bulkhead(Bulkhead("payments", calls_max=8))``."""
    return Limited(limiter)


def rate_limit(limiter: RateLimiter) -> Limited:
    """So many in a time: ``rate_limit(RateLimiter("mails", rate_per_s=10, burst=20))``."""
    return Limited(limiter)


def shedding(limiter: Shedder) -> Limited:
    """Drop what comes too late, all of one priority: ``shedding(Shedder("payments", calls_max=8))``."""
    return Limited(limiter)


def adaptive_limit(limiter: AdaptiveLimit) -> Limited:
    """As many at once as the target takes: ``adaptive_limit(AdaptiveLimit("payments"))``."""
    return Limited(limiter)
