"""The smallest schedule that still goes wrong: it does go wrong, nothing smaller does, and nothing is asked twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec
import pytest
from hypothesis import Phase, assume, example, find, given, settings
from hypothesis import strategies as st

from eventlab.errors import InvalidValue
from eventlab.runtime import seeded
from eventlab.simulation import CrashFault, Fault, PauseFault, Schedule, SlowFault, shrink
from eventlab.simulation.faults import PartitionFault
from eventlab.simulation.strategies import schedules

NODES, DISKS, STORES = ("a", "b", "c"), ("d",), ("s",)

LOOKING = settings(max_examples=5000, deadline=None, database=None, derandomize=True, phases=[Phase.generate])

anything = schedules(NODES, disks=DISKS, stores=STORES, within_s=40, faults_max=8)


def smaller(schedule: Schedule) -> Iterator[Schedule]:
    """Whatever a reader would call the next smaller ones: one fault less, or one of them shorter or rounder."""
    for index, fault in enumerate(schedule):
        yield schedule.without(index)
        for change in (
            {"at_s": float(int(fault.at_s))},
            {"for_s": fault.for_s - 1},
            {"for_s": float(int(fault.for_s))},
            {"for_s": float(int(fault.for_s) - int(fault.for_s) // 2)},
        ):
            if change.get("for_s", 1) >= 1:
                other = schedule.replaced(index, msgspec.structs.replace(fault, **change))
                if other != schedule and not other.overlaps():
                    yield other


def asked_about(schedule: Schedule, fails: Callable[[Schedule], bool], **options: int) -> tuple[Schedule, list[str]]:
    asked: list[str] = []

    def still_fails(one: Schedule) -> bool:
        assert one.overlaps() == []
        asked.append(one.to_json())
        return fails(one)

    return shrink(schedule, still_fails, **options), asked


def whim(seed: int) -> Callable[[Schedule], bool]:
    """A failure without any sense: of two schedules, one, whatever they have in common."""
    return lambda schedule: seeded(seed, schedule.to_json()).random() < 0.5


@given(anything, st.integers(0, 99))
@settings(deadline=None)
def test_what_is_left_fails_and_nothing_smaller_does_and_nothing_is_asked_twice(schedule: Schedule, seed: int) -> None:
    fails = whim(seed)
    assume(fails(schedule))
    least, asked = asked_about(schedule, fails, trials_max=100_000)
    assert fails(least)
    assert [str(one) for one in smaller(least) if fails(one)] == []
    assert len(asked) == len(set(asked))


@given(anything, st.integers(0, 99), st.integers(1, 40))
@settings(deadline=None)
def test_whenever_its_trials_are_used_up_it_gives_one_that_was_seen_to_fail(
    schedule: Schedule, seed: int, trials_max: int
) -> None:
    fails = whim(seed)
    assume(fails(schedule))
    least, asked = asked_about(schedule, fails, trials_max=trials_max)
    assert fails(least) and least.to_json() in asked and len(asked) <= trials_max


def test_a_question_that_has_to_be_awaited_is_refused() -> None:
    async def fails(_: Schedule) -> bool:
        return True

    with pytest.raises(InvalidValue, match=r"still_fails .* a plain function"):
        shrink(Schedule((CrashFault(node="a", at_s=2, for_s=1),)), fails)  # type: ignore[arg-type]


def test_a_fault_that_another_one_hid_is_left_out_in_the_end() -> None:
    """The slow node can go only when the crash has gone, and that was tried when the slow node was passed already."""
    slow, crash = SlowFault(node="b", factor=2, at_s=1, for_s=1), CrashFault(node="a", at_s=2, for_s=1)
    cut = PartitionFault(left=("a",), right=("b",), at_s=3, for_s=1)

    def fails(schedule: Schedule) -> bool:
        return cut in schedule.faults and (slow in schedule.faults or crash not in schedule.faults)

    assert shrink(Schedule((slow, crash, cut)), fails) == Schedule((cut,))


def test_a_fault_that_is_too_short_for_another_one_is_left_out_in_the_end() -> None:
    """What could not go at first may go once a time is simpler."""
    slow, crash = SlowFault(node="b", factor=2, at_s=1, for_s=1), CrashFault(node="a", at_s=2, for_s=8)

    def fails(schedule: Schedule) -> bool:
        crashes = [fault for fault in schedule if fault.name == "crash"]
        return bool(crashes) and (len(schedule) == 2 or crashes[0].for_s < 8)

    assert shrink(Schedule((slow, crash)), fails) == Schedule((CrashFault(node="a", at_s=2, for_s=1),))


def test_rounder_times_never_make_faults_overlap() -> None:
    """The pause could begin at 5 s, if the crash before it were not on until 5.5 s."""
    crash, pause = CrashFault(node="a", at_s=1, for_s=4.5), PauseFault(node="a", at_s=5.5, for_s=2)

    def fails(schedule: Schedule) -> bool:
        return {fault.name for fault in schedule} == {"crash", "pause"} and schedule.faults[0].for_s >= 4.5

    least, _ = asked_about(Schedule((crash, pause)), fails)
    assert least == Schedule((crash, PauseFault(node="a", at_s=5.5, for_s=1)))


@pytest.mark.parametrize("needed_s", [1, 2, 7, 63, 64, 65, 3599])
def test_the_shortest_time_is_found_in_few_trials(needed_s: int) -> None:
    least, asked = asked_about(
        Schedule((PauseFault(node="a", at_s=0, for_s=3600.5),)),
        lambda schedule: len(schedule) == 1 and schedule.faults[0].for_s >= needed_s,
    )
    assert [fault.for_s for fault in least] == [needed_s]
    assert len(asked) < 200


def test_a_fault_that_changes_its_place_becomes_rounder_all_the_same() -> None:
    first, second = SlowFault(node="a", factor=2, at_s=3.2, for_s=1), SlowFault(node="b", factor=2, at_s=3.6, for_s=1)
    least = shrink(Schedule((first, second)), lambda schedule: len(schedule) == 2)
    assert [fault.at_s for fault in least] == [3, 3]


# -- as JSON, and as drawn


@given(anything)
@example(Schedule((PauseFault(node='é\n"', at_s=0.1, for_s=1e9),)))
def test_a_schedule_comes_back_from_its_json_as_it_was(schedule: Schedule) -> None:
    again = Schedule.from_json(schedule.to_json())
    assert (again, again.to_json(), str(again)) == (schedule, schedule.to_json(), str(schedule))


@given(anything)
def test_a_fault_less_is_the_only_difference_also_of_drawn_ones(schedule: Schedule) -> None:
    for index in range(len(schedule)):
        rest = list(schedule.faults)
        del rest[index]
        assert list(schedule.without(index)) == rest


@given(anything)
def test_a_schedule_ends_when_its_last_fault_does(schedule: Schedule) -> None:
    assert schedule.ends_s == max([fault.at_s + fault.for_s for fault in schedule], default=0)
    assert all(earlier.at_s <= later.at_s for earlier, later in zip(schedule.faults, schedule.faults[1:], strict=False))


@given(schedules(NODES, disks=DISKS, stores=STORES, kinds=["crash", "bit flip"], within_s=7, faults_max=2))
def test_what_is_drawn_is_what_was_asked_for(schedule: Schedule) -> None:
    assert {fault.name for fault in schedule} <= {"crash", "bit flip"}
    assert len(schedule) <= 2 and schedule.ends_s <= 7


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("partition", lambda fault: fault.one_way),
        ("partition", lambda fault: len(fault.left) + len(fault.right) == 2),
        ("partition", lambda fault: len(fault.left) + len(fault.right) == 3),
        ("crash", lambda fault: fault.node == "c"),
        ("slow", lambda fault: fault.node == "c" and fault.factor > 10),
        ("clock", lambda fault: fault.offset_s < 0 and fault.node == "b"),
        ("flapping", lambda fault: fault.period_s > 5),
        ("degradation", lambda fault: fault.one_way),
        ("degradation", lambda fault: fault.loss and fault.extra_latency is not None),
        ("degradation", lambda fault: fault.bandwidth_bytes_s and fault.latency_factor > 50),
        ("slow disk", lambda fault: fault.factor > 10),
    ],
)
def test_of_each_kind_all_sorts_can_be_drawn(kind: str, wanted: Callable[[Fault], bool]) -> None:
    drawn = schedules(NODES, disks=DISKS, kinds=[kind], within_s=2, faults_max=1)
    assert find(drawn, lambda schedule: any(wanted(fault) for fault in schedule), settings=LOOKING)


def test_touching_faults_do_not_overlap_and_others_of_one_node_do() -> None:
    crash, pause = CrashFault(node="a", at_s=1, for_s=2), PauseFault(node="a", at_s=3, for_s=2)
    assert Schedule((crash, pause)).overlaps() == []
    assert Schedule((crash, msgspec.structs.replace(pause, node="b", at_s=2.0))).overlaps() == []
    assert Schedule((crash, msgspec.structs.replace(pause, at_s=2.9))).overlaps() == [
        "pause of 'a' at 2.9 s: its crash from 1 s on holds until 3 s"
    ]
