"""When the requests of an open load come."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator
from itertools import islice, takewhile

from .loads import OpenLoad, Replay
from .rates import Piece, pieces_until


def arrivals(load: OpenLoad | Replay, chance: random.Random) -> Iterator[float]:
    """The moments of its requests, in seconds from the beginning, in order. A replay and an even load draw nothing.

    Poisson requests of a rate that changes are thinned: candidates come at the highest rate of the piece at hand,
    and each stays with the probability that its moment's rate has of that (Lewis & Shedler 1979).
    """
    if isinstance(load, Replay):
        return iter(load.times_s)
    end_s = math.inf if load.for_s is None else load.for_s
    pieces = pieces_until(load.rate, end_s)
    times = _evenly(pieces) if load.spacing == "even" else _by_chance(pieces, chance)
    return islice(takewhile(lambda at_s: at_s < end_s, times), load.count)


def _by_chance(pieces: Iterable[Piece], chance: random.Random) -> Iterator[float]:
    for piece in pieces:
        most_per_s = max(piece.from_per_s, piece.to_per_s)
        if most_per_s == 0:
            continue
        at_s = piece.begin_s
        # What comes has no memory: at the border of a piece one may begin to wait anew.
        while (at_s := at_s + chance.expovariate(most_per_s)) < piece.end_s:
            per_s = piece.per_s(at_s)
            if per_s >= most_per_s or chance.random() * most_per_s < per_s:
                yield at_s


def _evenly(pieces: Iterable[Piece]) -> Iterator[float]:
    """A request whenever the rate, added up over time, has come to another whole one."""
    needed = 1.0
    for piece in pieces:
        at_s = piece.begin_s
        while (next_s := _after(piece, at_s, needed)) < piece.end_s:
            yield next_s
            at_s, needed = next_s, 1.0
        if piece.end_s < math.inf:
            needed = max(0.0, needed - piece.expected(piece.end_s) + piece.expected(at_s))


def _after(piece: Piece, at_s: float, needed: float) -> float:
    """When so much of a request has come since *at_s*: ``needed = per_s·t + slope·t²/2``, solved for the first t."""
    per_s = piece.per_s(at_s)
    inside = per_s * per_s + 2 * piece.slope * needed
    if inside < 0:  # the rate falls to zero before
        return math.inf
    divisor = per_s + math.sqrt(inside)
    return at_s + 2 * needed / divisor if divisor else math.inf
