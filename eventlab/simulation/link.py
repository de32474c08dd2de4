"""The manners of a link: how long its messages take, and what may befall them."""

from __future__ import annotations

import math

import msgspec

from ..errors import InvalidValue
from .distributions import Constant, Distribution, Exponential, check_distribution


class Link(msgspec.Struct, frozen=True):
    """One direction between two nodes.

    *latency* is drawn for each message. *loss*, *duplication* and *reordering* are probabilities: that a
    message never arrives; that it arrives twice, the copy after a latency of its own; that it is held
    back for *holding* on top of its latency, so that later ones overtake it.

    Messages overtake one another whenever their latencies say so. With *fifo* none arrives before one
    that was sent earlier: a single connection, which neither duplicates nor reorders.

    With *bandwidth_bytes_s* each message occupies the link for as long as its bytes take, and the next
    ones wait. A message that would make more than *queue_limit_bytes* wait is dropped; one that
    finds the link free never is. The limit is that of a usual network card, a thousand packets.

    Raises InvalidValue for a probability outside 0 to 1, and for manners that contradict each other.
    """

    latency: Distribution = Constant(0.001)
    loss: float = 0.0
    duplication: float = 0.0
    reordering: float = 0.0
    holding: Distribution = Exponential(0.01)
    fifo: bool = False
    bandwidth_bytes_s: float | None = None
    queue_limit_bytes: int = 1_500_000

    def __post_init__(self) -> None:
        for name in ("latency", "holding"):
            check_distribution(f"Link.{name}", getattr(self, name))
        for name in ("loss", "duplication", "reordering"):
            if not _is_number(getattr(self, name)) or not 0 <= getattr(self, name) <= 1:
                raise InvalidValue(f"Link.{name}", getattr(self, name), "a probability from 0 to 1")
        for name in ("duplication", "reordering"):
            if self.fifo and getattr(self, name):
                raise InvalidValue(f"Link.{name}", getattr(self, name), "0 on a link that is fifo")
        rate = self.bandwidth_bytes_s
        if rate is not None and not (_is_number(rate) and 0 < rate < math.inf):
            raise InvalidValue("Link.bandwidth_bytes_s", rate, "a number of bytes per second above 0, or None")
        if not _is_number(self.queue_limit_bytes) or not self.queue_limit_bytes >= 0:
            raise InvalidValue("Link.queue_limit_bytes", self.queue_limit_bytes, "a number of bytes, 0 or more")

    @property
    def is_plain(self) -> bool:
        """Whether messages take their latency, and nothing else befalls them."""
        return not (self.loss or self.duplication or self.reordering or self.fifo or self.bandwidth_bytes_s is not None)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float)
