"""The faults of a scenario file: what breaks, from when on, and for how long."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, TypeAlias

import msgspec

from .. import simulation
from ..simulation.clock import OFFSET_S_MAX
from .kinds import NumberKind, ServiceKind
from .section import Bandwidth, Duration, End, Lasting, Latency, Probability, Problem, Section, Text

Broken = Annotated[str, ServiceKind()]


class Timed(Section, frozen=True, kw_only=True):
    """What befalls services when the run has been on for *at*, until it is lifted *for* later."""

    def as_fault(self) -> simulation.Fault:
        """The fault that can be played."""
        raise NotImplementedError


class Partition(Timed, frozen=True, kw_only=True):
    """No message passes between two groups of services; with *one_way*, none from the first to the second.

    With *flapping* it comes and goes: in every such time it holds for the first half. Messages in flight arrive, or
    are `lost`. The ends see silence, or a `broken` connection, or what the network says.
    """

    partition: tuple[tuple[End, ...], tuple[End, ...]]
    at_s: Duration = msgspec.field(name="at")
    for_s: Lasting = msgspec.field(name="for")
    one_way: bool = False
    flapping_s: Lasting | None = msgspec.field(name="flapping", default=None)
    in_flight: Literal["arrives", "lost"] = "arrives"
    seen_as: Literal["silence", "broken"] | None = None

    def problems(self) -> Iterator[Problem]:
        left, right = self.partition
        if not left or not right:
            yield "partition", "expected two groups with at least one service each"
        for name in left:
            if name in right:
                yield "partition", f"{name!r} stands on both sides"
        if self.one_way and self.flapping_s is not None:
            yield "flapping", "a partition that comes and goes cuts both ways; expected no one_way beside it"

    def as_fault(self) -> simulation.Fault:
        left, right = self.partition
        if self.flapping_s is not None:
            return simulation.FlappingFault(
                left=left, right=right, period_s=self.flapping_s, at_s=self.at_s, for_s=self.for_s,
                in_flight=self.in_flight, seen_as=self.seen_as,
            )  # fmt: skip
        return simulation.PartitionFault(
            left=left, right=right, one_way=self.one_way, at_s=self.at_s, for_s=self.for_s,
            in_flight=self.in_flight, seen_as=self.seen_as,
        )  # fmt: skip


class Isolate(Timed, frozen=True, kw_only=True):
    """No message passes between a service and all others."""

    isolate: Broken
    at_s: Duration = msgspec.field(name="at")
    for_s: Lasting = msgspec.field(name="for")

    def as_fault(self) -> simulation.Fault:
        return simulation.IsolationFault(node=self.isolate, at_s=self.at_s, for_s=self.for_s)


class Degrade(Timed, frozen=True, kw_only=True):
    """All links of a service are worse than they are, or those *towards* others: what is said comes on top.

    They are slower, narrower, lose, double or hold back more, both ways; with *one_way*, from the service alone.
    """

    degrade: End
    at_s: Duration = msgspec.field(name="at")
    for_s: Lasting = msgspec.field(name="for")
    towards: tuple[End, ...] = ()
    one_way: bool = False
    latency_factor: Annotated[float, NumberKind(1)] = 1.0
    extra_latency: Latency | None = None
    loss: Probability = 0.0
    duplicate: Probability = 0.0
    reorder: Probability = 0.0
    holding: Latency | None = None
    bandwidth_bytes_s: Bandwidth | None = msgspec.field(name="bandwidth", default=None)

    def problems(self) -> Iterator[Problem]:
        if self.degrade in self.towards:
            yield "towards", f"a link joins two services; {self.degrade!r} stands on both ends"
        shares = self.loss or self.duplicate or self.reorder
        if self.latency_factor == 1 and not shares and self.extra_latency is None and self.bandwidth_bytes_s is None:
            worse = "latency_factor, extra_latency, loss, duplicate, reorder or bandwidth"
            yield "degrade", f"nothing is worse; expected {worse}"
        if self.holding is not None and not self.reorder:
            yield "holding", "holds nothing back without 'reorder', the share of messages that it is for"

    def as_fault(self) -> simulation.Fault:
        held = {} if self.holding is None else {"holding": self.holding}
        return simulation.DegradationFault(
            left=(self.degrade,), right=self.towards, one_way=self.one_way, at_s=self.at_s, for_s=self.for_s,
            latency_factor=self.latency_factor, extra_latency=self.extra_latency,
            loss=self.loss, duplication=self.duplicate, reordering=self.reorder,
            bandwidth_bytes_s=self.bandwidth_bytes_s, **held,
        )  # fmt: skip


class Crash(Timed, frozen=True, kw_only=True):
    """A service falls silent: memory is lost, its store stays. It is started again when the time is over."""

    crash: Broken
    at_s: Duration = msgspec.field(name="at")
    for_s: Lasting = msgspec.field(name="for")

    def as_fault(self) -> simulation.Fault:
        return simulation.CrashFault(node=self.crash, at_s=self.at_s, for_s=self.for_s)


class Failing(Timed, frozen=True, kw_only=True):
    """A service crashes and is started again, again and again, by chance: up for *mean_up* on average, then down."""

    failing: Broken
    at_s: Duration = msgspec.field(name="at")
    for_s: Lasting = msgspec.field(name="for")
    mean_up_s: Lasting = msgspec.field(name="mean_up")
    mean_down_s: Lasting = msgspec.field(name="mean_down")

    def as_fault(self) -> simulation.Fault:
        return simulation.FailingFault(
            node=self.failing, mean_up_s=self.mean_up_s, mean_down_s=self.mean_down_s, at_s=self.at_s, for_s=self.for_s
        )


class Pause(Timed, frozen=True, kw_only=True):
    """A service stops, as for a garbage collection: nothing is lost, all of it is late."""

    pause: Broken
    at_s: Duration = msgspec.field(name="at")
    for_s: Lasting = msgspec.field(name="for")

    def as_fault(self) -> simulation.Fault:
        return simulation.PauseFault(node=self.pause, at_s=self.at_s, for_s=self.for_s)


class Slow(Timed, frozen=True, kw_only=True):
    """A service's work takes *factor* times as long: its store, its capacity; its timeouts keep their pace."""

    slow: Broken
    at_s: Duration = msgspec.field(name="at")
    for_s: Lasting = msgspec.field(name="for")
    factor: Annotated[float, NumberKind(1)] = 10.0

    def as_fault(self) -> simulation.Fault:
        return simulation.SlowFault(node=self.slow, factor=self.factor, at_s=self.at_s, for_s=self.for_s)


