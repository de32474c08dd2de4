"""Faults as data, played at the times of the run's own clock."""

from __future__ import annotations

import asyncio

import pytest

from eventlab import hooks
from eventlab.errors import InvalidValue
from eventlab.simulation import Constant, CrashFault, Fault, Node, PartitionFault, Recorder, Targets, World, play


def _played(faults: list[Fault], *, begin_s: float = 0.0) -> list[tuple[float, str]]:
    """Play *faults* from *begin_s* on, and give back every fault and node event with its time."""
    world, recorder = World(), Recorder()
    world.network.set_latency(Constant(0))

    async def boot(node: Node) -> None:
        await asyncio.sleep(0)

    async def main() -> None:
        for name in "ab":
            world.node(name, boot)
        await asyncio.sleep(begin_s)
        await play(faults, world.network.links, Targets(world))

    with recorder.recording():
        world.run(main)
    return [(entry.at, type(entry.what).__name__) for entry in recorder.entries]


CUT = PartitionFault(left=("a",), right=("b",), at_s=5, for_s=10)


def test_a_fault_holds_from_its_time_to_its_end() -> None:
    assert _played([CUT]) == [(5, "FaultBegan"), (15, "FaultEnded")]


def test_what_should_hold_by_now_takes_hold_at_once_and_ends_when_it_should() -> None:
    assert _played([CUT], begin_s=8) == [(8, "FaultBegan"), (15, "FaultEnded")]


def test_what_is_over_by_now_is_left_out() -> None:
    assert _played([CUT], begin_s=15) == []


def test_a_crashed_node_is_started_again_when_the_time_is_over() -> None:
    assert _played([CrashFault(node="a", at_s=1, for_s=2)]) == [
        (1, "FaultBegan"),
        (1, "NodeChanged"),
        (3, "NodeChanged"),
        (3, "FaultEnded"),
    ]


def test_messages_are_dropped_only_while_the_cut_holds() -> None:
    world, recorder = World(), Recorder()
    world.network.set_latency(Constant(0))
    for name in "ab":
        world.node(name)

    async def main() -> None:
        await asyncio.sleep(0.5)  # so that no message leaves at the very moment of the cut
        world.spawn(play([CUT], world.network.links), name="faults")
        for _ in range(20):
            world.network.send("a", "b", "tick")
            await asyncio.sleep(1)

    with recorder.recording():
        world.run(main)
    lost = [entry.at for entry in recorder.entries if isinstance(entry.what, hooks.MessageLost)]
    assert lost == [second + 0.5 for second in range(5, 15)]


@pytest.mark.parametrize(("at_s", "for_s", "named"), [(-1, 1, "at_s"), (0, 0, "for_s"), (float("nan"), 1, "at_s")])
def test_times_that_make_no_sense_are_refused_by_name(at_s: float, for_s: float, named: str) -> None:
    with pytest.raises(InvalidValue, match=named):
        CrashFault(node="a", at_s=at_s, for_s=for_s)


def test_a_crash_needs_nodes_to_crash() -> None:
    world = World()
    with pytest.raises(ExceptionGroup) as caught:
        world.run(play([CrashFault(node="a", at_s=0, for_s=1)], world.network.links))
    assert "on which nodes and disks can fail" in str(caught.value.exceptions[0])
