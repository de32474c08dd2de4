"""What holds at a moment is what the schedule says, in any schedule."""

from __future__ import annotations

import asyncio
from math import floor, prod
from typing import Any

import pytest
from hypothesis import given, settings

from eventlab import hooks
from eventlab.errors import NodeCrashed
from eventlab.simulation import (
    BitFlipFault,
    ClockFault,
    CrashFault,
    DegradationFault,
    DiskFullFault,
    DiskSlowFault,
    DiskStallFault,
    Fault,
    FlappingFault,
    IsolationFault,
    Node,
    PartitionFault,
    PauseFault,
    Schedule,
    SlowFault,
)
from eventlab.simulation.strategies import KINDS, schedules

from .stage import DISKS, NODES, STORES, Stage


def said(schedule: Schedule, at_s: float) -> dict[str, Any]:
    """What a schedule says of a moment at which nothing begins or ends."""
    now = [fault for fault in schedule if fault.at_s < at_s < fault.ends_s]

    def of(kind: Any) -> list[Any]:
        return [fault for fault in now if isinstance(fault, kind)]

    def crashed_since(fault: PauseFault) -> bool:
        return any(
            isinstance(crash, CrashFault) and crash.node == fault.node and fault.at_s <= crash.at_s < at_s
            for crash in schedule
        )

    stalled = bool(of(DiskStallFault))
    return {
        "down": {fault.node for fault in of(CrashFault)},
        "paused": {fault.node for fault in of(PauseFault) if not crashed_since(fault)},
        "slow": {name: prod(fault.factor for fault in of(SlowFault) if fault.node == name) for name in NODES},
        "clocks": {name: sum(fault.offset_s for fault in of(ClockFault) if fault.node == name) for name in NODES},
        "cut": {s + t for s in NODES for t in NODES if any(cuts(fault, s, t, at_s) for fault in now)},
        "degraded": [str(fault) for fault in of(DegradationFault)],
        "disk": (
            float("inf") if stalled else prod(fault.factor for fault in of(DiskSlowFault)),
            bool(of(DiskFullFault)),
        ),
        "damaged": len(of(BitFlipFault)),
    }


def cuts(fault: Fault, source: str, target: str, at_s: float) -> bool:
    if isinstance(fault, IsolationFault):
        return (source == fault.node) != (target == fault.node)
    if isinstance(fault, FlappingFault):
        periods = (at_s - fault.at_s) / fault.period_s
        if periods - floor(periods) >= fault.duty:
            return False
    elif not isinstance(fault, PartitionFault):
        return False
    one_way = isinstance(fault, PartitionFault) and fault.one_way
    there = source in fault.left and target in fault.right
    return there or (not one_way and source in fault.right and target in fault.left)


PREDICTABLE = [kind for kind in KINDS if kind != "failing"]


def watched(schedule: Schedule, until_s: int, *, boot_s: float = 0.0) -> tuple[list[Any], list[Any]]:
    """What was to be seen, and what the schedule says, a quarter of a second after each whole and half one."""
    stage, seen, expected = Stage(boot_s=boot_s), [], []

    async def main() -> None:
        await stage.begin()
        playing = asyncio.ensure_future(stage.play(schedule))
        for halves in range(2 * until_s + 4):
            at_s = halves / 2 + 0.23
            await asyncio.sleep(at_s - stage.world.now_s)
            seen.append((at_s, stage.state()))
            expected.append((at_s, said(schedule, at_s)))
        await playing

    with stage.world as world:
        world.run(main)
    return seen, expected


@given(schedules(NODES, disks=DISKS, stores=STORES, kinds=PREDICTABLE, within_s=10, faults_max=8))
@settings(max_examples=150, deadline=None)
def test_at_each_moment_what_holds_is_what_the_schedule_says(schedule: Schedule) -> None:
    seen, expected = watched(schedule, 10)
    assert seen == expected