class Clock(Timed, frozen=True, kw_only=True):
    """A service's time of day is *ahead* or *behind*, then right again. Only `now()` sees it."""

    clock: Broken
    at_s: Duration = msgspec.field(name="at")
    for_s: Lasting = msgspec.field(name="for")
    ahead_s: Lasting | None = msgspec.field(name="ahead", default=None)
    behind_s: Lasting | None = msgspec.field(name="behind", default=None)

    def problems(self) -> Iterator[Problem]:
        if (self.ahead_s is None) == (self.behind_s is None):
            yield "clock", "expected one of ahead and behind"
        for key, seconds in (("ahead", self.ahead_s), ("behind", self.behind_s)):
            if seconds is not None and seconds > OFFSET_S_MAX:
                yield key, "expected at most a hundred years"

    def as_fault(self) -> simulation.Fault:
        offset_s = self.ahead_s if self.ahead_s is not None else -(self.behind_s or 0.0)
        return simulation.ClockFault(node=self.clock, offset_s=offset_s, at_s=self.at_s, for_s=self.for_s)


class Stall(Timed, frozen=True, kw_only=True):
    """The disk under a service's store answers nothing."""

    stall: Broken
    at_s: Duration = msgspec.field(name="at")
    for_s: Lasting = msgspec.field(name="for")

    def as_fault(self) -> simulation.Fault:
        return simulation.DiskStallFault(disk=self.stall, at_s=self.at_s, for_s=self.for_s)


class SlowDisk(Timed, frozen=True, kw_only=True):
    """The disk under a service's store takes *factor* times as long."""

    slow_disk: Broken
    at_s: Duration = msgspec.field(name="at")
    for_s: Lasting = msgspec.field(name="for")
    factor: Annotated[float, NumberKind(1)] = 10.0

    def as_fault(self) -> simulation.Fault:
        return simulation.DiskSlowFault(disk=self.slow_disk, factor=self.factor, at_s=self.at_s, for_s=self.for_s)


class Full(Timed, frozen=True, kw_only=True):
    """The disk under a service's store takes no appends; it goes on being read."""

    full: Broken
    at_s: Duration = msgspec.field(name="at")
    for_s: Lasting = msgspec.field(name="for")

    def as_fault(self) -> simulation.Fault:
        return simulation.DiskFullFault(disk=self.full, at_s=self.at_s, for_s=self.for_s)


class FlipBit(Timed, frozen=True, kw_only=True):
    """A bit of one stored event of a service is wrong, in *stream* if one is named; then the right bytes are back."""

    flip_bit: Broken
    at_s: Duration = msgspec.field(name="at")
    for_s: Lasting = msgspec.field(name="for")
    stream: Text | None = None

    def as_fault(self) -> simulation.Fault:
        return simulation.BitFlipFault(store=self.flip_bit, stream=self.stream, at_s=self.at_s, for_s=self.for_s)


Links: TypeAlias = Partition | Isolate | Degrade
"""What befalls the network alone."""

Fault: TypeAlias = Links | Crash | Failing | Pause | Slow | Clock | Stall | SlowDisk | Full | FlipBit
