"""A schedule of faults: a value that can be printed, saved, compared, and held against what there is to break."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import msgspec

from ..errors import InvalidValue
from .faults import CrashFault, PartitionFault
from .kinds_of_faults import AnyFault, ClockFault, DiskFullFault, DiskSlowFault, DiskStallFault, PauseFault


class Schedule:
    """Faults in the order in which they begin; those that begin together stay as they were given."""

    def __init__(self, faults: Iterable[AnyFault] = ()) -> None:
        self.faults: tuple[AnyFault, ...] = tuple(sorted(faults, key=lambda fault: fault.at_s))

    @property
    def ends_s(self) -> float:
        """When the last fault is lifted; 0 without any."""
        return max((fault.ends_s for fault in self.faults), default=0.0)

    def without(self, index: int) -> Schedule:
        """The schedule that lacks the fault at *index*. Raises IndexError where there is none."""
        left_out = range(len(self.faults))[index]
        return Schedule(fault for place, fault in enumerate(self.faults) if place != left_out)

    @classmethod
    def of_compatible(cls, faults: Iterable[AnyFault]) -> Schedule:
        """Those of *faults* that do not exclude one that begins before."""
        kept: list[AnyFault] = []
        for fault in sorted(faults, key=lambda fault: fault.at_s):
            if not any(fault.at_s <= earlier.ends_s and _exclude(earlier, fault) for earlier in kept):
                kept.append(fault)
        return cls(kept)

    def against(self, nodes: Collection[str], disks: Collection[str] = ()) -> Schedule:
        """The schedule itself, if it can be played on these. Raises InvalidValue that lists all that cannot be."""
        problems = [*self._unknown(nodes, disks), *self._overlapping()]
        if problems:
            raise InvalidValue("Schedule.faults", problems, "faults that can be played on what there is")
        return self

    def to_json(self) -> str:
        """A list with an object for each fault, its sort under ``kind``."""
        return msgspec.json.format(msgspec.json.encode(self.faults), indent=2).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> Schedule:
        """What `to_json` wrote. Raises InvalidValue for anything else, and for a fault that cannot be."""
        try:
            return cls(msgspec.json.decode(text, type=tuple[AnyFault, ...]))
        except msgspec.DecodeError as error:
            raise InvalidValue("schedule", text, f"a list of faults as to_json writes it: {error}") from None

    def _unknown(self, nodes: Collection[str], disks: Collection[str]) -> Iterator[str]:
        for fault in self.faults:
            if isinstance(fault, PartitionFault):
                names, known, what = (*fault.left, *fault.right), nodes, "node"
            elif isinstance(fault, DiskStallFault | DiskSlowFault | DiskFullFault):
                names, known, what = (fault.disk,), disks, "disk"
            else:
                names, known, what = (fault.node,), nodes, "node"
            for name in names:
                if name not in known:
                    yield f"{fault.name} at {fault.at_s:g} s: no {what} {name!r}"

    def _overlapping(self) -> Iterator[str]:
        """A node cannot crash or be paused while it is down, nor its clock be set wrong twice over."""
        for place, first in enumerate(self.faults):
            for later in self.faults[place + 1 :]:
                if later.at_s <= first.ends_s and _exclude(first, later):
                    yield (
                        f"{later.name} of {later} at {later.at_s:g} s: "
                        f"the {first.name} at {first.at_s:g} s ends at {first.ends_s:g} s"
                    )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schedule) and self.faults == other.faults

    def __hash__(self) -> int:
        return hash(self.faults)

    def __len__(self) -> int:
        return len(self.faults)

    def __iter__(self) -> Iterator[AnyFault]:
        return iter(self.faults)

    def __repr__(self) -> str:
        return f"Schedule({list(self.faults)!r})"

    def __str__(self) -> str:
        return "\n".join(f"{f.at_s:8g} s – {f.ends_s:8g} s  {f.name:<17}  {f}" for f in self.faults) or "no faults"


def _exclude(first: AnyFault, later: AnyFault) -> bool:
    """Whether two faults that overlap cannot be told apart, or cannot be."""
    if isinstance(first, CrashFault) and isinstance(later, CrashFault | PauseFault):
        return first.node == later.node
    if isinstance(first, PauseFault) and isinstance(later, CrashFault):
        return first.node == later.node and first.at_s == later.at_s
    return isinstance(first, ClockFault) and isinstance(later, ClockFault) and first.node == later.node
