"""The kinds of faults, as values: each from a moment on, for a while, and then lifted."""

from __future__ import annotations

import math
from typing import TypeAlias

import msgspec

from ...errors import InvalidValue
from ..partitions import Cut, Flapping, InFlight, Isolation, Partition, SeenAs


class TimedFault(msgspec.Struct, frozen=True, kw_only=True, tag_field="fault"):
    """What all faults say: from *at_s* on, in seconds since the run began, *for_s* long."""

    at_s: float
    for_s: float

    name = ""
    """The kind, in a word or two."""

    def __post_init__(self) -> None:
        for field in self.__struct_fields__:  # 5 and 5.0 seconds are one fault, and one line of a file
            if type(value := getattr(self, field)) is int:
                msgspec.structs.force_setattr(self, field, float(value))
        kind = type(self).__name__
        if not 0 <= self.at_s < math.inf:
            raise InvalidValue(f"{kind}.at_s", self.at_s, "a time from the start of the run, not negative")
        if not 0 < self.for_s < math.inf:
            raise InvalidValue(f"{kind}.for_s", self.for_s, "a duration above nothing")

    @property
    def ends_s(self) -> float:
        """When it is lifted."""
        return self.at_s + self.for_s

    def nodes(self) -> tuple[str, ...]:
        """The nodes that it concerns."""
        return ()

    def disks(self) -> tuple[str, ...]:
        """The disks that it concerns."""
        return ()


class CuttingFault(TimedFault, frozen=True, kw_only=True):
    """Some messages do not pass."""

    in_flight: InFlight = "arrives"
    seen_as: SeenAs | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.cut()  # raises what is wrong with it

    def cut(self) -> Cut:
        """The rule that holds meanwhile."""
        raise NotImplementedError

    def nodes(self) -> tuple[str, ...]:
        return self.cut().nodes()

    def __str__(self) -> str:
        return str(self.cut())


class PartitionFault(CuttingFault, frozen=True, kw_only=True, tag="partition"):
    """No message passes between *left* and *right*; with *one_way*, none from *left* to *right*."""

    left: tuple[str, ...]
    right: tuple[str, ...]
    one_way: bool = False

    name = "partition"

    def cut(self) -> Cut:
        return Partition(self.left, self.right, one_way=self.one_way, in_flight=self.in_flight, seen_as=self.seen_as)


class FlappingFault(CuttingFault, frozen=True, kw_only=True, tag="flapping"):
    """A partition that comes and goes: it holds for the first *duty* of every *period_s*."""

    left: tuple[str, ...]
    right: tuple[str, ...]
    period_s: float
    duty: float = 0.5

    name = "flapping"

    def cut(self) -> Cut:
        return Flapping(
            Partition(self.left, self.right, in_flight=self.in_flight, seen_as=self.seen_as), self.period_s, self.duty
        )


class IsolationFault(CuttingFault, frozen=True, kw_only=True, tag="isolation"):
    """No message passes between *node* and any other."""

    node: str

    name = "isolation"

    def cut(self) -> Cut:
        return Isolation(self.node, in_flight=self.in_flight, seen_as=self.seen_as)


class NodeFault(TimedFault, frozen=True, kw_only=True):
    """Something befalls one node."""

    node: str

    def nodes(self) -> tuple[str, ...]:
        return (self.node,)

    def __str__(self) -> str:
        return self.node


class CrashFault(NodeFault, frozen=True, kw_only=True, tag="crash"):
    """*node* falls silent and is restarted when the time is over."""

    name = "crash"


class FailingFault(NodeFault, frozen=True, kw_only=True, tag="failing"):
    """*node* crashes and is restarted again and again; it is up when this begins, and up again when it is lifted.

    It stays up for *mean_up_s* on average (MTBF, here counted from a restart to the next crash) and down for
    *mean_down_s* (MTTR), both exponential, so that it is up for the share MTBF / (MTBF + MTTR) of a long time. They
    are drawn from a random stream of the node's own, ``failing/NODE``.
    """

    mean_up_s: float
    mean_down_s: float

    name = "failing node"

    def __post_init__(self) -> None:
        super().__post_init__()
        for field, mean_s in (("mean_up_s", self.mean_up_s), ("mean_down_s", self.mean_down_s)):
            if not 0 < mean_s < math.inf:
                raise InvalidValue(f"FailingFault.{field}", mean_s, "a finite number of seconds above zero")

    def __str__(self) -> str:
        return f"{self.node}, up {self.mean_up_s:g} s and down {self.mean_down_s:g} s on average"


class PauseFault(NodeFault, frozen=True, kw_only=True, tag="pause"):
    """*node* stops, as for a garbage collection; nothing is lost, all of it is late."""

    name = "pause"


class SlowFault(NodeFault, frozen=True, kw_only=True, tag="slow"):
    """Work that *node* begins meanwhile takes *factor* times as long."""

    factor: float

    name = "slow node"

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_factor("SlowFault.factor", self.factor)

    def __str__(self) -> str:
        return f"{self.node}, {self.factor:g} times"


class ClockFault(NodeFault, frozen=True, kw_only=True, tag="clock"):
    """The clock of *node* jumps by *offset_s* and gains *drift_ppm*; then it is set right again, as it was before."""

    offset_s: float = 0.0
    drift_ppm: float = 0.0

    name = "clock"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not math.isfinite(self.offset_s):
            raise InvalidValue("ClockFault.offset_s", self.offset_s, "a finite number of seconds")
        if not -1_000_000 < self.drift_ppm <= 1_000_000:
            raise InvalidValue("ClockFault.drift_ppm", self.drift_ppm, "above -1,000,000 and up to 1,000,000")
        if not self.offset_s and not self.drift_ppm:
            raise InvalidValue("ClockFault.offset_s", self.offset_s, "an offset or a drift other than 0")

    def __str__(self) -> str:
        parts = [f"{self.offset_s:+g} s"] if self.offset_s else []
        parts += [f"{self.drift_ppm:+g} ppm"] if self.drift_ppm else []
        return f"{self.node}, {', '.join(parts)}"


class DiskFault(TimedFault, frozen=True, kw_only=True):
    """Something befalls one disk."""

    disk: str

    def disks(self) -> tuple[str, ...]:
        return (self.disk,)

    def __str__(self) -> str:
        return self.disk


class DiskStallFault(DiskFault, frozen=True, kw_only=True, tag="disk stall"):
    """*disk* answers nothing."""

    name = "disk stall"


class DiskSlowFault(DiskFault, frozen=True, kw_only=True, tag="slow disk"):
    """What *disk* begins meanwhile takes *factor* times as long."""

    factor: float

    name = "slow disk"

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_factor("DiskSlowFault.factor", self.factor)

    def __str__(self) -> str:
        return f"{self.disk}, {self.factor:g} times"


class DiskFullFault(DiskFault, frozen=True, kw_only=True, tag="full disk"):
    """*disk* takes no appends; it goes on being read."""

    name = "full disk"


def _check_factor(field: str, factor: float) -> None:
    if not 1 <= factor < math.inf:
        raise InvalidValue(field, factor, "a finite factor from 1 up")


Fault: TypeAlias = (
    PartitionFault
    | FlappingFault
    | IsolationFault
    | CrashFault
    | FailingFault
    | PauseFault
    | SlowFault
    | ClockFault
    | DiskStallFault
    | DiskSlowFault
    | DiskFullFault
)
