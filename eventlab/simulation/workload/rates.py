"""How often requests come, as it changes with time: pieces, in each of which the rate is even or changes evenly."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import NamedTuple, TypeAlias

from ...errors import InvalidValue
from ...errors.given import check_seconds

DAY_S = 86_400.0
MINUTES_OF_DAY = 1440


class Piece(NamedTuple):
    """From *begin_s* to *end_s* the rate goes from *from_per_s* to *to_per_s* along a straight line."""

    begin_s: float
    end_s: float
    from_per_s: float
    to_per_s: float

    @property
    def slope(self) -> float:
        """By how much the rate changes in a second."""
        if self.from_per_s == self.to_per_s:  # also where the piece has no end
            return 0.0
        return (self.to_per_s - self.from_per_s) / (self.end_s - self.begin_s)

    def per_s(self, at_s: float) -> float:
        slope = self.slope
        return self.from_per_s + slope * (at_s - self.begin_s) if slope else self.from_per_s

    def expected(self, until_s: float) -> float:
        """How many requests come on average until then, or until the piece ends."""
        lasting_s = max(0.0, min(until_s, self.end_s) - self.begin_s)
        return lasting_s * (self.from_per_s + self.slope * lasting_s / 2) if lasting_s else 0.0


@dataclass(frozen=True, slots=True)
class Steady:
    """The same rate for ever."""

    per_s: float

    def __post_init__(self) -> None:
        _rate("Steady.per_s", self.per_s, above_zero=True)

    def pieces(self) -> Iterator[Piece]:
        yield Piece(0.0, math.inf, self.per_s, self.per_s)


@dataclass(frozen=True, slots=True)
class Ramp:
    """From one rate to another along a straight line, in *over_s*; then the second goes on."""

    from_per_s: float
    to_per_s: float
    over_s: float

    def __post_init__(self) -> None:
        _rate("Ramp.from_per_s", self.from_per_s)
        _rate("Ramp.to_per_s", self.to_per_s)
        check_seconds("Ramp.over_s", self.over_s)
        if self.from_per_s == self.to_per_s == 0:
            raise InvalidValue("Ramp.to_per_s", self.to_per_s, "above zero, as the ramp begins at zero")

    def pieces(self) -> Iterator[Piece]:
        yield Piece(0.0, self.over_s, self.from_per_s, self.to_per_s)
        yield Piece(self.over_s, math.inf, self.to_per_s, self.to_per_s)


@dataclass(frozen=True, slots=True)
class Spike:
    """*per_s*, but *peak_per_s* from *at_s* on for *lasting_s*."""

    per_s: float
    peak_per_s: float
    at_s: float
    lasting_s: float

    def __post_init__(self) -> None:
        _rate("Spike.per_s", self.per_s)
        _rate("Spike.peak_per_s", self.peak_per_s, above_zero=True)
        check_seconds("Spike.at_s", self.at_s, zero_too=True)
        check_seconds("Spike.lasting_s", self.lasting_s)

    def pieces(self) -> Iterator[Piece]:
        over_s = self.at_s + self.lasting_s
        if self.at_s:
            yield Piece(0.0, self.at_s, self.per_s, self.per_s)
        yield Piece(self.at_s, over_s, self.peak_per_s, self.peak_per_s)
        yield Piece(over_s, math.inf, self.per_s, self.per_s)


@dataclass(frozen=True, slots=True)
class Profile:
    """One rate after another, each ``(lasting_s, per_s)``, and then again from the first: a day after a day."""

    steps: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        for place, (lasting_s, per_s) in enumerate(self.steps):
            check_seconds(f"Profile.steps[{place}] lasting_s", lasting_s)
            _rate(f"Profile.steps[{place}] per_s", per_s)
        if not any(per_s for _, per_s in self.steps):
            raise InvalidValue("Profile.steps", self.steps, "at least one step with a rate above zero")

    @classmethod
    def day(cls, per_s: Sequence[float]) -> Profile:
        """A day shared out evenly over these rates: 24 of them are one for each hour, from midnight on.

        Raises InvalidValue for a number of rates that does not divide the day into whole minutes, as 23 would not.
        """
        if not per_s or MINUTES_OF_DAY % len(per_s):
            raise InvalidValue("Profile.day", f"{len(per_s)} rates", "24, or as many as share a day into whole minutes")
        return cls(tuple((DAY_S / len(per_s), rate) for rate in per_s))

    def pieces(self) -> Iterator[Piece]:
        begin_s = 0.0
        for lasting_s, per_s in cycle(self.steps):
            yield Piece(begin_s, begin_s + lasting_s, per_s, per_s)
            begin_s += lasting_s


Rate: TypeAlias = Steady | Ramp | Spike | Profile


def expected_requests(rate: Rate, until_s: float) -> float:
    """How many requests come on average before *until_s*."""
    if isinstance(rate, Profile):  # whole rounds at once: there may be many
        round_s = math.fsum(lasting_s for lasting_s, _ in rate.steps)
        rounds, rest_s = divmod(until_s, round_s)
        whole = rounds * math.fsum(lasting_s * per_s for lasting_s, per_s in rate.steps)
        return whole + sum(piece.expected(rest_s) for piece in pieces_until(rate, rest_s))
    return sum(piece.expected(until_s) for piece in pieces_until(rate, until_s))


def peak_of(rate: Rate, until_s: float) -> float:
    """The highest rate before *until_s*."""
    if isinstance(rate, Profile):
        until_s = min(until_s, math.fsum(lasting_s for lasting_s, _ in rate.steps))
    pieces = pieces_until(rate, until_s)
    return max(max(piece.from_per_s, piece.per_s(min(piece.end_s, until_s))) for piece in pieces)


def pieces_until(rate: Rate, until_s: float) -> Iterator[Piece]:
    """The pieces that begin before *until_s*."""
    for piece in rate.pieces():
        if piece.begin_s >= until_s:
            return
        yield piece


def _rate(name: str, value: object, *, above_zero: bool = False) -> None:
    expected = f"a finite number of requests a second, {'above zero' if above_zero else 'zero or more'}"
    if not isinstance(value, int | float) or not 0 <= value < math.inf or (above_zero and value == 0):
        raise InvalidValue(name, value, expected)
