"""What becomes of a message between two nodes: the rules that are installed, then the link's own manners.

Pure but for chance: time and the messages in flight are the network's. The
same rules serve the simulated network and the in-process transport.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import msgspec

from ..errors import InvalidValue
from ..services.fate import DROP, PASS, DeliverAfter, Envelope, Fate, FateRule
from .distributions import Constant, Distribution


class Link(msgspec.Struct, frozen=True):
    """One direction between two nodes: its *latency*, and the probability that a message is lost."""

    latency: Distribution = Constant(0.001)
    loss: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.loss <= 1:
            raise InvalidValue("Link.loss", self.loss, "a probability from 0 to 1")


class Partition:
    """Drop every message from *left* to *right*, and back unless *one_way*."""

    def __init__(self, left: Iterable[str], right: Iterable[str], *, one_way: bool = False) -> None:
        self.left, self.right, self.one_way = tuple(left), tuple(right), one_way
        both = sorted(set(self.left) & set(self.right))
        if not self.left or not self.right or both:
            raise InvalidValue("partition", (self.left, self.right), "two groups of nodes with no node in both")

    def __call__(self, envelope: Envelope) -> Fate:
        source, target = envelope.source, envelope.target
        if source in self.left and target in self.right:
            return DROP
        if not self.one_way and source in self.right and target in self.left:
            return DROP
        return PASS

    def __str__(self) -> str:
        arrow = "→" if self.one_way else "↔"
        return f"{', '.join(self.left)} {arrow} {', '.join(self.right)}"


class Links:
    """The fate of every message. Rules are asked newest first, and the first answer other than PASS decides."""

    def __init__(self, stream: Callable[[str], random.Random], default: Link | None = None) -> None:
        self._stream = stream
        self.default = default or Link()
        self._links: dict[tuple[str, str], Link] = {}
        self._draws: dict[tuple[str, str], random.Random] = {}
        self._rules: list[FateRule] = []

    def set_link(self, source: str, target: str, link: Link, *, both_ways: bool = True) -> None:
        """Give the link between two nodes manners of its own."""
        self._links[source, target] = link
        if both_ways:
            self._links[target, source] = link

    @contextmanager
    def rule(self, rule: FateRule) -> Iterator[FateRule]:
        """Ask *rule* first, until the block ends."""
        self.install(rule)
        try:
            yield rule
        finally:
            self.remove(rule)

    def install(self, rule: FateRule) -> None:
        self._rules.insert(0, rule)

    def remove(self, rule: FateRule) -> None:
        self._rules.remove(rule)

    def partition(self, left: Iterable[str], right: Iterable[str], *, one_way: bool = False) -> FateRule:
        """A partition, installed. Messages in flight still arrive. Heal it with `remove`."""
        rule = Partition(left, right, one_way=one_way)
        self.install(rule)
        return rule

    def delay_s(self, source: str, target: str, what: str) -> float | str:
        """Seconds until the message arrives, or why it never does."""
        if self._rules:
            envelope = Envelope(source, target, what)
            for rule in self._rules:
                fate = rule(envelope)
                if fate is PASS:
                    continue
                return fate.seconds if isinstance(fate, DeliverAfter) else str(rule)
        ends = (source, target)
        link = self._links.get(ends, self.default)
        draws = self._draws.get(ends)
        if draws is None:  # one stream per link: what happens on one moves no draw of another
            draws = self._draws[ends] = self._stream(f"link/{source}/{target}")
        if link.loss and draws.random() < link.loss:
            return "lost"
        return link.latency.sample(draws)

    def __call__(self, envelope: Envelope) -> Fate:
        delay_s = self.delay_s(envelope.source, envelope.target, envelope.what)
        return DROP if isinstance(delay_s, str) else DeliverAfter(delay_s)
