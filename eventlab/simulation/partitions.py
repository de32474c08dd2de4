"""Cuts through a network: rules that let nothing pass between some nodes.

The shapes are those of Jepsen's nemesis (jepsen.nemesis: *bisect*, *split-one*, *bridge*, *majorities-ring*).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Literal, get_args

from ..errors import InvalidValue
from ..errors.given import check_seconds
from ..services.fate import BREAK, DROP, PASS, Envelope, Fate

InFlight = Literal["arrives", "lost"]
SeenAs = Literal["silence", "broken"]


class Cut:
    """Lets no message pass where it `cuts`.

    *in_flight* says what becomes of messages that were sent before the cut: they arrive, or are
    lost. *seen_as* says what the ends notice: nothing, so that they wait; or that the connection is broken. Where
    that is left out, the links say it on which the cut is installed.
    """

    what = "partition"
    """What it is called where it names a node that there is not."""

    again_every_s: float | None = None
    """Where a cut takes hold again and again: how often."""

    def __init__(self, *, in_flight: InFlight = "arrives", seen_as: SeenAs | None = None) -> None:
        for name, value, choices in (("in_flight", in_flight, InFlight), ("seen_as", seen_as, SeenAs)):
            if value not in get_args(choices) and (name, value) != ("seen_as", None):
                raise InvalidValue(f"cut, {name}", value, " or ".join(map(repr, get_args(choices))))
        self.in_flight, self.seen_as = in_flight, seen_as
        self.breaks = seen_as == "broken"
        """Whether the connection is seen to be broken, where it is installed now."""

    def nodes(self) -> tuple[str, ...]:
        """The nodes that it names."""
        raise NotImplementedError

    def cuts(self, source: str, target: str) -> bool:
        """Whether it stands between *source* and *target*, in this direction."""
        raise NotImplementedError

    def begin(self, clock: Callable[[], float]) -> None:
        """It was installed just now."""

    def holds(self) -> bool:
        """Whether it is in force at this moment."""
        return True

    def __call__(self, envelope: Envelope) -> Fate:
        if not self.cuts(envelope.source, envelope.target) or not self.holds():
            return PASS
        return BREAK if self.breaks else DROP


class Partition(Cut):
    """Cuts between *left* and *right*, both ways unless *one_way*. Nodes in neither group reach all: it is partial."""

    def __init__(
        self,
        left: Iterable[str],
        right: Iterable[str],
        *,
        one_way: bool = False,
        in_flight: InFlight = "arrives",
        seen_as: SeenAs | None = None,
    ) -> None:
        super().__init__(in_flight=in_flight, seen_as=seen_as)
        for group in (left, right):
            if isinstance(group, str):
                raise InvalidValue("partition", group, "a list of nodes, not one name")
        self.left, self.right, self.one_way = tuple(left), tuple(right), one_way
        both = sorted(set(self.left) & set(self.right))
        if not self.left or not self.right or both:
            raise InvalidValue("partition", (self.left, self.right), "two groups of nodes with no node in both")

    def nodes(self) -> tuple[str, ...]:
        return (*self.left, *self.right)

    def cuts(self, source: str, target: str) -> bool:
        if source in self.left and target in self.right:
            return True
        return not self.one_way and source in self.right and target in self.left

    def __str__(self) -> str:
        arrow = "→" if self.one_way else "↔"
        return f"{', '.join(self.left)} {arrow} {', '.join(self.right)}"


class Isolation(Cut):
    """Cuts one node off from all others, also from those that come later. It still reaches itself."""

    what = "node to isolate"

    def __init__(self, node: str, *, in_flight: InFlight = "arrives", seen_as: SeenAs | None = None) -> None:
        super().__init__(in_flight=in_flight, seen_as=seen_as)
        self.node = node

    def nodes(self) -> tuple[str, ...]:
        return (self.node,)

    def cuts(self, source: str, target: str) -> bool:
        return (source == self.node) is not (target == self.node)

    def __str__(self) -> str:
        return f"{self.node} ↔ all others"


class MajoritiesRing(Cut):
    """Every node sees a majority, and no two see the same one: each reaches its nearest neighbours in a ring."""

    what = "node of the majorities ring"

    def __init__(self, ring: Iterable[str], *, in_flight: InFlight = "arrives", seen_as: SeenAs | None = None) -> None:
        super().__init__(in_flight=in_flight, seen_as=seen_as)
        self.ring = tuple(ring)
        if len(self.ring) < 4 or len(set(self.ring)) < len(self.ring):
            raise InvalidValue("majorities ring", self.ring, "at least four different nodes: three all see one another")
        self._place = {name: place for place, name in enumerate(self.ring)}
        self._reach = (len(self.ring) // 2 + 1) // 2

    def nodes(self) -> tuple[str, ...]:
        return self.ring

    def cuts(self, source: str, target: str) -> bool:
        if source not in self._place or target not in self._place:
            return False
        apart = abs(self._place[source] - self._place[target])
        return min(apart, len(self.ring) - apart) > self._reach

    def __str__(self) -> str:
        return f"ring of majorities: {', '.join(self.ring)}"


class Flapping(Cut):
    """*cut*, on and off: in force for the first *duty* of each *period_s*, from when it was installed."""

    def __init__(self, cut: Cut, period_s: float, duty: float = 0.5) -> None:
        super().__init__(in_flight=cut.in_flight, seen_as=cut.seen_as)
        check_seconds("Flapping.period_s", period_s)
        if not 0 < duty < 1:
            raise InvalidValue("Flapping.duty", duty, "a share of the period between 0 and 1")
        self.cut, self.period_s, self.duty = cut, period_s, duty
        self.what, self.again_every_s = cut.what, period_s
        self._clock: Callable[[], float] | None = None
        self._began_s = 0.0

    def nodes(self) -> tuple[str, ...]:
        return self.cut.nodes()

    def cuts(self, source: str, target: str) -> bool:
        return self.cut.cuts(source, target)

    def begin(self, clock: Callable[[], float]) -> None:
        self._clock, self._began_s = clock, clock()

    def holds(self) -> bool:
        if self._clock is None:
            return False
        periods = (self._clock() - self._began_s) / self.period_s
        # A billionth of a period is less than anybody means, and more than rounding makes of a round moment.
        return periods + 1e-9 - math.floor(periods + 1e-9) < self.duty

    def __str__(self) -> str:
        return f"{self.cut}, {self.duty:.0%} of every {self.period_s:g} s"
