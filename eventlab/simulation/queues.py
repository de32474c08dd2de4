"""Whose turn is next: the disciplines of a queue. Whoever leaves it before being served is gone at once."""

from __future__ import annotations

from collections import OrderedDict
from heapq import heapify, heappop, heappush
from typing import Any, Final, Literal, Protocol, TypeAlias

from ..resilience.codel import CoDel, ControlledLine

Discipline: TypeAlias = Literal["fifo", "lifo", "priority", "deadline", "codel", "adaptive_lifo"]

GONE_MIN: Final = 64
"""Below this many places that were given up the heap is left alone; above it, as soon as half of it is."""


class Queue(Protocol):
    """Places in the order of a discipline. *rank* is looked at only by those that rank."""

    def put(self, place: Any, rank: float) -> None: ...
    def take(self) -> Any: ...
    def remove(self, place: Any) -> None: ...
    def __len__(self) -> int: ...


class Line(OrderedDict[Any, None]):
    """First in, first out; or with *last_first* the other way round."""

    def __init__(self, *, last_first: bool) -> None:
        super().__init__()
        self._last_first = last_first

    def put(self, place: Any, rank: float) -> None:
        self[place] = None

    def take(self) -> Any:
        return self.popitem(self._last_first)[0]

    def remove(self, place: Any) -> None:
        del self[place]


class Ranked:
    """Smallest rank first; among equals, first in, first out."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Any]] = []
        self._here: dict[Any, None] = {}
        self._came = 0

    def put(self, place: Any, rank: float) -> None:
        self._came += 1
        self._here[place] = None
        heappush(self._heap, (rank, self._came, place))

    def take(self) -> Any:
        while True:
            place = heappop(self._heap)[2]
            if place in self._here:
                del self._here[place]
                return place

    def remove(self, place: Any) -> None:
        del self._here[place]
        if len(self._heap) - len(self._here) > max(GONE_MIN, len(self._here)):
            self._heap = [item for item in self._heap if item[2] in self._here]
            heapify(self._heap)

    def __len__(self) -> int:
        return len(self._here)


def queue_of(discipline: Discipline, codel: CoDel) -> Queue:
    """An empty queue of that discipline; *codel* tells those who shed load whether it stands."""
    if discipline in ("codel", "adaptive_lifo"):
        return ControlledLine(codel, newest_first=discipline == "adaptive_lifo")
    if discipline in ("priority", "deadline"):
        return Ranked()
    return Line(last_first=discipline == "lifo")
