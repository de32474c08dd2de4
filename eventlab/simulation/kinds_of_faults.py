"""What else can break than a link or a life: a node's pace, its clock, its disk. Values, checked when built."""

from __future__ import annotations

import math
from typing import TypeAlias

from ..errors import InvalidValue
from .clock import OFFSET_S_MAX
from .faults import CrashFault, PartitionFault, Timed


class IsolationFault(Timed, frozen=True, kw_only=True, tag="isolation"):
    """No message passes between *node* and any other."""

    node: str

    name = "isolation"

    def __str__(self) -> str:
        return f"{self.node} ↔ all others"


class PauseFault(Timed, frozen=True, kw_only=True, tag="pause"):
    """*node* stops, as for a garbage collection, and does late what it had to do meanwhile."""

    node: str

    name = "pause"

    def __str__(self) -> str:
        return self.node


class SlowFault(Timed, frozen=True, kw_only=True, tag="slow"):
    """Work of *node* takes *factor* times as long."""

    node: str
    factor: float

    name = "slow node"

    def _check(self) -> None:
        _check_factor("SlowFault.factor", self.factor)

    def __str__(self) -> str:
        return f"{self.node}, {self.factor:g} times"


class ClockFault(Timed, frozen=True, kw_only=True, tag="clock"):
    """The clock of *node* jumps by *offset_s* and gains *drift_ppm* microseconds a second; then it is set back."""

    node: str
    offset_s: float = 0.0
    drift_ppm: float = 0.0

    name = "wrong clock"

    def _check(self) -> None:
        if not abs(self.offset_s) <= OFFSET_S_MAX:
            raise InvalidValue("ClockFault.offset_s", self.offset_s, "within a hundred years of 0")
        if not -1_000_000 < self.drift_ppm <= 1_000_000:
            raise InvalidValue("ClockFault.drift_ppm", self.drift_ppm, "above -1,000,000, up to 1,000,000")
        if not self.offset_s and not self.drift_ppm:
            raise InvalidValue("ClockFault.offset_s", self.offset_s, "an offset or a drift other than 0")

    def __str__(self) -> str:
        return f"{self.node}, {self.offset_s:+g} s, {self.drift_ppm:+g} ppm"


class DiskStallFault(Timed, frozen=True, kw_only=True, tag="disk stall"):
    """*disk* answers nothing."""

    disk: str

    name = "stalled disk"

    def __str__(self) -> str:
        return self.disk


class DiskSlowFault(Timed, frozen=True, kw_only=True, tag="disk slow"):
    """What *disk* begins takes *factor* times as long."""

    disk: str
    factor: float

    name = "slowed disk"

    def _check(self) -> None:
        _check_factor("DiskSlowFault.factor", self.factor)

    def __str__(self) -> str:
        return f"{self.disk}, {self.factor:g} times"


class DiskFullFault(Timed, frozen=True, kw_only=True, tag="disk full"):
    """*disk* has no room: stores on it refuse to write."""

    disk: str

    name = "disk without room"

    def __str__(self) -> str:
        return self.disk


NodeFault: TypeAlias = CrashFault | IsolationFault | PauseFault | SlowFault | ClockFault
DiskFault: TypeAlias = DiskStallFault | DiskSlowFault | DiskFullFault
AnyFault: TypeAlias = PartitionFault | NodeFault | DiskFault


def _check_factor(field: str, factor: float) -> None:
    if not 1 <= factor < math.inf:
        raise InvalidValue(field, factor, "a finite factor from 1 up")
