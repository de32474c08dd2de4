"""Schedules of faults: checked as a whole, kept to the byte, played, drawn, and shrunk to what matters."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from eventlab import hooks
from eventlab.codec import event
from eventlab.errors import BudgetSpent, InvalidValue
from eventlab.runtime import now
from eventlab.simulation import (
    BitFlipFault,
    ClockFault,
    CrashFault,
    DegradationFault,
    Disk,
    DiskFullFault,
    DiskSlowFault,
    DiskStallFault,
    Exponential,
    FailingFault,
    Fault,
    FlappingFault,
    IsolationFault,
    PartitionFault,
    PauseFault,
    Schedule,
    SimulatedStore,
    SlowFault,
    Targets,
    World,
    play,
    play_in,
    recover,
    shrink,
)
from eventlab.simulation.strategies import KINDS, schedules
from eventlab.store import MemoryStore

NODES, DISKS, STORES = ("a", "b", "c"), ("d",), ("s",)

ONE_OF_EACH = Schedule(
    (
        PartitionFault(left=("a",), right=("b",), one_way=True, at_s=1, for_s=2),
        FlappingFault(left=("a",), right=("b", "c"), period_s=2, at_s=4, for_s=4),
        IsolationFault(node="c", at_s=9, for_s=1, in_flight="lost", seen_as="broken"),
        CrashFault(node="a", at_s=11, for_s=1),
        PauseFault(node="b", at_s=11, for_s=3),
        SlowFault(node="c", factor=4, at_s=12, for_s=2),
        ClockFault(node="a", offset_s=-30, at_s=15, for_s=2),
        DiskStallFault(disk="d", at_s=18, for_s=1),
        DiskSlowFault(disk="d", factor=3, at_s=20, for_s=1),
        DiskFullFault(disk="d", at_s=22, for_s=1),
        FailingFault(node="b", mean_up_s=0.5, mean_down_s=0.5, at_s=25, for_s=4),
        DegradationFault(left=("a",), extra_latency=Exponential(1), loss=0.5, bandwidth_bytes_s=1e3, at_s=30, for_s=1),
        BitFlipFault(store="s", stream="x-1", at_s=32, for_s=1),
    )
)


@event("tests.schedule.Paid")
@dataclass(frozen=True, slots=True)
class Paid:
    cents: int


class Stage:
    """Three nodes, a disk and a store, and what is to be seen of their state."""

    def __init__(self, seed: int = 0) -> None:
        self.world, self.disk, self.store = World(seed), Disk("d"), SimulatedStore(MemoryStore("s"))
        for name in NODES:
            self.world.node(name)

    def state(self) -> list[str]:
        nodes = self.world.nodes.values()
        shown = [f"{node.name} crashed" for node in nodes if not node.is_up]
        shown += [f"{node.name} paused" for node in nodes if node.is_paused]
        shown += [f"{node.name} slow" for node in nodes if node.slowness > 1]
        shown += [f"{node.name} wrong" for node in nodes if node.clock.offset_s]
        shown += ["full"] if self.disk.is_full else []
        shown += map(str, self.world.network.links.degradations)
        shown += [f"bit at {position}" for position in self.store.damaged]
        return shown

    async def play(self, schedule: Schedule) -> None:
        await self.store.disk.append([("x-1", Paid(1)), ("y-1", Paid(2)), ("x-1", Paid(3))])
        targets = Targets(self.world, {"d": self.disk}, {"s": self.store})
        await play(schedule.against(NODES, DISKS, STORES), self.world.network.links, targets)


def test_every_kind_takes_hold_and_is_lifted() -> None:
    stage = Stage()
    seen: list[tuple[float, list[str]]] = []

    async def main() -> None:
        playing = asyncio.ensure_future(stage.play(ONE_OF_EACH))
        for moment in (11.5, 13.5, 16.0, 22.5, 30.5, 32.5, 34.0):
            await asyncio.sleep(moment - stage.world.now_s)
            seen.append((moment, stage.state()))
        await playing

    with stage.world as world, world.recording() as run:
        world.run(main)
    assert seen == [
        (11.5, ["a crashed", "b paused"]),
        (13.5, ["b paused", "c slow"]),
        (16.0, ["a wrong"]),
        (22.5, ["full"]),
        (30.5, ["a ↔ all others: 1 s more on average, 50% lost, 1000 B/s"]),
        (32.5, ["bit at 3"]),
        (34.0, []),
    ]
    assert list(run.faults["fault"]) == [fault.name for fault in ONE_OF_EACH]  # each once, also those of disks
    began = [(entry.at, entry.what.fault) for entry in run.entries if isinstance(entry.what, hooks.FaultBegan)]
    assert began == [(fault.at_s, fault.name) for fault in ONE_OF_EACH]
    assert sum(isinstance(entry.what, hooks.FaultEnded) for entry in run.entries) == len(ONE_OF_EACH)


@pytest.mark.parametrize("fault", ONE_OF_EACH.faults, ids=lambda fault: fault.name)
def test_a_schedule_that_is_cancelled_is_lifted(fault: Fault) -> None:
    stage = Stage()

    async def main() -> None:
        playing = asyncio.ensure_future(stage.play(Schedule((fault,))))
        await asyncio.sleep(fault.at_s + fault.for_s / 2)
        playing.cancel()
        await asyncio.wait([playing])
        assert (stage.state(), stage.world.network.links.rules) == ([], [])

    with stage.world as world:
        world.run(main)


def test_a_clock_is_set_right_again_as_it_would_have_gone() -> None:
    stage = Stage()

    async def main() -> None:
        stage.world.node("a").clock.drift_ppm = 1000
        await stage.play(Schedule((ClockFault(node="a", offset_s=-30, drift_ppm=500, at_s=10, for_s=10),)))
        ahead = await stage.world.node("a").start(ask)
        assert ahead == pytest.approx(0.020, abs=1e-6)

    async def ask() -> float:
        return (now() - stage.world.runtime.epoch).total_seconds() - stage.world.now_s

    with stage.world as world:
        world.run(main)


def test_a_schedule_reads_as_a_table_in_the_order_of_time() -> None:
    cut = PartitionFault(left=("a",), right=("b",), at_s=1.5, for_s=10)
    assert str(Schedule((PauseFault(node="c", at_s=12, for_s=3), cut))) == (
        "1.5 s to 11.5 s  partition  a ↔ b\n 12 s to   15 s  pause      c"
    )
    assert str(Schedule()) == "no faults"


def test_a_schedule_comes_back_from_its_file(tmp_path: Path) -> None:
    ONE_OF_EACH.save(tmp_path / "schedule.json")
    assert Schedule.load(tmp_path / "schedule.json") == ONE_OF_EACH
    assert Schedule.load(tmp_path / "schedule.json").to_json() == ONE_OF_EACH.to_json()


@pytest.mark.parametrize(
    "text", ["", "{}x", '{"faults":[{"fault":"flood"}]}', ONE_OF_EACH.to_json().replace('"for_s":2.0', '"for_s":-2.0')]
)
def test_what_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match="the schedule"):
        Schedule.from_json(text)


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: CrashFault(node="a", at_s=-1, for_s=1), "CrashFault.at_s is -1.0"),
        (lambda: CrashFault(node="a", at_s=5, for_s=-2), "CrashFault.for_s is -2.0"),
        (lambda: CrashFault(node="a", at_s=5, for_s=float("inf")), "CrashFault.for_s is inf"),
        (lambda: FailingFault(node="a", mean_up_s=0, mean_down_s=1, at_s=0, for_s=1), "FailingFault.mean_up_s is 0.0"),
        (lambda: FailingFault(node="a", mean_up_s=9, mean_down_s=float("nan"), at_s=0, for_s=1), "mean_down_s is nan"),
        (lambda: PartitionFault(left=("a",), right=("a",), at_s=0, for_s=1), "partition"),
        (lambda: FlappingFault(left=("a",), right=("b",), period_s=0, at_s=0, for_s=1), "period_s is 0.0"),
        (lambda: SlowFault(node="a", factor=0.5, at_s=0, for_s=1), "SlowFault.factor is 0.5"),
        (lambda: ClockFault(node="a", at_s=0, for_s=1), "ClockFault.offset_s is 0"),
        (lambda: ClockFault(node="a", drift_ppm=-2e6, at_s=0, for_s=1), "ClockFault.drift_ppm"),
        (lambda: DiskSlowFault(disk="d", factor=float("nan"), at_s=0, for_s=1), "DiskSlowFault.factor is nan"),
        (lambda: DegradationFault(left=("a",), loss=1.2, at_s=0, for_s=1), "Degradation.loss is 1.2"),
        (lambda: DegradationFault(left=("a",), right=("a",), loss=1, at_s=0, for_s=1), "degradation is"),
        (lambda: DegradationFault(left=("a",), at_s=0, for_s=1), "expected something that is worse"),
    ],
)
def test_a_fault_outside_its_domain_is_refused_when_it_is_built(build: Callable[[], Fault], words: str) -> None:
    with pytest.raises(InvalidValue, match=words):
        build()


def test_everything_that_is_wrong_with_a_schedule_is_said_at_once() -> None:
    schedule = Schedule(
        (
            CrashFault(node="a", at_s=0, for_s=5),
            CrashFault(node="a", at_s=4, for_s=5),
            PauseFault(node="a", at_s=2, for_s=1),
            IsolationFault(node="z", at_s=0, for_s=1),
            DiskFullFault(disk="e", at_s=0, for_s=1),
            BitFlipFault(store="t", at_s=0, for_s=1),
            DegradationFault(left=("y",), loss=1, at_s=0, for_s=1),
        )
    )
    assert schedule.problems(NODES, DISKS, STORES) == [
        "isolation at 0 s: there is no node 'z', of a, b, c",
        "full disk at 0 s: there is no disk 'e', of d",
        "bit flip at 0 s: there is no store 't', of s",
        "degraded links at 0 s: there is no node 'y', of a, b, c",
        "pause of 'a' at 2 s: its crash from 0 s on holds until 5 s",
        "crash of 'a' at 4 s: its crash from 0 s on holds until 5 s",
    ]
    with pytest.raises(InvalidValue, match=r"no node 'z'.*no disk 'e'.*pause of 'a'"):
        schedule.against(NODES, DISKS, STORES)


@given(schedules(NODES, disks=DISKS, stores=STORES, within_s=20))
@settings(max_examples=60, deadline=None)
def test_whatever_is_drawn_can_be_played_and_leaves_nothing_broken(schedule: Schedule) -> None:
    assert schedule.problems(NODES, DISKS, STORES) == [] and schedule.ends_s <= 20
    stage = Stage()
    with stage.world as world:
        world.run(stage.play(schedule))
        assert (stage.state(), stage.world.network.links.rules) == ([], [])


@pytest.mark.parametrize(
    ("named", "why"),
    [
        ({"disks": {"d": SimulatedStore(MemoryStore("s"))}}, "a dict with a Disk for each name"),
        ({"stores": {"s": MemoryStore("s")}}, "a dict with a SimulatedStore for each name"),
        ({"disks": [Disk("d")]}, "a dict with a Disk for each name"),
    ],
)
def test_what_no_fault_can_befall_is_refused_before_anything_breaks(named: Any, why: str) -> None:
    world = World()
    world.node("a")
    full = DiskFullFault(disk="d", at_s=1, for_s=1)
    with pytest.raises(InvalidValue, match=why):
        world.run(play_in(world, Schedule((CrashFault(node="a", at_s=0, for_s=1), full)), **named))
    assert world.now_s == 0


@pytest.mark.parametrize(
    ("build", "why"),
    [
        (lambda: CrashFault(node=None, at_s=0, for_s=1), "a name"),  # type: ignore[arg-type]
        (lambda: CrashFault(node="", at_s=0, for_s=1), "a name"),
        (lambda: CrashFault(node="a", at_s="1", for_s=1), "a number of seconds"),  # type: ignore[arg-type]
        (lambda: CrashFault(node="a", at_s=True, for_s=1), "a number of seconds"),
        (lambda: SlowFault(node="a", factor="2", at_s=0, for_s=1), "a finite factor"),  # type: ignore[arg-type]
        (lambda: ClockFault(node="a", offset_s=1e12, at_s=0, for_s=1), "a hundred years"),
        (lambda: ClockFault(node="a", offset_s="3", at_s=0, for_s=1), "offset_s is '3'; expected a number"),  # type: ignore[arg-type]
        (lambda: schedules(["a"], within_s=2.5), "within_s is 2.5; expected 2 seconds or more, a whole number"),  # type: ignore[arg-type]
        (lambda: Schedule(CrashFault(node="a", at_s=0, for_s=1)), "Schedule((CrashFault"),  # type: ignore[arg-type]
        (lambda: Schedule(("x",)), "Schedule((CrashFault"),  # type: ignore[arg-type]
        (lambda: Schedule.from_json('{"fault":[]}'), "unknown field `fault`"),
        (
            lambda: Schedule.from_json('{"faults":[{"fault":"crash","node":"a","at_s":0,"for_s":1,"hard":true}]}'),
            "unknown field `hard`",
        ),
    ],
)
def test_what_is_no_fault_is_refused_when_it_is_built(build: Callable[[], object], why: str) -> None:
    with pytest.raises(InvalidValue, match=re.escape(why)):
        build()


def test_lists_of_names_are_kept_as_they_come_back() -> None:
    schedule = Schedule((PartitionFault(left=["a"], right=["b"], at_s=1, for_s=1),))  # type: ignore[arg-type]
    assert Schedule.from_json(schedule.to_json()) == schedule
    assert len({*schedule}) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_drawn(kind: str) -> None:
    found = find(schedules(NODES, disks=DISKS, stores=STORES, kinds=[kind]), lambda schedule: len(schedule) > 0)
    assert len(found) == 1


def goes_wrong(schedule: Schedule) -> bool:
    """A planted bug: *a* cannot reach *b* while *c* is paused."""
    stage, wrong = Stage(), []

    async def main() -> None:
        playing = asyncio.ensure_future(stage.play(schedule))
        while not playing.done():
            stage.world.network.send("a", "b", "ball")
            await asyncio.sleep(0.25)
            arrived = len(stage.world.node("b").inbox)
            if arrived:
                await stage.world.node("b").inbox.get()
            elif stage.world.node("c").is_paused and stage.world.node("b").is_up and stage.world.node("a").is_up:
                wrong.append(stage.world.now_s)

    with stage.world as world:
        world.run(main)
    return bool(wrong)


def test_what_hypothesis_finds_shrinks_to_the_two_faults_that_matter() -> None:
    drawn = schedules(NODES, kinds=["partition", "pause", "slow"], within_s=10)
    found = find(drawn, goes_wrong, settings=settings(max_examples=2000, deadline=None, database=None))
    assert sorted(fault.name for fault in found) == ["partition", "pause"]
    assert goes_wrong(Schedule.from_json(found.to_json()))


def test_a_saved_schedule_is_shrunk_to_what_still_goes_wrong() -> None:
    noise: tuple[Fault, ...] = (
        SlowFault(node="a", factor=2, at_s=3.25, for_s=6),
        CrashFault(node="b", at_s=17.5, for_s=1.5),
        IsolationFault(node="c", at_s=12, for_s=4),
        ClockFault(node="a", offset_s=3, at_s=1, for_s=2),
    )
    cut = PartitionFault(left=("a",), right=("b",), at_s=4.5, for_s=7.5)
    paused = PauseFault(node="c", at_s=6.25, for_s=3.75)
    smaller = shrink(Schedule((*noise, cut, paused)), goes_wrong)
    assert [(fault.name, fault.for_s) for fault in smaller] == [("partition", 2.0), ("pause", 1.0)]
    assert smaller == shrink(Schedule((*noise, cut, paused)), goes_wrong)


def test_shrinking_asks_no_more_often_than_it_may() -> None:
    asked = []

    def always(schedule: Schedule) -> bool:
        asked.append(schedule)
        return True

    shrink(ONE_OF_EACH, always, trials_max=2)
    assert len(asked) == 2


def test_what_does_not_fail_is_not_shrunk() -> None:
    with pytest.raises(InvalidValue, match="one that fails to begin with"):
        shrink(ONE_OF_EACH, lambda schedule: False)


def test_recovery_mends_what_a_test_broke_by_hand_and_waits_until_all_is_quiet() -> None:
    stage = Stage()

    async def main() -> float:
        stage.world.node("a").crash()
        stage.world.node("b").pause()
        quiet_s = stage.world.now_s + 7.5

        async def settled() -> bool:
            return stage.world.now_s >= quiet_s

        await recover(stage.world, settled, within_s=60)
        return stage.world.now_s

    with stage.world as world:
        assert world.run(main) == 8
        assert stage.state() == []


def test_a_world_that_does_not_settle_says_what_was_waiting() -> None:
    stage = Stage()

    async def never() -> bool:
        return False

    async def main() -> None:
        stage.world.spawn(asyncio.sleep(10_000), name="somebody")
        await recover(stage.world, never, within_s=5)

    with stage.world as world, pytest.raises(BudgetSpent, match="5 s to settle") as spent:
        world.run(main)
    assert any("somebody" in line for line in spent.value.waiting)
    assert stage.world.now_s == 5


@given(st.sampled_from(ONE_OF_EACH.faults))
def test_a_fault_left_out_is_the_only_difference(fault: Fault) -> None:
    index = ONE_OF_EACH.faults.index(fault)
    assert [*ONE_OF_EACH.without(index)] == [other for other in ONE_OF_EACH if other is not fault]
