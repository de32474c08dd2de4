"""What becomes of a message between two nodes: the rules that are installed, then the link's own manners.

Pure but for chance and the clock that it is given: the messages in flight are the network's. The
same rules serve the simulated network and the in-process transport.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterator
from typing import TypeVar, get_args

from .. import runtime
from ..errors import InvalidValue
from ..services.fate import BREAK, DROP, PASS, DeliverAfter, Envelope, Fate, FateRule, refuse_answer
from .blocks import as_block
from .degrading import Degradation
from .link import Link as Link
from .partitions import Cut, SeenAs
from .partitions import Partition as Partition
from .sizes import size_of
from .way import Journey, Lost, Way

T = TypeVar("T")


class Links:
    """The fate of every message. Rules are asked newest first, and the first answer other than PASS decides."""

    def __init__(
        self,
        stream: Callable[[str], random.Random],
        default: Link | None = None,
        clock: Callable[[], float] = runtime.monotonic,
    ) -> None:
        self._stream, self._clock = stream, clock
        self._default = default or Link()
        self._links: dict[tuple[str, str], Link] = {}
        self.ways: dict[tuple[str, str], Way] = {}
        """The directions that were used so far. One that is not there is made by `way`."""
        self._degradations: list[Degradation] = []
        self.rules: list[FateRule] = []
        self.took_hold: Callable[[Cut], None] | None = None
        """Told of every cut that is installed: by the network, which knows the messages in flight."""
        self.nodes: Callable[[], Collection[str]] | None = None
        """Where it is known which nodes there are: what names another one is refused."""
        self._cuts_seen_as: SeenAs = "silence"

    @property
    def cuts_seen_as(self) -> SeenAs:
        """What the ends of a cut notice where the cut itself does not say."""
        return self._cuts_seen_as

    @cuts_seen_as.setter
    def cuts_seen_as(self, seen_as: SeenAs) -> None:
        if seen_as not in get_args(SeenAs):
            raise InvalidValue("cuts_seen_as", seen_as, " or ".join(map(repr, get_args(SeenAs))))
        self._cuts_seen_as = seen_as

    def check(self, what: str, *names: str) -> None:
        """Raises InvalidValue for *what* if it names a node that there is not."""
        known = None if self.nodes is None else self.nodes()
        for name in names:
            if known is not None and name not in known:
                raise InvalidValue(what, name, f"one of the nodes {', '.join(known) or '(none yet)'}")

    @property
    def default(self) -> Link:
        """The manners of every link that has none of its own. Raises InvalidValue, when set, for what is no Link."""
        return self._default

    @default.setter
    def default(self, link: Link) -> None:
        _check_link("links.default", link)
        self._default = link
        for ends, way in self.ways.items():
            way.adopt(self._links.get(ends, link))

    def set_link(self, source: str, target: str, link: Link, *, both_ways: bool = True) -> None:
        """Give the link between two nodes manners of its own. Raises InvalidValue for a node that there is not.

        And for what is no Link.
        """
        self.check("link", source, target)
        _check_link(f"link from {source} to {target}", link)
        for ends in [(source, target), (target, source)][: 1 + both_ways]:
            self._links[ends] = link
            if ends in self.ways:
                self.ways[ends].adopt(link)

    def way(self, source: str, target: str) -> Way:
        """The direction from *source* to *target*, with chance of its own: what happens on one moves no other's."""
        ends = (source, target)
        way = self.ways.get(ends)
        if way is None:

            def stream(concern: str) -> random.Random:
                return self._stream(f"link/{source}/{target}{concern}")

            way = self.ways[ends] = Way(self._links.get(ends, self._default), stream, self._clock)
            self._worsen(way, source, target)
        return way

    @property
    def degradations(self) -> tuple[Degradation, ...]:
        """Those in force, oldest first."""
        return tuple(self._degradations)

    @as_block
    def degraded(self, degradation: Degradation) -> Iterator[Degradation]:
        """Let links be worse than they are until the block ends. What is in flight keeps the time that it has.

        Raises InvalidValue for a node that there is not.
        """
        self.check("degradation", *degradation.nodes())
        self._degradations.append(degradation)
        self._worsen_all()
        try:
            yield degradation
        finally:
            self._degradations = _without(self._degradations, degradation)
            self._worsen_all()

    def _worsen_all(self) -> None:
        for (source, target), way in self.ways.items():
            self._worsen(way, source, target)

    def _worsen(self, way: Way, source: str, target: str) -> None:
        way.worsen(tuple(one for one in self._degradations if one.concerns(source, target)))

    @as_block
    def rule(self, rule: FateRule) -> Iterator[FateRule]:
        """Ask *rule* first, until the block ends."""
        self.install(rule)
        try:
            yield rule
        finally:
            self.rules[:] = _without(self.rules, rule)

    def install(self, rule: FateRule) -> None:
        """Ask *rule* first from now on.

        Raises InvalidValue for a cut that names a node that there is not, and for what is no callable. What a rule
        answers is looked at when a message meets it: one that answers nothing raises InvalidValue there.
        """
        if not callable(rule):
            raise InvalidValue("rule of the network", rule, "a callable that takes an Envelope, or a Cut")
        if isinstance(rule, Cut):
            self.check(rule.what, *rule.nodes())
        self.rules.insert(0, rule)
        if isinstance(rule, Cut):
            rule.breaks = (rule.seen_as or self.cuts_seen_as) == "broken"
            rule.begin(self._clock)
            if self.took_hold is not None:
                self.took_hold(rule)

    def remove(self, rule: FateRule) -> None:
        self.rules.remove(rule)

    def heal(self) -> None:
        """End all cuts and degradations now; other rules stay. The blocks that they belong to find nothing to end."""
        self.rules[:] = [rule for rule in self.rules if not isinstance(rule, Cut)]
        self._degradations = []
        self._worsen_all()

    def journey(self, source: str, target: str, what: str, body: object) -> Journey | Lost:
        """What becomes of a message, by rule or by its link. Raises InvalidValue if its size is needed and unknown."""
        if self.rules and (decided := self._ruled(Envelope(source, target, what, size_of(body) or 0))):
            return decided
        way = self.way(source, target)
        size_bytes = 0 if way.rate_bytes_s is None else size_of(body)
        if size_bytes is None:
            expected = "bytes, or what JSON can hold, or a size_bytes of its own where the bandwidth is limited"
            raise InvalidValue(f"message {what} from {source} to {target}", body, expected)
        return way.journey(size_bytes)

    def _ruled(self, envelope: Envelope) -> Journey | Lost | None:
        for rule in self.rules:
            fate = rule(envelope)
            if fate is PASS:
                continue
            if isinstance(fate, DeliverAfter):
                return Journey(fate.seconds, fate.copy_after)
            if fate is not DROP and fate is not BREAK:
                refuse_answer(rule, fate)
            return Lost(str(rule), fate is BREAK)
        return None

    def __call__(self, envelope: Envelope) -> Fate:
        journey = self._ruled(envelope) or self.way(envelope.source, envelope.target).journey(envelope.size)
        if isinstance(journey, Lost):
            return BREAK if journey.broken else DROP
        return DeliverAfter(journey.delay_s, journey.copy_s)


def _without(held: list[T], one: T) -> list[T]:
    """All but the first that is this very object, if it is still among them."""
    for place, other in enumerate(held):
        if other is one:
            return held[:place] + held[place + 1 :]
    return held


def _check_link(name: str, link: object) -> None:
    if not isinstance(link, Link):
        raise InvalidValue(name, link, "a Link, such as Link(Constant(0.005))")
