"""Giving up after a while, and telling whatever is inside how long it has."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from .. import runtime
from ..errors import DeadlinePassed, TimedOut
from ..errors.given import check_seconds
from .deadline import current_deadline_s, deadline_at
from .limit import Limit
from .policy import Layer, Rejected

T = TypeVar("T")

_SAME_MOMENT_S = 1e-9


@dataclass(frozen=True, repr=False)
class Timeout(Layer):
    """Give up after that long, or at the ambient deadline if that is nearer, with `TimedOut`.

    What was begun elsewhere may still happen, so the outcome is unknown. Whatever runs inside finds the end as its
    deadline. Where several end at one moment, the outermost is named. Once the deadline has passed, nothing is begun
    (`DeadlinePassed`).
    """

    kind = "timeout"

    seconds: float

    def __post_init__(self) -> None:
        check_seconds("timeout, seconds", self.seconds, endless_too=True)

    @property
    def ends_after_s(self) -> float | None:
        return self.seconds

    async def around(self, inner: Callable[[], Awaitable[T]], rejected: Rejected | None) -> T:
        now_s = runtime.monotonic()
        allowed_s = self.seconds
        ends_s, outer_s = now_s + allowed_s, current_deadline_s()
        if outer_s is not None and outer_s < ends_s:
            if outer_s <= now_s:
                error = DeadlinePassed("the target", "the deadline had passed before the call was made")
                if rejected is not None:
                    rejected(error)
                raise error
            ends_s, allowed_s = outer_s, outer_s - now_s
        limit = Limit(allowed_s)
        try:
            with limit, deadline_at(ends_s):
                return await inner()
        except TimedOut as error:  # of a layer inside, at this very moment
            if limit.expired or runtime.monotonic() >= ends_s - _SAME_MOMENT_S:
                raise TimedOut(allowed_s) from error
            raise
        except TimeoutError:
            if limit.expired:
                raise TimedOut(allowed_s) from None
            raise


def timeout(seconds: float) -> Timeout:
    """Give up after that long: innermost for each attempt, or outside of everything for the whole."""
    return Timeout(seconds)
