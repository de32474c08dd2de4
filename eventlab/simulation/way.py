"""One direction between two nodes as it is used: the manners of its link, its chance, and what is on the wire."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import msgspec

from .degrading import Degradation, Toll, befall_all, narrowest
from .link import Link


class Journey(msgspec.Struct, frozen=True):
    """The message arrives after *delay_s*, of which it was held back for *held_s*; a copy of it after *copy_s*."""

    delay_s: float
    copy_s: float | None = None
    held_s: float = 0.0


class Lost(msgspec.Struct, frozen=True):
    """The message never arrives, and why; where the connection is seen to be *broken*, its ends are told."""

    reason: str
    broken: bool = False


class Way:
    """Decides for each message, in the order of sending.

    Every concern draws from a stream of its own, once for each message: so that one more duplicate
    changes no latency, and a higher probability only adds to what befell before.
    """

    __slots__ = (
        *("_clock", "_free_at_s", "_last_s", "_stream", "_streams", "_worse"),
        *("chance", "link", "plain", "rate_bytes_s", "sample"),
    )

    def __init__(self, link: Link, stream: Callable[[str], random.Random], clock: Callable[[], float]) -> None:
        self._stream, self._clock = stream, clock
        self._streams: dict[str, random.Random] = {}
        self.chance = stream("")
        """Where latencies are drawn from."""
        self._free_at_s = self._last_s = -math.inf
        self._worse: tuple[tuple[str, Degradation], ...] = ()
        self.adopt(link)

    def adopt(self, link: Link) -> None:
        """Follow the manners of *link* from now on. The streams go on where they stand."""
        self.link, self.sample = link, link.latency.sample
        self._settle()

    def worsen(self, worse: tuple[Degradation, ...]) -> None:
        """Be worse than the link is, by *worse*, from now on. What each of them draws moves nothing else."""
        self._worse = tuple((f"degraded {one}", one) for one in worse)
        self._settle()

    def _settle(self) -> None:
        self.plain = self.link.is_plain and not self._worse
        self.rate_bytes_s = narrowest(self.link, self._worse)

    def journey(self, size_bytes: int) -> Journey | Lost:
        """What becomes of the next message."""
        link = self.link
        latency_s = self.sample(self.chance)
        lost = self._strikes("loss", link.loss)
        copied = self._strikes("duplication", link.duplication)
        held = self._strikes("reordering", link.reordering)
        toll = befall_all(self._worse, link, self._draws) if self._worse else None
        wire_s = self._transmit(size_bytes)
        if wire_s == math.inf and (toll is None or link.bandwidth_bytes_s is not None):
            return Lost("queue full")
        if lost:
            return Lost("lost")
        held_s = link.holding.sample(self._draws("holding")) if held else 0.0
        copied_s = link.latency.sample(self._draws("copy")) if copied else None
        if toll is not None:
            return self._worsened(toll, wire_s, latency_s, held_s, copied_s)
        delay_s = wire_s + latency_s + held_s
        copy_s = None if copied_s is None else wire_s + copied_s
        return Journey(self._behind_earlier(delay_s) if link.fifo else delay_s, copy_s, held_s)

    def _worsened(
        self, toll: Toll, wire_s: float, latency_s: float, held_s: float, copied_s: float | None
    ) -> Journey | Lost:
        """What is left of a message that the link itself would have carried so. The link has drawn all of its own."""
        if wire_s == math.inf or toll.lost:
            return Lost("lost" if toll.lost else "queue full")
        if copied_s is None and toll.copied:
            copied_s = self.sample(self._draws("degraded copy"))
        held_s += toll.held_s
        delay_s = wire_s + latency_s * toll.factor + toll.extra_s + held_s
        copy_s = None if copied_s is None else wire_s + copied_s * toll.factor + toll.copy_extra_s
        return Journey(self._behind_earlier(delay_s) if self.link.fifo else delay_s, copy_s, held_s)

    def _draws(self, concern: str) -> random.Random:
        draws = self._streams.get(concern)
        if draws is None:
            draws = self._streams[concern] = self._stream(f"/{concern}")
        return draws

    def _strikes(self, concern: str, probability: float) -> bool:
        return probability > 0 and self._draws(concern).random() < probability

    def _transmit(self, size_bytes: int) -> float:
        """Seconds until the last byte has left; infinitely many where too many bytes wait already."""
        rate = self.rate_bytes_s
        if rate is None:
            return 0.0
        now_s = self._clock()
        wait_s = max(0.0, self._free_at_s - now_s)
        if wait_s and wait_s * rate + size_bytes > self.link.queue_limit_bytes:
            return math.inf
        left_s = wait_s + size_bytes / rate
        self._free_at_s = now_s + left_s
        return left_s

    def _behind_earlier(self, delay_s: float) -> float:
        """The delay, or a longer one with which the message comes no earlier than the one before it."""
        now_s, last_s = self._clock(), self._last_s
        delay_s = max(delay_s, last_s - now_s)
        while now_s + delay_s < last_s:  # by rounding: a sum is not always what a difference was taken for
            delay_s += math.ulp(last_s)
        self._last_s = now_s + delay_s
        return delay_s
