"""Networks as one meets them, for `Network.use`: one host, one data centre, regions of a cloud, mobile clients.

All latencies of links are **one way**; their sources tell **round trips**, and half of one is taken each way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import product

import msgspec

from ..errors import InvalidValue
from .distributions import Constant, Exponential, Jittered, LogNormal
from .link import Link


class Preset(msgspec.Struct, frozen=True):
    """A kind of network: from which place to which a link has what manners.

    With a single place nodes need not be placed.
    """

    name: str
    links: dict[tuple[str, str], Link]

    @property
    def places(self) -> tuple[str, ...]:
        """Where a node may be."""
        return tuple(dict.fromkeys(source for source, _ in self.links))

    def between(self, placement: Mapping[str, str]) -> Iterable[tuple[str, str, Link]]:
        """The links among placed nodes, also of each to itself. Raises InvalidValue for a place that there is not."""
        for node, place in placement.items():
            if place not in self.places:
                raise InvalidValue(f"placement of {node}", place, f"a place of {self.name}: {', '.join(self.places)}")
        for (source, here), (target, there) in product(placement.items(), repeat=2):
            yield source, target, self.links[here, there]


def _everywhere(name: str, link: Link) -> Preset:
    return Preset(name, {("anywhere", "anywhere"): link})


ONE_HOST = _everywhere("one host", Link(LogNormal(25e-6, 0.3)))
"""Processes of one machine over its loopback: some 50 µs there and back. A round figure, not measured."""

ONE_DATA_CENTRE = _everywhere("one data centre", Link(LogNormal(250e-6, 0.3)))
"""Machines of one data centre: 0.5 ms there and back, of Jeff Dean's *Numbers everyone should know* (LADIS 2009)."""

_ZONES = Link(LogNormal(1e-3, 0.1))

_REGIONS = (
    "us-south",
    "ca-tor",
    "us-east",
    "eu-de",
    "eu-gb",
    "eu-es",
    "ca-mon",
    "jp-osa",
    "au-syd",
    "jp-tok",
    "br-sao",
)

_ROUND_TRIPS_MS = (
    (34, 32, 123, 112, 118, 42, 149, 184, 141, 143),
    (19, 92, 83, 105, 11, 166, 214, 158, 128),
    (87, 75, 88, 16, 169, 214, 164, 117),
    (13, 29, 89, 234, 249, 228, 194),
    (27, 79, 246, 260, 240, 186),
    (101, 261, 275, 256, 203),
    (174, 226, 166, 124),
    (124, 9, 291),
    (117, 325),
    (282,),
)
"""From each region to those that come after it."""


def round_trips_s() -> dict[tuple[str, str], float]:
    """Seconds there and back between two different regions, in both orders."""
    found = {}
    for here, row in enumerate(_ROUND_TRIPS_MS):
        for there, milliseconds in enumerate(row, start=here + 1):
            ends = _REGIONS[here], _REGIONS[there]
            found[ends] = found[ends[::-1]] = milliseconds / 1000
    return found


def _far(round_trip_s: float) -> Link:
    """Most of the way is distance, which does not vary; a twentieth on average is queues, which do."""
    one_way_s = round_trip_s / 2
    return Link(Jittered(Constant(0.95 * one_way_s), Exponential(0.05 * one_way_s)))


REGIONS = Preset(
    "regions",
    {
        **{(region, region): _ZONES for region in _REGIONS},
        **{ends: _far(round_trip_s) for ends, round_trip_s in round_trips_s().items()},
    },
)
"""Regions of the IBM Cloud by their names: Dallas, Toronto, Washington, Frankfurt, London, Madrid, Montreal, Osaka,
Sydney, Tokyo and São Paulo.

Average latencies of 2 to 31 August 2025, from "Network latency dashboards" in the IBM Cloud documentation of VPC
(of the two figures for a pair, which differ by a few milliseconds, the first). The page does not say that they
are round trips, but they must be: light takes 140 ms from Dallas to Sydney and back in glass, the table says 184.
Nodes of one region are taken to be in different zones of it: some 2 ms there and back, of the same page.
How latencies vary is not from there: a twentieth of each is exponential.
"""

_UP = Link(LogNormal(30e-3, 0.4), loss=0.005, bandwidth_bytes_s=625_000)
_DOWN = Link(LogNormal(25e-3, 0.4), loss=0.005, bandwidth_bytes_s=2_000_000)

MOBILE = Preset(
    "mobile",
    {
        ("server", "server"): ONE_DATA_CENTRE.links["anywhere", "anywhere"],
        ("server", "phone"): _DOWN,
        ("phone", "server"): _UP,
        ("phone", "phone"): Link(LogNormal(55e-3, 0.4), loss=0.01, bandwidth_bytes_s=625_000),
    },
)
"""Phones on a 4G network, and servers in a data centre: 60 ms there and back with a long tail, 5 Mbit/s up and 16
Mbit/s down, one message in 200 lost each way. Round figures of the order that public reports give (such as
Opensignal, *The State of LTE*, 2018); nothing was measured for it.
"""
