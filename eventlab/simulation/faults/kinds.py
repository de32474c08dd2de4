"""The kinds of faults, as values: those that befall nodes, and all of them together."""

from __future__ import annotations

from typing import TypeAlias

from ...errors import InvalidValue
from ...errors.given import check_seconds
from ..clock import OFFSET_S_MAX
from .network import DegradationFault as DegradationFault
from .network import FlappingFault as FlappingFault
from .network import IsolationFault as IsolationFault
from .network import PartitionFault as PartitionFault
from .storage import BitFlipFault as BitFlipFault
from .storage import DiskFullFault as DiskFullFault
from .storage import DiskSlowFault as DiskSlowFault
from .storage import DiskStallFault as DiskStallFault
from .timed import TimedFault, check_factor


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
            check_seconds(f"FailingFault.{field}", mean_s)

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
        check_factor("SlowFault.factor", self.factor)

    def __str__(self) -> str:
        return f"{self.node}, {self.factor:g} times"


class ClockFault(NodeFault, frozen=True, kw_only=True, tag="clock"):
    """The clock of *node* jumps by *offset_s* and gains *drift_ppm*; then it is set right again, as it was before."""

    offset_s: float = 0.0
    drift_ppm: float = 0.0

    name = "clock"

    def __post_init__(self) -> None:
        super().__post_init__()
        for field, number in (("offset_s", self.offset_s), ("drift_ppm", self.drift_ppm)):
            if type(number) is not float:
                raise InvalidValue(f"ClockFault.{field}", number, "a number")
        if not abs(self.offset_s) <= OFFSET_S_MAX:
            raise InvalidValue("ClockFault.offset_s", self.offset_s, "seconds within a hundred years of 0")
        if not -1_000_000 < self.drift_ppm <= 1_000_000:
            raise InvalidValue("ClockFault.drift_ppm", self.drift_ppm, "above -1,000,000 and up to 1,000,000")
        if not self.offset_s and not self.drift_ppm:
            raise InvalidValue("ClockFault.offset_s", self.offset_s, "an offset or a drift other than 0")

    def __str__(self) -> str:
        parts = [f"{self.offset_s:+g} s"] if self.offset_s else []
        parts += [f"{self.drift_ppm:+g} ppm"] if self.drift_ppm else []
        return f"{self.node}, {', '.join(parts)}"


Fault: TypeAlias = (
    PartitionFault
    | FlappingFault
    | IsolationFault
    | DegradationFault
    | CrashFault
    | FailingFault
    | PauseFault
    | SlowFault
    | ClockFault
    | DiskStallFault
    | DiskSlowFault
    | DiskFullFault
    | BitFlipFault
)
