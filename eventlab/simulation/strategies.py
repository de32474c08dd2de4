"""Hypothesis strategies: schedules of faults that shrink to few, short and simple ones. Needs hypothesis.

::

    @given(schedules(["a", "b", "c"], within_s=30))
    def test_nothing_acknowledged_is_lost(schedule): ...
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from ..errors import InvalidValue
from .distributions import Exponential
from .faults import (
    BitFlipFault,
    ClockFault,
    CrashFault,
    DegradationFault,
    DiskFullFault,
    DiskSlowFault,
    DiskStallFault,
    FailingFault,
    Fault,
    FlappingFault,
    IsolationFault,
    PartitionFault,
    PauseFault,
    Schedule,
    SlowFault,
)

KINDS = (
    *("partition", "crash", "pause", "isolation", "slow", "clock", "failing", "flapping"),
    *("degradation", "disk stall", "slow disk", "full disk", "bit flip"),
)
"""What can be drawn, the simpler kinds first: drawn examples shrink towards them."""


def seeds() -> st.SearchStrategy[int]:
    """Seeds of worlds; they shrink to 0."""
    return st.integers(0, 2**32 - 1)


def schedules(
    nodes: Sequence[str],
    *,
    disks: Sequence[str] = (),
    stores: Sequence[str] = (),
    kinds: Sequence[str] = KINDS,
    within_s: int = 60,
    faults_max: int = 5,
) -> st.SearchStrategy[Schedule]:
    """Schedules of at most *faults_max* faults, all lifted *within_s*, that can be played on what is named.

    They shrink to fewer faults, then to earlier and shorter ones, in whole seconds, and to simpler kinds. Kinds that
    need what is not there, two nodes, a disk or a store, are left out. Raises InvalidValue for a kind that does not
    exist, and if none is left.
    """
    for kind in kinds:
        if kind not in KINDS:
            raise InvalidValue("schedules, kind", kind, f"one of {', '.join(KINDS)}")
    given: object = within_s
    if not isinstance(given, int) or given < 2:
        raise InvalidValue("schedules, within_s", within_s, "2 seconds or more, a whole number of them")
    possible = [kind for kind in KINDS if kind in kinds and _is_possible(kind, nodes, disks, stores)]
    if not possible:
        there = f"{len(nodes)} nodes, {len(disks)} disks and {len(stores)} stores"
        raise InvalidValue("schedules, kinds", tuple(kinds), f"a kind that {there} allow")
    faults = st.sampled_from(possible).flatmap(lambda kind: _fault(kind, nodes, disks, stores, within_s))
    return st.lists(faults, max_size=faults_max).map(lambda drawn: _playable(drawn, nodes, disks, stores))


def _is_possible(kind: str, nodes: Sequence[str], disks: Sequence[str], stores: Sequence[str]) -> bool:
    if kind == "bit flip":
        return bool(stores)
    if kind in ("disk stall", "slow disk", "full disk"):
        return bool(disks)
    return len(nodes) >= (2 if kind in ("partition", "isolation", "flapping", "degradation") else 1)


def _fault(
    kind: str, nodes: Sequence[str], disks: Sequence[str], stores: Sequence[str], within_s: int
) -> st.SearchStrategy[Fault]:
    at_s = st.integers(0, within_s - 1)
    return at_s.flatmap(
        lambda begin: st.integers(1, within_s - begin).flatmap(
            lambda lasting: _of_kind(kind, nodes, disks, stores, {"at_s": float(begin), "for_s": float(lasting)})
        )
    )


def _of_kind(
    kind: str, nodes: Sequence[str], disks: Sequence[str], stores: Sequence[str], times: dict[str, float]
) -> st.SearchStrategy[Fault]:
    if kind == "bit flip":
        return st.sampled_from(stores).map(
            lambda one: BitFlipFault(store=one, at_s=times["at_s"], for_s=times["for_s"])
        )
    node, factor = st.sampled_from(nodes), st.integers(2, 20).map(float)
    if kind in ("partition", "flapping", "degradation"):
        return _groups(nodes).flatmap(lambda groups: _between(kind, groups, **times))
    if kind in ("disk stall", "slow disk", "full disk"):
        disk = st.sampled_from(disks)
        if kind == "slow disk":
            return st.builds(
                lambda one, times_as_long: DiskSlowFault(disk=one, factor=times_as_long, **times), disk, factor
            )
        plain_disk = DiskStallFault if kind == "disk stall" else DiskFullFault
        return disk.map(lambda one: plain_disk(disk=one, **times))
    if kind == "slow":
        return st.builds(lambda one, by: SlowFault(node=one, factor=by, **times), node, factor)
    if kind == "clock":
        offset_s = st.integers(1, 600).flatmap(lambda size: st.sampled_from((float(size), -float(size))))
        return st.builds(lambda one, offset: ClockFault(node=one, offset_s=offset, **times), node, offset_s)
    if kind == "failing":
        mean_s = st.integers(1, 20).map(float)
        return st.builds(
            lambda one, up_s, down_s: FailingFault(node=one, mean_up_s=up_s, mean_down_s=down_s, **times),
            *(node, mean_s, mean_s),
        )
    plain = {"crash": CrashFault, "pause": PauseFault, "isolation": IsolationFault}[kind]
    return node.map(lambda one: plain(node=one, **times))


def _between(
    kind: str, groups: tuple[tuple[str, ...], tuple[str, ...]], at_s: float, for_s: float
) -> st.SearchStrategy[Fault]:
    left, right = groups
    if kind == "flapping":
        period_s = st.integers(1, 10).map(float)
        return period_s.map(
            lambda period: FlappingFault(left=left, right=right, period_s=period, at_s=at_s, for_s=for_s)
        )
    if kind == "degradation":
        return _WORSE.map(lambda worse: DegradationFault(left=left, right=right, at_s=at_s, for_s=for_s, **worse))
    return st.booleans().map(
        lambda one_way: PartitionFault(left=left, right=right, one_way=one_way, at_s=at_s, for_s=for_s)
    )


_SHARE = st.sampled_from((0.1, 0.5, 1.0))

_WORSE: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "latency_factor": st.integers(2, 100).map(float),
        "loss": _SHARE,
        "duplication": _SHARE,
        "reordering": _SHARE,
        "extra_latency": st.integers(1, 10).map(lambda mean: Exponential(float(mean))),
        "bandwidth_bytes_s": st.sampled_from((1e6, 1e3)),
        "one_way": st.just(True),
    },
).filter(lambda worse: bool(worse.keys() - {"one_way"}))
"""What links may be, one thing or several."""


def _groups(nodes: Sequence[str]) -> st.SearchStrategy[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Two groups with no node in both; nodes in neither make the partition a partial one."""
    sides = st.lists(st.sampled_from((0, 1, 2)), min_size=len(nodes), max_size=len(nodes))

    def grouped(chosen: list[int]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        left = tuple(name for name, side in zip(nodes, chosen, strict=True) if side == 1)
        right = tuple(name for name, side in zip(nodes, chosen, strict=True) if side == 2)
        return left, right

    return sides.map(grouped).filter(lambda groups: bool(groups[0] and groups[1]))


def _playable(drawn: Sequence[Fault], nodes: Sequence[str], disks: Sequence[str], stores: Sequence[str]) -> Schedule:
    """The faults that can be played together, earlier drawn ones first: what would overlap is left out."""
    schedule = Schedule()
    for fault in drawn:
        longer = Schedule((*schedule.faults, fault))
        if not longer.problems(nodes, disks, stores):
            schedule = longer
    return schedule
