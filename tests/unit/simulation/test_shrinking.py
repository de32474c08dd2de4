"""Schedules that fail become small: as Hypothesis drew them, or as they were saved."""

from __future__ import annotations

import pytest
from hypothesis import find, given, settings

from eventlab.errors import InvalidValue
from eventlab.simulation import CrashFault, PartitionFault, PauseFault, Schedule, SlowFault, shrink
from eventlab.simulation.strategies import schedules


def _cut_during_a_pause(schedule: Schedule) -> bool:
    """The planted bug: it shows when nothing passes between a and b while c is paused."""
    cuts = [f for f in schedule if isinstance(f, PartitionFault) and {*f.left, *f.right} >= {"a", "b"}]
    pauses = [f for f in schedule if isinstance(f, PauseFault) and f.node == "c"]
    return any(cut.at_s < pause.ends_s and pause.at_s < cut.ends_s for cut in cuts for pause in pauses)


def test_a_drawn_schedule_shrinks_to_the_two_faults_that_matter() -> None:
    quiet = settings(max_examples=2_000, database=None, derandomize=True)
    found = find(
        schedules(nodes="abc", kinds=["pause", "partition"], within_s=8, faults_max=3),
        _cut_during_a_pause,
        settings=quiet,
    )
    assert sorted((fault.name, fault.at_s, fault.for_s) for fault in found) == [("partition", 0, 1), ("pause", 0, 1)]


@given(schedules(nodes="ab", disks=["d"], within_s=20))
@settings(max_examples=50, deadline=None)
def test_what_is_drawn_can_be_played(schedule: Schedule) -> None:
    assert (schedule.against("ab", ["d"]).ends_s <= 20, len(schedule) <= 5) == (True, True)


CUT = PartitionFault(left=("a",), right=("b",), at_s=10, for_s=8)
PAUSE = PauseFault(node="c", at_s=9, for_s=8)
SAVED = Schedule(
    [
        CrashFault(node="a", at_s=1, for_s=2),
        SlowFault(node="b", factor=2, at_s=2, for_s=30),
        PAUSE,
        CUT,
        CrashFault(node="b", at_s=20, for_s=2),
    ]
)


def test_a_saved_schedule_keeps_only_the_faults_that_matter_and_those_short() -> None:
    small = shrink(SAVED, _cut_during_a_pause)
    assert [(fault.name, fault.for_s) for fault in small] == [("pause", 2), ("partition", 8 / 2**12)]


def test_shrinking_asks_no_more_often_than_it_may() -> None:
    asked: list[Schedule] = []
    shrink(SAVED, lambda schedule: asked.append(schedule) or True, attempts_max=3)  # type: ignore[func-returns-value]
    assert len(asked) == 3


def test_a_schedule_that_does_not_fail_cannot_be_shrunk() -> None:
    with pytest.raises(InvalidValue, match="one that fails"):
        shrink(SAVED, lambda schedule: False)
