"""A schedule of faults, played on a world: each takes hold at its time, and none outlives the playing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from .. import hooks, runtime
from .disk import Disk
from .faults import CrashFault, PartitionFault
from .kinds_of_faults import AnyFault, ClockFault, DiskFullFault, DiskSlowFault, DiskStallFault, PauseFault, SlowFault
from .partitions import Isolation, Partition
from .schedule import Schedule

if TYPE_CHECKING:
    from .node import Node
    from .world import World


async def play_in(world: World, faults: Iterable[AnyFault], disks: Mapping[str, Disk] | None = None) -> None:
    """Let every fault take hold and be lifted at its time; return when the last one is lifted.

    What is over by now is left out, and what should hold by now takes hold at once. Whoever cancels it lifts what
    holds. A node that is restarted may still be booting when it returns. Raises InvalidValue before anything
    breaks, if a fault names a node or a disk that there is not, or two exclude each other.
    """
    schedule = Schedule(faults).against(world.nodes, disks or {})
    async with asyncio.TaskGroup() as group:
        for fault in schedule:
            if fault.ends_s > runtime.monotonic():
                group.create_task(_play_one(fault, world, disks or {}))


async def _play_one(fault: AnyFault, world: World, disks: Mapping[str, Disk]) -> None:
    await _until(fault.at_s)
    with _told(fault), _in_force(fault, world, disks):
        await _until(fault.ends_s)


def _in_force(fault: AnyFault, world: World, disks: Mapping[str, Disk]) -> AbstractContextManager[object]:
    match fault:
        case PartitionFault():
            return world.network.links.rule(Partition(fault.left, fault.right, one_way=fault.one_way))
        case CrashFault():
            return _down(world.nodes[fault.node])
        case PauseFault():
            return world.nodes[fault.node].paused()
        case SlowFault():
            return world.nodes[fault.node].slow(fault.factor)
        case ClockFault():
            return _wrong_clock(world.nodes[fault.node], fault)
        case DiskStallFault():
            return disks[fault.disk].stalled()
        case DiskSlowFault():
            return disks[fault.disk].slowed(fault.factor)
        case DiskFullFault():
            return disks[fault.disk].full()
    return world.network.links.rule(Isolation(fault.node))


@contextmanager
def _down(node: Node) -> Iterator[None]:
    node.crash()
    try:
        yield
    finally:
        if node.incarnation.dead:  # nobody else has restarted it
            node.restart()


@contextmanager
def _wrong_clock(node: Node, fault: ClockFault) -> Iterator[None]:
    clock = node.clock
    offset_s, drift_ppm = clock.offset_s, clock.drift_ppm
    clock.jump(fault.offset_s)
    clock.drift_ppm = drift_ppm + fault.drift_ppm
    try:
        yield
    finally:
        clock.drift_ppm = drift_ppm
        clock.offset_s = offset_s


@contextmanager
def _told(fault: AnyFault) -> Iterator[None]:
    if hooks.listening:
        hooks.emit(hooks.FaultBegan(fault.name, str(fault)))
    try:
        yield
    finally:
        if hooks.listening:
            hooks.emit(hooks.FaultEnded(fault.name, str(fault)))


async def _until(at_s: float) -> None:
    await asyncio.sleep(max(0.0, at_s - runtime.monotonic()))
