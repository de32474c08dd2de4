"""Who waits for which outcome, while messages are under way."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from .message import Reply


class Asked(NamedTuple):
    """What an outcome is the outcome of: who was asked, for what, and under which key.

    The key alone tells a step from its compensation. The other two are there for a caller who uses one key twice.
    """

    target: str
    operation: str
    key: str


class Mailbox:
    """Holds a place for everybody who waits, and for nobody else: it cannot grow beyond those.

    An outcome goes to all who wait for it then, whichever of their requests it answers: they carry one key, so that it
    is one wish. One that nobody waits for came twice, or late, or for an earlier life; it is counted in *unclaimed*.
    """

    def __init__(self) -> None:
        self.unclaimed = 0
        self._places: dict[Asked, list[asyncio.Future[Reply]]] = {}

    @property
    def waiting(self) -> int:
        """How many wait for an outcome."""
        return sum(len(places) for places in self._places.values())

    @contextmanager
    def place_for(self, asked: Asked) -> Iterator[asyncio.Future[Reply]]:
        """What the next outcome of *asked* resolves. When the block ends, answered or not, the place is given up."""
        place: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        places = self._places.setdefault(asked, [])
        places.append(place)
        try:
            yield place
        finally:
            places.remove(place)
            if not places:
                del self._places[asked]

    def deliver(self, asked: Asked, outcome: Reply) -> None:
        """Give *outcome* to whoever waits for it."""
        waiting = [place for place in self._places.get(asked, ()) if not place.done()]
        for place in waiting:
            place.set_result(outcome)
        if not waiting:
            self.unclaimed += 1
