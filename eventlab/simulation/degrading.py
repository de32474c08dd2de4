"""Links that are worse than usual for a while: slower, narrower, losing, doubling and holding back more."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Iterator
from functools import reduce
from numbers import Real
from typing import Any, NamedTuple

import msgspec

from ..errors import InvalidValue
from .distributions import AnyDistribution, Exponential, check_distribution
from .link import Link
from .working import check_slowness

Draws = Callable[[str], random.Random]
"""The stream of one link for one concern."""


class Degradation(msgspec.Struct, frozen=True, kw_only=True):
    """What comes on top of the manners of links between *left* and *right*, or of all links of *left* alone.

    Both ways, unless *one_way*: from left to right. Latencies take *latency_factor* times as long, and then
    *extra_latency* as well. With *loss*, *duplication* and *reordering* that share of the messages is struck whom the
    link itself has spared; what is held back waits for *holding*. Bytes pass no faster than *bandwidth_bytes_s*.

    A message meets the links as they are when it is sent. Degradations add up: factors multiply, and each strikes by
    itself. A link that is fifo stays so, and neither duplicates nor reorders. Raises InvalidValue for what is outside
    its domain, and for a degradation that changes nothing.
    """

    left: tuple[str, ...]
    right: tuple[str, ...] = ()
    one_way: bool = False
    latency_factor: float = 1.0
    extra_latency: AnyDistribution | None = None
    loss: float = 0.0
    duplication: float = 0.0
    reordering: float = 0.0
    holding: AnyDistribution = Exponential(0.01)
    bandwidth_bytes_s: float | None = None

    def __post_init__(self) -> None:
        for side in ("left", "right"):
            msgspec.structs.force_setattr(self, side, _group(getattr(self, side)))
        if not self.left or set(self.left) & set(self.right):
            expected = "a group of nodes, and another one with no node in both"
            raise InvalidValue("degradation", (self.left, self.right), expected)
        check_slowness("Degradation.latency_factor", self.latency_factor)
        for name in ("extra_latency", "holding"):
            if getattr(self, name) is not None:
                check_distribution(f"Degradation.{name}", getattr(self, name))
        for name in ("loss", "duplication", "reordering"):
            share: Any = getattr(self, name)
            if not isinstance(share, Real) or not 0 <= float(share) <= 1:
                raise InvalidValue(f"Degradation.{name}", share, "a probability from 0 to 1")
        rate: Any = self.bandwidth_bytes_s
        if rate is not None and not (isinstance(rate, Real) and 0 < float(rate) < math.inf):
            raise InvalidValue("Degradation.bandwidth_bytes_s", rate, "a number of bytes per second above 0, or None")
        if not list(self._said()):
            raise InvalidValue("degradation", str(self), "something that is worse than usual")

    def nodes(self) -> tuple[str, ...]:
        """The nodes that it names."""
        return (*self.left, *self.right)

    def concerns(self, source: str, target: str) -> bool:
        """Whether messages from *source* to *target* meet it. What a node sends to itself never does."""
        return self._leads(source, target) or (not self.one_way and self._leads(target, source))

    def _leads(self, source: str, target: str) -> bool:
        return source in self.left and (target in self.right if self.right else target != source)

    def __str__(self) -> str:
        arrow = "→" if self.one_way else "↔"
        return f"{', '.join(self.left)} {arrow} {', '.join(self.right) or 'all others'}: {', '.join(self._said())}"

    def _said(self) -> Iterator[str]:
        if self.latency_factor > 1:
            yield f"{self.latency_factor:g} times the latency"
        if self.extra_latency is not None:
            yield f"{self.extra_latency.mean_s:g} s more on average"
        for share, what in ((self.loss, "lost"), (self.duplication, "doubled"), (self.reordering, "held back")):
            if share:
                yield f"{share:.3g} {what}" if share < 0.0001 else f"{share * 100:g}% {what}"
        if self.bandwidth_bytes_s is not None:
            yield f"{self.bandwidth_bytes_s:g} B/s"

    def befall(self, link: Link, name: str, draws: Draws) -> Toll:
        """What it does to the next message of *link*, drawn from streams under *name*."""

        def extra_s(concern: str) -> float:
            return 0.0 if self.extra_latency is None else self.extra_latency.sample(draws(f"{name}/{concern}"))

        def strikes(probability: float, concern: str) -> bool:
            return probability > 0 and draws(f"{name}/{concern}").random() < probability

        held = not link.fifo and strikes(self.reordering, "reordering")
        return Toll(
            self.latency_factor,
            extra_s("extra"),
            extra_s("extra of a copy"),
            strikes(self.loss, "loss"),
            not link.fifo and strikes(self.duplication, "duplication"),
            self.holding.sample(draws(f"{name}/holding")) if held else 0.0,
        )


class Toll(NamedTuple):
    """What a degradation, or several, do to one message."""

    factor: float = 1.0
    extra_s: float = 0.0
    copy_extra_s: float = 0.0
    lost: bool = False
    copied: bool = False
    held_s: float = 0.0

    def over(self, other: Toll) -> Toll:
        return Toll(
            self.factor * other.factor,
            self.extra_s + other.extra_s,
            self.copy_extra_s + other.copy_extra_s,
            self.lost or other.lost,
            self.copied or other.copied,
            self.held_s + other.held_s,
        )


def befall_all(worse: Iterable[tuple[str, Degradation]], link: Link, draws: Draws) -> Toll:
    """What all of *worse* do to the next message of *link*, each drawing from streams under its name."""
    return reduce(Toll.over, (one.befall(link, name, draws) for name, one in worse))


def narrowest(link: Link, worse: Iterable[tuple[str, Degradation]]) -> float | None:
    """The bytes per second that pass now, or None where there is no limit."""
    rates = (link.bandwidth_bytes_s, *(one.bandwidth_bytes_s for _, one in worse))
    return min((rate for rate in rates if rate is not None), default=None)


def _group(names: object) -> tuple[str, ...]:
    """Nodes as a tuple, also where they come as a list."""
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise InvalidValue("degradation", names, "a tuple of nodes, not one name")
    return tuple(names)
