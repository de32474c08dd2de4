"""Schedules of faults, drawn by Hypothesis, which is needed to import this module and by nothing else here.

They shrink to fewer faults, of simpler kinds, that begin earlier and are over sooner. Times are whole seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

from hypothesis import strategies as st

from ..errors import InvalidValue
from .faults import CrashFault, PartitionFault
from .kinds_of_faults import (
    AnyFault,
    ClockFault,
    DiskFullFault,
    DiskSlowFault,
    DiskStallFault,
    IsolationFault,
    PauseFault,
    SlowFault,
)
from .schedule import Schedule

Kind = Literal["pause", "crash", "isolation", "partition", "slow", "clock", "disk stall", "disk slow", "disk full"]


def schedules(
    *,
    nodes: Sequence[str],
    disks: Sequence[str] = (),
    kinds: Sequence[Kind] = get_args(Kind),
    within_s: int = 60,
    faults_max: int = 5,
) -> st.SearchStrategy[Schedule]:
    """Schedules of at most *faults_max* faults, all over after *within_s*, which can be played on *nodes* and *disks*.

    Kinds that have nothing to break are left out: disks without disks, partitions of one node. Raises
    InvalidValue without a node, for a kind that there is not, or where *within_s* is below 1.
    """
    if not nodes:
        raise InvalidValue("schedules, nodes", nodes, "at least one node")
    if within_s < 1:
        raise InvalidValue("schedules, within_s", within_s, "at least 1 second")
    for kind in kinds:
        if kind not in get_args(Kind):
            raise InvalidValue("schedules, kinds", kind, "one of " + ", ".join(get_args(Kind)))
    usable = [kind for kind in kinds if (disks or "disk" not in kind) and (len(nodes) > 1 or kind != "partition")]
    if not usable:
        return st.just(Schedule())
    faults = st.lists(_faults(tuple(nodes), tuple(disks), tuple(usable), within_s), max_size=faults_max)
    return faults.map(Schedule.of_compatible)


def seeds() -> st.SearchStrategy[int]:
    """Seeds for worlds; they shrink to 0."""
    return st.integers(0, 2**32 - 1)


@st.composite
def _faults(
    draw: st.DrawFn, nodes: Sequence[str], disks: Sequence[str], kinds: Sequence[Kind], within: int
) -> AnyFault:
    kind = draw(st.sampled_from(kinds))
    at_s = draw(st.integers(0, within - 1))
    for_s = draw(st.integers(1, within - at_s))
    if kind == "partition":
        left = draw(st.lists(st.sampled_from(nodes), min_size=1, max_size=len(nodes) - 1, unique=True))
        others = [node for node in nodes if node not in left]
        right = draw(st.lists(st.sampled_from(others), min_size=1, unique=True))
        one_way = draw(st.booleans())
        return PartitionFault(left=tuple(left), right=tuple(right), one_way=one_way, at_s=at_s, for_s=for_s)
    if "disk" in kind:
        disk = draw(st.sampled_from(disks))
        if kind == "disk slow":
            return DiskSlowFault(disk=disk, factor=draw(st.integers(2, 100)), at_s=at_s, for_s=for_s)
        return (DiskStallFault if kind == "disk stall" else DiskFullFault)(disk=disk, at_s=at_s, for_s=for_s)
    node = draw(st.sampled_from(nodes))
    if kind == "slow":
        return SlowFault(node=node, factor=draw(st.integers(2, 100)), at_s=at_s, for_s=for_s)
    if kind == "clock":
        offset_s = draw(st.integers(1, 3600)) * draw(st.sampled_from([1, -1]))
        return ClockFault(node=node, offset_s=offset_s, at_s=at_s, for_s=for_s)
    if kind == "crash":
        return CrashFault(node=node, at_s=at_s, for_s=for_s)
    return (PauseFault if kind == "pause" else IsolationFault)(node=node, at_s=at_s, for_s=for_s)