@pytest.mark.parametrize(
    "faults",
    [
        (CrashFault(node="a", at_s=1, for_s=2), CrashFault(node="a", at_s=3, for_s=2)),
        (CrashFault(node="a", at_s=1, for_s=2), PauseFault(node="a", at_s=3, for_s=2)),
        (PauseFault(node="a", at_s=1, for_s=2), PauseFault(node="a", at_s=3, for_s=2)),
        (PauseFault(node="a", at_s=1, for_s=6), CrashFault(node="a", at_s=3, for_s=2)),
        (PauseFault(node="a", at_s=1, for_s=2), CrashFault(node="a", at_s=3, for_s=2)),
        (ClockFault(node="a", offset_s=30, at_s=1, for_s=2), ClockFault(node="a", offset_s=-10, at_s=3, for_s=2)),
        (SlowFault(node="a", factor=3, at_s=1, for_s=4), SlowFault(node="a", factor=3, at_s=2, for_s=1)),
        (
            PartitionFault(left=("a",), right=("b",), at_s=1, for_s=2),
            PartitionFault(left=("a",), right=("b",), at_s=2, for_s=4),
        ),
        (DiskStallFault(disk="d", at_s=1, for_s=4), DiskStallFault(disk="d", at_s=2, for_s=1)),
        (BitFlipFault(store="s", stream="x-1", at_s=1, for_s=4), BitFlipFault(store="s", at_s=2, for_s=1)),
    ],
    ids=lambda faults: " and ".join(fault.name for fault in faults),
)
def test_what_overlaps_or_touches_ends_as_each_of_them_says(faults: tuple[Fault, ...]) -> None:
    """At one moment the end of one comes before the beginning of another, whoever was first in the list."""
    for given_order in (faults, faults[::-1]):
        seen, expected = watched(Schedule(given_order), 8)
        assert seen == expected


def test_a_node_that_crashes_while_it_boots_is_restarted_by_the_later_crash() -> None:
    stage, seen = Stage(boot_s=2), []

    async def main() -> None:
        await stage.begin()
        crashes = (CrashFault(node="a", at_s=7, for_s=1), CrashFault(node="a", at_s=9, for_s=1))
        playing = asyncio.ensure_future(stage.play(Schedule(crashes)))
        for moment in (7.5, 8.5, 9.5, 10.5):
            await asyncio.sleep(moment - stage.world.now_s)
            seen.append(stage.world.node("a").is_up)
        await playing

    stage.world.run(main)
    assert seen == [False, True, False, True]


def test_a_boot_that_meets_the_crash_of_another_node_is_heard_of() -> None:
    stage = Stage()

    async def boot(node: Node) -> None:
        if node.name == "a" and node.incarnation.number == 2:
            raise NodeCrashed("b")

    stage.boot = boot  # type: ignore[method-assign]

    async def main() -> None:
        await stage.begin()
        await stage.play(Schedule((CrashFault(node="a", at_s=1, for_s=1),)))

    with pytest.raises(ExceptionGroup) as caught:
        stage.world.run(main)
    assert [str(error) for error in caught.value.exceptions] == [str(NodeCrashed("b"))]


def test_a_pause_finds_nothing_to_stop_on_a_node_that_is_down() -> None:
    stage = Stage()

    async def main() -> None:
        await stage.begin()
        stage.world.node("a").crash()
        await stage.play(Schedule((PauseFault(node="a", at_s=1, for_s=1),)))

    stage.world.run(main)
    assert stage.state()["down"] == {"a"}


def test_at_one_moment_faults_take_hold_in_the_order_that_is_given_after_what_ends() -> None:
    stage = Stage()
    given: list[Fault] = [
        SlowFault(node="c", factor=2, at_s=3, for_s=1),
        PauseFault(node="b", at_s=3, for_s=1),
        DiskFullFault(disk="d", at_s=1, for_s=2),
        CrashFault(node="a", at_s=3, for_s=1),
    ]

    async def main() -> None:
        await stage.begin()
        await stage.play(Schedule(tuple(given)))

    with stage.world as world, world.recording() as run:
        world.run(main)
    told = [(entry.at, entry.what) for entry in run.entries]
    assert [
        (at, type(what).__name__, what.fault)
        for at, what in told
        if isinstance(what, hooks.FaultBegan | hooks.FaultEnded) and at <= 3
    ] == [
        (1, "FaultBegan", "full disk"),
        (3, "FaultEnded", "full disk"),
        (3, "FaultBegan", "slow node"),
        (3, "FaultBegan", "pause"),
        (3, "FaultBegan", "crash"),
    ]
    ends = [type(what).__name__ for at, what in told if at == 4]
    assert ends.index("NodeChanged") < ends.index("FaultEnded")  # lifted first, then told
