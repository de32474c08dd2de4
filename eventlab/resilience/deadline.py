"""The moment after which nobody waits for the answer any more, known to everything that runs on its behalf.

It travels with calls, so that a service stops calling others for a caller who has left.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token

from .. import runtime
from ..errors import InvalidValue

_DEADLINE_S: ContextVar[float | None] = ContextVar("eventlab_deadline_s", default=None)


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Give the body that long. A deadline that is already nearer stays; with an infinite one, whatever there is.

    Nothing is cancelled by this alone: whoever waits asks `remaining_s` and waits no longer. Raises `InvalidValue` for
    what is no number.
    """
    if seconds != seconds:
        raise InvalidValue("deadline, seconds", seconds, "a number of seconds")
    at_s = runtime.monotonic() + seconds
    outer_s = _DEADLINE_S.get()
    if outer_s is not None:
        at_s = min(at_s, outer_s)
    with deadline_at(None if at_s == math.inf else at_s):
        yield


class deadline_at:
    """Put a deadline in the place of whatever holds outside: the one that came with a call, or none.

    ``with deadline_at(None)`` is for work that has to be done however late it is, such as a compensation.
    """

    __slots__ = ("_at_s", "_token")

    def __init__(self, monotonic_s: float | None) -> None:
        self._at_s = monotonic_s

    def __enter__(self) -> None:
        self._token: Token[float | None] = _DEADLINE_S.set(self._at_s)

    def __exit__(self, *exc: object) -> None:
        _DEADLINE_S.reset(self._token)


def current_deadline_s() -> float | None:
    """The deadline on the monotonic clock, or None when there is all the time in the world."""
    return _DEADLINE_S.get()


def remaining_s() -> float | None:
    """Seconds left, 0 when the deadline has passed, None when there is none."""
    at_s = _DEADLINE_S.get()
    return None if at_s is None else max(0.0, at_s - runtime.monotonic())
