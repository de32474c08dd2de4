"""How a group shares its work, and what it means, to a group as to a projection, that an event cannot be handled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Final, Literal, TypeAlias

from ..errors import InvalidValue
from ..resilience.backoff import Backoff, Exponential
from ..resilience.given import check_backoff


@lru_cache(maxsize=4096)
def share_of(stream: str, shares: int) -> int:
    """The share, from 0 on, that the events of *stream* belong to: the same in every process, for ever."""
    return int.from_bytes(blake2b(stream.encode(), digest_size=8).digest(), "big") % shares


def quota_of(worker: str, workers: Sequence[str], shares: int) -> int:
    """How many of *shares* the *worker* is to have among all live *workers*; no two differ by more than one."""
    ranked = sorted({*workers, worker})
    each, left_over = divmod(shares, len(ranked))
    return each + (ranked.index(worker) < left_over)


_BACKOFF: Final = Exponential(0.1, factor=2, cap_s=30.0, jitter=0.2)


@dataclass(frozen=True, slots=True)
class Stop:
    """No further than here: what was handled before the event stands, and whoever goes on meets it again.

    The worker of a group ends with the handler's error; the runner of a
    projection with ProjectionFailed, and its progress tells the reason.
    """


@dataclass(frozen=True, slots=True)
class Park:
    """The event is set aside with the reason, and the others go on.

    In a group later events of its stream overtake it; in a projection they
    are set aside behind it, unless told otherwise.
    """


@dataclass(frozen=True, slots=True)
class Retrying:
    """The event is tried again after a pause, in which what comes after it waits.

    In a group that is its share, and the other shares go on; in a projection it is all.

    After *attempts_max* tries in all, *then* counts; without a limit, never.
    """

    backoff: Backoff = _BACKOFF
    attempts_max: int | None = None
    then: Stop | Park = Stop()

    def __post_init__(self) -> None:
        check_backoff("backoff", self.backoff)
        if self.attempts_max is not None and self.attempts_max < 1:
            raise InvalidValue("attempts_max", self.attempts_max, "1 or more, or None")
        if not isinstance(self.then, Stop | Park):
            raise InvalidValue("then", self.then, "Stop() or Park()")


Failing: TypeAlias = Stop | Park | Retrying


def check_failing(failing: Failing) -> None:
    """Refuse what is no policy, as `Park` without its brackets: it would be taken for stopping."""
    if not isinstance(failing, Stop | Park | Retrying):
        raise InvalidValue("failing", failing, "Stop(), Park() or Retrying(…)")


def step_after(failing: Failing, attempts: int) -> Literal["stop", "park", "retry"]:
    """What to do about an event that has failed so many times."""
    if isinstance(failing, Retrying):
        if failing.attempts_max is None or attempts < failing.attempts_max:
            return "retry"
        failing = failing.then
    return "park" if isinstance(failing, Park) else "stop"
