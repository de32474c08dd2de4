"""A schedule of faults is a value, and is played on a world as it says."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

import pytest

from eventlab.errors import InvalidValue
from eventlab.simulation import (
    AnyFault,
    ClockFault,
    CrashFault,
    Disk,
    DiskFullFault,
    DiskSlowFault,
    DiskStallFault,
    IsolationFault,
    PartitionFault,
    PauseFault,
    Schedule,
    SlowFault,
    World,
    play_in,
)

EVERY_KIND: list[AnyFault] = [
    PartitionFault(left=("a",), right=("b",), at_s=1, for_s=2),
    IsolationFault(node="a", at_s=1, for_s=2),
    CrashFault(node="b", at_s=1, for_s=2),
    PauseFault(node="a", at_s=1, for_s=2),
    SlowFault(node="a", factor=3, at_s=1, for_s=2),
    ClockFault(node="a", offset_s=5, drift_ppm=100, at_s=1, for_s=2),
    DiskStallFault(disk="d", at_s=1, for_s=2),
    DiskSlowFault(disk="d", factor=2, at_s=1, for_s=2),
    DiskFullFault(disk="d", at_s=1, for_s=2),
]


def _state(world: World, disk: Disk) -> tuple[object, ...]:
    a, b = world.nodes["a"], world.nodes["b"]
    return (
        len(world.network.links.rules),
        b.incarnation.dead,
        a.incarnation.deferred is not None,
        a.slowness,
        a.clock.drift_ppm,
        a.clock.offset_s > 0,
        disk._stalls,
        list(disk._factors),
        disk.is_full,
    )


WHOLE = (0, False, False, 1.0, 0.0, False, 0, [], False)
BROKEN = (2, True, True, 3.0, 100, True, 1, [2], True)


def _seen(looks_s: list[float], *, cancelled_s: float = math.inf) -> list[tuple[object, ...]]:
    world, disk, seen = World(), Disk("d"), list[tuple[object, ...]]()

    async def main() -> None:
        for name in "ab":
            world.node(name)
        playing = world.spawn(play_in(world, EVERY_KIND, {"d": disk}), name="faults")
        for at_s in looks_s:
            await asyncio.sleep(at_s - world.loop.time())
            if at_s > cancelled_s:
                playing.cancel()
                await asyncio.sleep(0.01)
            seen.append(_state(world, disk))

    world.run(main)
    return seen


def test_every_kind_holds_from_its_time_to_its_end() -> None:
    assert _seen([0.5, 2, 3.5]) == [WHOLE, BROKEN, WHOLE]


def test_cancelling_lifts_all_that_holds() -> None:
    assert _seen([2, 2.5], cancelled_s=2.1) == [BROKEN, WHOLE]


def test_a_saved_schedule_is_the_same_schedule() -> None:
    assert Schedule.from_json(Schedule(EVERY_KIND).to_json()) == Schedule(EVERY_KIND)


def test_a_schedule_is_printed_in_the_order_in_which_its_faults_begin() -> None:
    later, sooner = PauseFault(node="a", at_s=5, for_s=1), SlowFault(node="b", factor=3, at_s=2, for_s=10)
    assert str(Schedule([later, sooner])).splitlines() == [
        "       2 s –       12 s  slow node          b, 3 times",
        "       5 s –        6 s  pause              a",
    ]


def test_a_schedule_without_a_fault_ends_with_the_last_of_the_others() -> None:
    first, second = PauseFault(node="a", at_s=5, for_s=1), CrashFault(node="b", at_s=2, for_s=10)
    assert (Schedule([first, second]).ends_s, Schedule([first, second]).without(0).ends_s) == (12, 6)


def test_all_that_cannot_be_played_is_named_at_once() -> None:
    crash, pause = CrashFault(node="a", at_s=1, for_s=2), PauseFault(node="a", at_s=2, for_s=1)
    with pytest.raises(InvalidValue) as refused:
        Schedule([crash, pause, IsolationFault(node="x", at_s=0, for_s=1), EVERY_KIND[-1]]).against("ab")
    assert refused.value.value == [
        "isolation at 0 s: no node 'x'",
        "disk without room at 1 s: no disk 'd'",
        "pause of a at 2 s: the crash at 1 s ends at 3 s",
    ]


@pytest.mark.parametrize(
    ("build", "field"),
    [
        (lambda: PauseFault(node="a", at_s=-1, for_s=1), "PauseFault.at_s"),
        (lambda: PauseFault(node="a", at_s=0, for_s=math.inf), "PauseFault.for_s"),
        (lambda: SlowFault(node="a", factor=0.5, at_s=0, for_s=1), "SlowFault.factor"),
        (lambda: ClockFault(node="a", at_s=0, for_s=1), "ClockFault.offset_s"),
        (lambda: ClockFault(node="a", drift_ppm=2e6, at_s=0, for_s=1), "ClockFault.drift_ppm"),
        (lambda: DiskSlowFault(disk="d", factor=math.nan, at_s=0, for_s=1), "DiskSlowFault.factor"),
        (lambda: Schedule.from_json('[{"kind": "flood"}]'), "schedule"),
    ],
)
def test_a_fault_that_cannot_be_is_refused_when_built(build: Callable[[], object], field: str) -> None:
    with pytest.raises(InvalidValue, match=field):
        build()
