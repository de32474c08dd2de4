"""Controlled delay: telling a queue that stands from one that passes, and whom to drop from it.

The estimator is CoDel's (K. Nichols and V. Jacobson, *Controlling Queue Delay*, ACM Queue 10(5), 2012; RFC 8289): a
queue is good as long as somebody gets through it quickly. CoDel itself then drops at a rate that grows slowly, until
senders slow down, as TCP does. Callers of services do not; so the rule of dropping is that of Facebook's servers
(B. Maurer, *Fail at Scale*, ACM Queue 13(8), 2015; ``folly::Codel``): whoever is too old goes, at once.
"""

from __future__ import annotations

from collections import OrderedDict
from itertools import islice
from typing import Protocol, TypeVar

from ..errors.given import check_seconds

TARGET_S = 0.005
INTERVAL_S = 0.1


class CoDel:
    """The queue stands once its oldest has been older than *target_s* for a whole *interval_s*.

    While it stands, whoever has waited longer than *slough_s*, twice the target, is dropped. It asks no clock: times
    are the caller's.
    """

    __slots__ = ("_since_s", "interval_s", "overloaded", "slough_s", "target_s")

    def __init__(self, target_s: float = TARGET_S, interval_s: float = INTERVAL_S, name: str = "CoDel") -> None:
        for setting, value in (("target_s", target_s), ("interval_s", interval_s)):
            check_seconds(f"{name}.{setting}", value)
        self.target_s, self.interval_s, self.slough_s = target_s, interval_s, 2 * target_s
        self.overloaded = False
        """Whether the queue stood when somebody last came out of it."""
        self._since_s: float | None = None

    def rest(self) -> None:
        """Nobody waits."""
        self._since_s = None
        self.overloaded = False

    def look(self, oldest_s: float, waiting: int, now_s: float) -> bool:
        """Whether the queue stands now, where *waiting* wait and the oldest has for *oldest_s*.

        To be asked whenever somebody is about to come out. A queue of one does not stand.
        """
        if oldest_s < self.target_s or waiting <= 1:
            self.rest()
            return False
        if self._since_s is None:
            self._since_s = now_s
        self.overloaded = now_s - self._since_s >= self.interval_s
        return self.overloaded


class Waiting(Protocol):
    """Somebody in a line, since *came_s*."""

    came_s: float


W = TypeVar("W", bound=Waiting)


class ControlledLine(OrderedDict[W, None]):
    """First in, first out, until the line stands: then it sheds whoever is too old.

    With *newest_first* it then also serves whoever came last, who has the best chance of being in time (Maurer's
    *adaptive LIFO*).
    """

    def __init__(self, codel: CoDel, *, newest_first: bool) -> None:
        super().__init__()
        self._codel, self._newest_first = codel, newest_first

    @property
    def overloaded(self) -> bool:
        """Whether it stood when somebody last came out of it."""
        return self._codel.overloaded

    def put(self, one: W, rank: float = 0.0) -> None:
        """At the end of the line; *rank* is for lines that rank."""
        if not self:
            self._codel.rest()
        self[one] = None

    def shed(self, now_s: float, before: int = 0) -> list[W]:
        """Take out whom a server that is free now would come too late for; to be called before each `take`.

        *before* are the others whose turn is before anybody's here. If there are none, the youngest stays in any case,
        or the server would idle.
        """
        oldest = next(iter(self), None)
        if oldest is None or not self._codel.look(now_s - oldest.came_s, len(self) + before, now_s):
            return []
        slough_s = self._codel.slough_s
        dropped = []
        for one in islice(self, len(self) if before else len(self) - 1):
            if now_s - one.came_s <= slough_s:
                break
            dropped.append(one)
        for one in dropped:
            del self[one]
        return dropped

    def take(self) -> W:
        """Whoever's turn it is."""
        return self.popitem(self._newest_first and self._codel.overloaded)[0]

    def remove(self, one: W) -> None:
        """Whoever left by itself."""
        del self[one]
