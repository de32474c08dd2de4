"""Nodes that fail and are repaired by chance: as often as their means say, each by itself, and up in the end."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from statistics import fmean

import pytest

from eventlab import hooks
from eventlab.history import of_kind
from eventlab.simulation import CrashFault, FailingFault, Fault, PauseFault, Schedule, World, play_in


def failing(node: str, *, at_s: float = 0.0, for_s: float = 1000.0) -> FailingFault:
    return FailingFault(node=node, mean_up_s=90, mean_down_s=30, at_s=at_s, for_s=for_s)


def moments(faults: Sequence[Fault], node: str = "a", *, seed: int = 1, begins_s: float = 0.0) -> list[float]:
    """When *node* crashed, was restarted, crashed…"""

    async def main() -> None:
        await asyncio.sleep(begins_s)
        await play_in(world, faults)

    with World(seed) as world, world.recording() as run:
        for name in ("a", "b"):
            world.node(name)
        world.run(main)
        changes = [(entry.at, what) for entry, what in of_kind(run.entries, hooks.NodeChanged)]
    return [at for at, what in changes if what.name == node and what.state in ("crashed", "up")]


def test_a_node_is_up_and_down_for_as_long_as_its_means_say() -> None:
    found = moments([failing("a", for_s=400_000)])
    crashes, restarts = found[::2], found[1::2]
    downs = [up_s - down_s for down_s, up_s in zip(crashes, restarts, strict=True)]
    ups = [down_s - up_s for up_s, down_s in zip([0.0, *restarts], crashes, strict=False)]
    # 3,333 of each: the mean of an exponential lies within 7 % of what it should be, 999 times in 1,000.
    assert (fmean(ups), fmean(downs)) == (pytest.approx(90, rel=0.07), pytest.approx(30, rel=0.07))
    assert 1 - sum(downs) / 400_000 == pytest.approx(90 / 120, abs=0.02)
    assert sum(up_s > 90 for up_s in ups) / len(ups) == pytest.approx(0.3679, abs=0.03)  # e^-1, as memory has none


def test_it_is_up_when_the_fault_begins_and_when_it_is_lifted_and_untouched_outside() -> None:
    whole = [moments([failing("a", at_s=500, for_s=700)], seed=seed) for seed in range(30)]
    assert all(len(found) % 2 == 0 and found == sorted(found) for found in whole)
    assert all(500 < moment <= 1200 for found in whole for moment in found)
    assert sum(found[-1] == 1200 for found in whole if found) > 0  # down at the end, and so restarted then


def test_it_is_told_as_one_fault_from_its_beginning_to_its_end() -> None:
    with World(1) as world, world.recording() as run:
        world.node("a")
        world.run(play_in(world, [failing("a", at_s=5)]))
        told = [(entry.at, entry.what) for entry in run.entries if not isinstance(entry.what, hooks.NodeChanged)]
    whom = "a, up 90 s and down 30 s on average"
    assert told == [(5, hooks.FaultBegan("failing node", whom)), (1005, hooks.FaultEnded("failing node", whom))]


def test_each_node_draws_from_a_stream_of_its_own() -> None:
    alone = moments([failing("a")])
    assert alone == moments([failing("b", at_s=10), failing("a")])
    assert alone != moments([failing("b")], "b")


def test_of_a_shorter_failing_the_beginning_is_the_same() -> None:
    whole, half = moments([failing("a")]), moments([failing("a", for_s=500)])
    assert [moment for moment in half if moment < 500] == [moment for moment in whole if moment < 500]


def test_it_takes_hold_at_once_where_it_should_hold_by_now_and_ends_in_time() -> None:
    first, *_, last = moments([failing("a", for_s=2000)], begins_s=300)
    assert first - 300 == pytest.approx(moments([failing("a", for_s=2000)])[0])
    assert last <= 2000


def test_who_leaves_in_the_middle_leaves_the_node_up() -> None:
    crashes_s = moments([failing("a")])[0]

    async def main() -> list[bool]:
        playing = asyncio.ensure_future(play_in(world, [failing("a")]))
        await asyncio.sleep(crashes_s + 0.001)
        was_up = world.node("a").is_up
        playing.cancel()
        await asyncio.wait([playing])
        return [was_up, world.node("a").is_up]

    with World(1) as world:
        world.node("a")
        assert world.run(main) == [False, True]


@pytest.mark.parametrize(
    "later",
    [
        CrashFault(node="a", at_s=20, for_s=5),
        PauseFault(node="a", at_s=20, for_s=5),
        FailingFault(node="a", mean_up_s=1, mean_down_s=1, at_s=20, for_s=5),
    ],
    ids=lambda fault: fault.name,
)
def test_what_needs_a_node_that_is_up_may_not_begin_meanwhile(later: Fault) -> None:
    assert Schedule((failing("a"), later)).problems(["a"]) == [
        f"{later.name} of 'a' at 20 s: its failing node from 0 s on holds until 1000 s"
    ]
    assert Schedule((failing("a", for_s=20), later)).problems(["a"]) == []


def test_a_crash_that_has_not_ended_keeps_it_from_beginning() -> None:
    crash = CrashFault(node="a", at_s=0, for_s=30)
    assert Schedule((crash, failing("a", at_s=20))).problems(["a"]) == [
        "failing node of 'a' at 20 s: its crash from 0 s on holds until 30 s"
    ]


def test_a_pause_that_holds_is_lost_with_the_life_that_it_stopped() -> None:
    found = moments([PauseFault(node="a", at_s=0, for_s=900), failing("a", at_s=1)])
    assert len(found) > 2


def test_it_reads_in_a_schedule_and_comes_back_from_its_text() -> None:
    schedule = Schedule((failing("a", at_s=1.5),))
    assert str(schedule) == "1.5 s to 1001.5 s  failing node  a, up 90 s and down 30 s on average"
    assert Schedule.from_json(schedule.to_json()) == schedule
