"""A fault by hand and the same as data are one history; and it leaves the draws of everybody else where they were."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from eventlab import hooks, runtime
from eventlab.errors import EventDamaged, StoreFailed
from eventlab.history import Entry, to_lines
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
    Partition,
    PartitionFault,
    PauseFault,
    Schedule,
    SlowFault,
    work_for,
)

from .stage import NODES, ONE_OF_EACH, Stage, Ticked

ByHand = Callable[[Stage, Any], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def by_hand(stage: Stage, fault: Fault) -> AsyncIterator[None]:
    """The same without any schedule: with what a node, a network, a disk and a store offer."""
    network, nodes = stage.world.network, stage.world.nodes
    match fault:
        case PartitionFault():
            with network.partition(["a"], ["b"], one_way=True, in_flight="lost"):
                yield
        case FlappingFault():
            with network.flapping(Partition(["a"], ["b", "c"]), period_s=2, duty=0.25):
                yield
        case IsolationFault():
            with network.isolate("c", in_flight="lost", seen_as="broken"):
                yield
        case DegradationFault():
            with network.degraded(fault.degradation()):
                yield
        case CrashFault():
            nodes["a"].crash()
            yield
            await nodes["a"].restart()
        case PauseFault():
            with nodes["a"].paused():
                yield
        case SlowFault():
            with nodes["a"].slow(4):
                yield
        case ClockFault():
            nodes["a"].clock.jump(-30.0)
            nodes["a"].clock.drift_ppm = 50_000.0
            yield
            nodes["a"].clock.drift_ppm = 0.0
            nodes["a"].clock.offset_s = 0.0
        case DiskStallFault():
            with stage.disk.stalled():
                yield
        case DiskSlowFault():
            with stage.disk.slowed(30):
                yield
        case DiskFullFault():
            with stage.disk.full():
                yield
        case BitFlipFault():
            async with stage.store.flipped("x-1"):
                yield


async def ticking(stage: Stage, node: Node) -> None:
    """What each life of a node does: work, say what time it is, send, and a's also write and read."""
    number = 0
    while True:
        number += 1
        await work_for(0.2)
        await asyncio.sleep(0.1 * runtime.random_stream("pauses").random())
        hooks.emit(hooks.Observed(node.name, str(runtime.now())))
        if node.name == "a":
            try:
                await stage.store.append([("x-1", Ticked(number))])
                await stage.store.read("x-1")
            except (StoreFailed, EventDamaged) as error:
                hooks.emit(hooks.Observed(node.name, type(error).__name__))


def story(begin: Callable[[Stage], Any] | None) -> list[Entry]:
    """Eight seconds in which everybody works and everybody is sent to, once a tenth of a second."""
    stage = Stage()

    async def boot(node: Node) -> None:
        node.spawn(ticking(stage, node))

    stage.boot = boot  # type: ignore[method-assign]

    async def main() -> None:
        await stage.begin()
        befalling = None if begin is None else stage.world.spawn(begin(stage), name="faults")
        stage.world.spawn(dice(), name="dice")
        for _ in range(80):
            for source in NODES:
                for target in NODES:
                    stage.world.network.carry(source, target, "ball", lambda: None, broke=tell_broken)
            await asyncio.sleep(0.1)
        if befalling is not None:
            await befalling

    async def dice() -> None:
        while True:
            runtime.random_stream("dice").random()
            await asyncio.sleep(0.3)

    with stage.world as world, world.recording() as run:
        world.run(main)
    return list(run.entries)


def tell_broken(reason: str) -> None:
    hooks.emit(hooks.Observed("broken", reason))


def lines(entries: list[Entry]) -> list[bytes]:
    """As a file would hold them, without who began and ended what."""
    kept = [entry for entry in entries if not isinstance(entry.what, hooks.FaultBegan | hooks.FaultEnded)]
    return to_lines(kept).splitlines()


USUAL = story(None)


@pytest.mark.parametrize("fault", ONE_OF_EACH, ids=lambda fault: fault.name)
def test_a_fault_by_hand_and_the_same_as_data_are_one_history(fault: Fault) -> None:
    async def with_blocks(stage: Stage) -> None:
        await asyncio.sleep(fault.at_s)
        async with by_hand(stage, fault):
            await asyncio.sleep(fault.for_s)

    told = lines(story(lambda stage: stage.play(Schedule((fault,)))))
    assert told == lines(story(with_blocks))
    assert told != lines(USUAL)


def draws(entries: list[Entry]) -> dict[str, list[Any]]:
    """What each stream gave, in order, up to the second before the last."""
    told: dict[str, list[Any]] = {}
    for entry in entries:
        if isinstance(entry.what, hooks.Drawn) and entry.at < 7:
            told.setdefault(entry.what.stream, []).append(entry.what.value)
    return told


def concerns(fault: Fault, stream: str) -> bool:
    """Whether the component that draws from *stream* is what the fault befalls."""
    if isinstance(fault, BitFlipFault):
        return stream.endswith("/storage/s/bits")
    if fault.disks():
        return stream.startswith("a/")  # whose store is on that disk
    if not stream.startswith("network/link/"):
        return stream.partition("/")[0] in fault.nodes() and not isinstance(fault, IsolationFault)
    source, target = stream.split("/")[2:4]
    if isinstance(fault, DegradationFault):
        return fault.degradation().concerns(source, target)
    return isinstance(fault, PartitionFault | FlappingFault | IsolationFault) and fault.cut().cuts(source, target)


@pytest.mark.parametrize("fault", ONE_OF_EACH, ids=lambda fault: fault.name)
def test_a_fault_leaves_the_draws_of_everybody_else_where_they_were(fault: Fault) -> None:
    """And whom it concerns draws more or less often, but the same numbers (ids apart, which follow a clock)."""
    usual, faulty = draws(USUAL), draws(story(lambda stage: stage.play(Schedule((fault,)))))
    differing = [stream for stream in {**usual, **faulty} if usual.get(stream) != faulty.get(stream)]
    assert differing and [stream for stream in differing if not concerns(fault, stream)] == []
    for stream, values in usual.items():
        if not stream.endswith("/runtime/ids"):
            both = min(len(values), len(faulty[stream]))
            assert (stream, faulty[stream][:both]) == (stream, values[:both])
