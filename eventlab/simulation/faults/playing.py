"""Letting faults take hold and lifting them, on a world or on a transport's links."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext
from typing import TYPE_CHECKING

from ... import hooks, runtime
from ...errors import InvalidValue
from ..clock import NodeClock
from ..disk import Disk
from ..links import Links
from ..storage import SimulatedStore
from .failing import crashed, fail_and_mend, until
from .kinds import (
    BitFlipFault,
    ClockFault,
    CrashFault,
    DegradationFault,
    DiskFullFault,
    DiskSlowFault,
    DiskStallFault,
    FailingFault,
    Fault,
    PauseFault,
    SlowFault,
)
from .network import CuttingFault
from .schedule import Schedule
from .targets import Breakable, Targets

if TYPE_CHECKING:
    from ..world import World


async def play(faults: Iterable[Fault], links: Links, targets: Breakable | None = None) -> None:
    """Let every fault take hold and be lifted at its time; return when the last one is lifted.

    Times are those of the run's own clock, which may be on its way already: what is over by now is
    left out, and what should hold by now takes hold at once. At one moment what ends is lifted before anything takes
    hold, in the order that is given. Cancelled, it lifts what holds.
    """
    now_s = runtime.monotonic()
    playing = [(fault, asyncio.Event()) for fault in faults if fault.ends_s > now_s]
    ending: dict[float, list[asyncio.Event]] = {}
    for fault, lifted in playing:
        ending.setdefault(fault.ends_s, []).append(lifted)
    async with asyncio.TaskGroup() as group:
        for fault, lifted in playing:
            group.create_task(_play_one(fault, links, targets, ending.get(fault.at_s, ()), lifted))


async def play_in(
    world: World,
    faults: Iterable[Fault],
    disks: Mapping[str, Disk] | None = None,
    stores: Mapping[str, SimulatedStore] | None = None,
) -> None:
    """`play` on the nodes of *world*, and on *disks* and *stores* by name, all looked for before anything breaks.

    Raises InvalidValue with everything that cannot be played, as `Schedule.against` does.
    """
    targets = Targets(world, disks, stores)
    schedule = Schedule(tuple(faults)).against(tuple(world.nodes), tuple(disks or ()), tuple(stores or ()))
    await play(schedule, world.network.links, targets)


async def _play_one(
    fault: Fault,
    links: Links,
    targets: Breakable | None,
    before: Collection[asyncio.Event],
    lifted: asyncio.Event,
) -> None:
    await until(fault.at_s)
    for other in before:
        await other.wait()
    if hooks.listening:
        hooks.emit(hooks.FaultBegan(fault.name, str(fault)))
    is_over = True
    try:
        async with _holding(fault, links, targets):
            if isinstance(fault, FailingFault):
                await fail_and_mend(fault, _nodes_and_disks(fault, targets))
            else:
                await until(fault.ends_s)
            asyncio.get_running_loop().call_soon(lifted.set)  # when this step, which lifts it, is over
    except GeneratorExit:
        is_over = False  # the world was thrown away, and another one may be listened to by now
        raise
    finally:
        if is_over and hooks.listening:
            hooks.emit(hooks.FaultEnded(fault.name, str(fault)))


@asynccontextmanager
async def _holding(fault: Fault, links: Links, targets: Breakable | None) -> AsyncIterator[None]:
    if isinstance(fault, CuttingFault):
        with links.rule(fault.cut()):
            yield
        return
    if isinstance(fault, DegradationFault):
        with links.degraded(fault.degradation()):
            yield
        return
    targets = _nodes_and_disks(fault, targets)
    if isinstance(fault, FailingFault):  # it breaks and mends by itself
        yield
    elif isinstance(fault, BitFlipFault):
        async with targets.store(fault.store).flipped(fault.stream):
            yield
    elif isinstance(fault, CrashFault):
        async with crashed(fault.node, targets):
            yield
    else:
        with _befalling(fault, targets):
            yield


def _nodes_and_disks(fault: Fault, targets: Breakable | None) -> Breakable:
    if targets is None:
        raise InvalidValue("faults", f"{fault.name} of {fault}", "a clock on which nodes and disks can fail")
    return targets


@contextmanager
def _befalling(
    fault: PauseFault | SlowFault | ClockFault | DiskStallFault | DiskSlowFault | DiskFullFault, targets: Breakable
) -> Iterator[None]:
    block: AbstractContextManager[object]
    if isinstance(fault, PauseFault):
        node = targets.node(fault.node)
        block = node.paused() if node.is_up else nullcontext()  # one that is down has nothing to stop
    elif isinstance(fault, SlowFault):
        block = targets.node(fault.node).slow(fault.factor)
    elif isinstance(fault, ClockFault):
        block = _wrong(targets.node(fault.node).clock, fault)
    elif isinstance(fault, DiskStallFault):
        block = targets.disk(fault.disk).stalled()
    elif isinstance(fault, DiskSlowFault):
        block = targets.disk(fault.disk).slowed(fault.factor)
    else:
        block = targets.disk(fault.disk).full()
    with block:
        yield


@contextmanager
def _wrong(clock: NodeClock, fault: ClockFault) -> Iterator[None]:
    """The clock goes wrong, and is set as it would have gone."""
    offset_s, drift_ppm, began_s = clock.offset_s, clock.drift_ppm, runtime.monotonic()
    clock.jump(fault.offset_s)
    clock.drift_ppm = drift_ppm + fault.drift_ppm
    try:
        yield
    finally:
        clock.drift_ppm = drift_ppm
        clock.offset_s = offset_s + (runtime.monotonic() - began_s) * drift_ppm * 1e-6
