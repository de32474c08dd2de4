"""The network of a scenario as a value: what befalls messages everywhere, and what is different between some nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any, ClassVar, Literal

import msgspec

from ..errors import InvalidValue
from ..simulation.distributions import LogNormal
from ..simulation.link import Link
from ..simulation.links import Links
from ..simulation.partitions import SeenAs
from ..simulation.presets import MOBILE, ONE_DATA_CENTRE, ONE_HOST, REGIONS, Preset
from .section import Bandwidth, End, Latency, Probability, Problem, Section, Size, Text

USUAL = Link(LogNormal(0.002, 0.3))
"""How messages travel where a scenario says nothing."""

PRESETS: dict[str, Preset] = {
    "one_host": ONE_HOST,
    "one_data_centre": ONE_DATA_CENTRE,
    "regions": REGIONS,
    "mobile": MOBILE,
}
"""Networks as one meets them, by their names in a file."""


class Manners(Section, frozen=True, kw_only=True):
    """What may befall a message on its way. None: as everywhere else."""

    latency: Latency | None = None
    loss: Probability | None = None
    duplicate: Probability | None = None
    reorder: Probability | None = None
    holding: Latency | None = None
    fifo: bool | None = None
    bandwidth_bytes_s: Bandwidth | None = msgspec.field(name="bandwidth", default=None)
    queue_limit_bytes: Size | None = msgspec.field(name="queue_limit", default=None)

    def over(self, link: Link) -> Link:
        """Those manners of *link* that are not said here, and what is said. Raises InvalidValue if they contradict."""
        said: dict[str, Any] = {
            "latency": self.latency,
            "loss": self.loss,
            "duplication": self.duplicate,
            "reordering": self.reorder,
            "holding": self.holding,
            "fifo": self.fifo,
            "bandwidth_bytes_s": self.bandwidth_bytes_s,
            "queue_limit_bytes": self.queue_limit_bytes,
        }
        return msgspec.structs.replace(link, **{name: value for name, value in said.items() if value is not None})

    def clashes(self, link: Link) -> Iterator[Problem]:
        """What of these cannot be, or says nothing, over the manners of *link*."""
        try:
            mine = self.over(link)
        except InvalidValue:  # each value is right by itself: these two are the only ones that exclude each other
            yield "fifo", "a link that is fifo neither duplicates nor reorders"
            return
        if self.holding is not None and not mine.reordering:
            yield "holding", "holds nothing back without 'reorder', the share of messages that it is for"
        if self.queue_limit_bytes is not None and mine.bandwidth_bytes_s is None:
            yield "queue_limit", "nothing waits without a 'bandwidth'"


class LinkRule(Manners, frozen=True, kw_only=True):
    """What is different *between* two services, both ways; or on the way from one to another alone."""

    exactly_one: ClassVar[tuple[str, ...]] = ("between", "from")

    between: tuple[End, End] | None = None
    source: End | None = msgspec.field(name="from", default=None)
    target: End | None = msgspec.field(name="to", default=None)

    @property
    def ways(self) -> tuple[tuple[str, str], ...]:
        """The directions that it is about."""
        if self.between is not None:
            return self.between, self.between[::-1]
        assert self.source is not None and self.target is not None  # `problems` has looked
        return ((self.source, self.target),)

    def problems(self) -> Iterator[Problem]:
        if self.between is not None and self.target is not None:
            yield "to", "goes with 'from'; 'between' means both ways"
        elif self.between is None and self.target is None:
            yield "to", "'to' is missing: where the way from there leads"
        elif self.ways[0][0] == self.ways[0][1]:
            key = "to" if self.between is None else "between"
            yield key, f"a link joins two services; {self.ways[0][0]!r} stands on both ends"


class NetworkRules(Manners, frozen=True, kw_only=True):
    """How messages travel: as everywhere in a *preset* or as said here, and the links that are different.

    The *placement* says for each service, and for the front, in which of the preset's places it is.
    """

    preset: Literal["one_host", "one_data_centre", "regions", "mobile"] | None = None
    placement: dict[str, Text] | None = None
    cuts_seen_as: SeenAs = "silence"
    links: tuple[LinkRule, ...] = ()

    @property
    def places(self) -> Mapping[str, str]:
        """Where each node is; nothing where all are in the same place."""
        return self.placement or {}

    def base(self, source: str, target: str) -> Link:
        """The manners of that direction, but for the links that are different."""
        if self.preset is None:
            return self.over(USUAL)
        preset = PRESETS[self.preset]
        anywhere = preset.places[0]
        return self.over(preset.links[self.places.get(source, anywhere), self.places.get(target, anywhere)])

    def link(self, source: str, target: str) -> Link:
        """The manners of that direction: of several rules for it, the last one counts."""
        base = self.base(source, target)
        rule = next((rule for rule in reversed(self.links) if (source, target) in rule.ways), None)
        return base if rule is None else rule.over(base)

    def problems(self) -> Iterator[Problem]:
        placing = list(self._misplaced())
        yield from placing
        if placing:
            return
        bases = (USUAL,) if self.preset is None else PRESETS[self.preset].links.values()
        yield from min((list(self.clashes(link)) for link in bases), key=len)

    def _misplaced(self) -> Iterator[Problem]:
        known = PRESETS[self.preset].places if self.preset is not None else ()
        if self.placement is None:
            if len(known) > 1:
                yield "placement", f"'placement' is missing: where each service is, one of {', '.join(known)}"
        elif len(known) < 2:
            single = "" if self.preset is None else f"; of {self.preset} there is one alone"
            yield "placement", f"goes with a preset that has places, regions or mobile{single}"
        else:
            for name, place in self.placement.items():
                if place not in known:
                    yield "placement", f"{name} is in {place!r}; expected one of {', '.join(known)}"


def wire(links: Links, rules: NetworkRules) -> None:
    """Give the links the manners that the scenario describes."""
    links.cuts_seen_as = rules.cuts_seen_as
    links.default = rules.over(USUAL) if rules.places else rules.base("", "")
    ways = [*product(rules.places, repeat=2), *(way for rule in rules.links for way in rule.ways)]
    for source, target in dict.fromkeys(ways):
        links.set_link(source, target, rules.link(source, target), both_ways=False)
