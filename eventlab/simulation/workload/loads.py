"""Loads as values: who asks, how often, and when it is over. One without an end is refused when it is built."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Literal, TypeAlias, TypeGuard

from ...errors import InvalidValue
from ...errors.given import check_seconds
from ..distributions import Constant, Distribution, check_distribution
from ..empirical import numbers_of_file
from .rates import Rate, Steady, expected_requests, peak_of

REQUESTS_MAX = 1_000_000
"""A load beyond this would not end while anybody waits for it, nor its history fit into memory."""

NOT_AT_ALL = Constant(0.0)


@dataclass(frozen=True, slots=True)
class OpenLoad:
    """Requests that come whether or not earlier ones were answered: people do not know of one another.

    *poisson* requests are independent of one another; *even* ones keep the distance that the rate
    demands. It ends after *for_s*, or after *count* requests, whichever comes first.
    """

    rate: Rate
    for_s: float | None = None
    count: int | None = None
    spacing: Literal["poisson", "even"] = "poisson"

    def __post_init__(self) -> None:
        _check_ends("OpenLoad", self.for_s, self.count)
        if self.spacing not in ("poisson", "even"):
            raise InvalidValue("OpenLoad.spacing", self.spacing, "'poisson' or 'even'")
        if self.count is None and self.for_s is not None:
            requests = expected_requests(self.rate, self.for_s)
            if requests > REQUESTS_MAX:
                raise InvalidValue(
                    "OpenLoad.for_s", self.for_s, f"at most {REQUESTS_MAX:,} requests, not {requests:,.0f}"
                )


@dataclass(frozen=True, slots=True)
class Replay:
    """Requests that come at these times, in seconds from the beginning: recorded ones, as often as they came."""

    times_s: tuple[float, ...]

    def __init__(self, times_s: Iterable[float]) -> None:
        times = tuple(times_s)
        if not 1 <= len(times) <= REQUESTS_MAX:
            raise InvalidValue("Replay.times_s", f"{len(times)} times", f"1 to {REQUESTS_MAX:,}")
        before_s = 0.0
        for place, time_s in enumerate(times):
            if not _is_number(time_s) or not before_s <= time_s < math.inf:
                raise InvalidValue(f"Replay.times_s[{place}]", time_s, f"a finite time, not before {before_s:g} s")
            before_s = time_s
        object.__setattr__(self, "times_s", times)

    @classmethod
    def of_gaps(cls, gaps_s: Iterable[float]) -> Replay:
        """Requests with this much time before each; before the first, from the beginning."""
        return cls(accumulate(gaps_s))

    @classmethod
    def from_file(
        cls,
        path: str | Path,
        column: str | None = None,
        *,
        holds: Literal["times", "gaps"] = "times",
        unit_s: float = 1.0,
    ) -> Replay:
        """The numbers of a text file, one a line, or those of a *column* of a CSV file; *unit_s* is one in seconds.

        *times* may begin anywhere, as a clock's do: the first request comes at once. They may be out of order: a log
        is written when a request ends. Raises InvalidValue naming the line that holds no number of zero or more,
        and an OSError that names the file, as FileNotFoundError, if it cannot be read.
        """
        numbers = numbers_of_file(path, column, unit_s=unit_s)
        if holds == "gaps":
            return cls.of_gaps(numbers)
        if holds != "times":
            raise InvalidValue("Replay.from_file holds", holds, "'times' or 'gaps'")
        ordered = sorted(numbers)
        return cls(time_s - ordered[0] for time_s in ordered)

    def faster(self, factor: float) -> Replay:
        """The same requests, their time pressed together *factor* times: a day in an hour with 24."""
        if not 0 < factor < math.inf:
            raise InvalidValue("Replay.faster factor", factor, "a finite number above zero")
        return Replay(time_s / factor for time_s in self.times_s)

    def at_rate(self, per_s: float) -> Replay:
        """The same requests, their time pressed together or drawn out until they come *per_s* a second on average."""
        if not 0 < per_s < math.inf:
            raise InvalidValue("Replay.at_rate per_s", per_s, "a finite number of requests a second, above zero")
        span_s = self.times_s[-1] - self.times_s[0]
        if not span_s:
            raise InvalidValue("Replay.at_rate", f"{len(self.times_s)} requests at one time", "times that differ")
        return self.faster(span_s * per_s / (len(self.times_s) - 1))

    def cut(self, for_s: float | None = None, count: int | None = None) -> Replay:
        """What of them comes before *for_s*, at most the first *count*. Raises InvalidValue where that is nothing."""
        kept = [time_s for time_s in self.times_s if for_s is None or time_s < for_s][:count]
        if not kept:
            raise InvalidValue("Replay.cut for_s", for_s, f"more than {self.times_s[0]:g} s, when the first comes")
        return Replay(kept)


@dataclass(frozen=True, slots=True)
class ClosedLoad:
    """So many *users*: each asks, waits for the answer, thinks, and asks again. All begin at once.

    Such a load slows down with what it asks, as no crowd in front of a service does: the queue is never longer than
    there are users. Each asks *each* times, or asks no more once *for_s* are over, whichever comes first.
    """

    users: int
    each: int | None = None
    for_s: float | None = None
    thinking: Distribution = NOT_AT_ALL

    def __post_init__(self) -> None:
        _check_whole("ClosedLoad.users", self.users)
        check_distribution("ClosedLoad.thinking", self.thinking)
        if self.each is None and self.for_s is not None and self.thinking.mean_s == 0:
            # Were the answers to take no time either, it would never be later.
            raise InvalidValue("ClosedLoad.each", None, "a whole number too, as users who do not think need an end")
        _check_ends("ClosedLoad", self.for_s, self.each, "each")
        if self.each is not None and self.users * self.each > REQUESTS_MAX:
            raise InvalidValue("ClosedLoad.each", self.each, f"at most {REQUESTS_MAX:,} requests of all users together")


def poisson(per_s: float, *, for_s: float | None = None, count: int | None = None) -> OpenLoad:
    """Requests that are independent of one another, at a rate that stays as it is."""
    return OpenLoad(Steady(per_s), for_s, count)


def constant(per_s: float, *, for_s: float | None = None, count: int | None = None) -> OpenLoad:
    """Requests at even distances."""
    return OpenLoad(Steady(per_s), for_s, count, "even")


def peak_per_s(load: OpenLoad | Replay) -> float:
    """How many requests come in the busiest second: on average, or, of a replay, as recorded."""
    if isinstance(load, OpenLoad):
        return peak_of(load.rate, math.inf if load.for_s is None else load.for_s)
    first, most = 0, 0
    for last, time_s in enumerate(load.times_s):
        while load.times_s[first] <= time_s - 1:
            first += 1
        most = max(most, last - first + 1)
    return float(most)


Load: TypeAlias = OpenLoad | Replay | ClosedLoad


def _check_ends(load: str, for_s: object, count: object, name: str = "count") -> None:
    if for_s is None and count is None:
        raise InvalidValue(f"{load}.for_s", None, f"an end: for_s, or {name}, or both")
    if for_s is not None:
        check_seconds(f"{load}.for_s", for_s)
    if count is not None:
        _check_whole(f"{load}.{name}", count)


def _check_whole(name: str, value: object) -> None:
    if not isinstance(value, int) or not 1 <= value <= REQUESTS_MAX:
        raise InvalidValue(name, value, f"a whole number from 1 to {REQUESTS_MAX:,}")


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float)
