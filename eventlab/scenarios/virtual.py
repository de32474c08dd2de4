"""A scenario in virtual time: a world with a node for each service, and stores whose reads and appends take time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial

from ..checks import CheckResult
from ..simulation import Node, Recorder, SimulatedStore, SimulatedTransport, World, play
from ..store import EventStore, MemoryStore
from . import course
from .assembly import FRONT, AppFactory, Assembly
from .front import Progress
from .loading import Loaded
from .model import Scenario, ShopService
from .runs import Run
from .summarising import summarise


def run_virtual(
    loaded: Loaded, *, apps: Mapping[str, AppFactory] | None = None, progress: Progress | None = None
) -> Run:
    """Run the scenario to its end and judge it. The same seed gives the same run, to the byte."""
    scenario = loaded.scenario
    recorder = Recorder()
    with World(scenario.seed) as world, recorder.recording():
        course.wire(world.network.links, scenario.network)
        assembly = Assembly(scenario, SimulatedTransport(world), partial(_open_disk, scenario), apps)
        invariants, ended_s = world.run(_main(world, loaded, assembly, progress))
    entries = recorder.entries
    summary = summarise(
        entries,
        scenario,
        name=loaded.name,
        seed=scenario.seed,
        clock="virtual",
        orders=len(loaded.orders),
        invariants=invariants,
        duration_s=ended_s,
    )
    return Run(scenario, entries, summary)


async def _main(
    world: World, loaded: Loaded, assembly: Assembly, progress: Progress | None
) -> tuple[list[CheckResult], float]:
    front = world.node(FRONT)
    for name in loaded.scenario.services:
        await world.node(name, partial(_boot, assembly)).begin()
    await front.start(course.fill_shelves(loaded, assembly))
    faults = world.spawn(
        play(course.faults_of(loaded.scenario), world.network.links, _Nodes(world), elapsed_s=world.now_s),
        name="faults",
    )
    await front.start(course.drive_load(loaded, assembly, progress=progress))
    await faults
    with suppress(TimeoutError):
        await course.settle(assembly)
    ended_s = world.now_s
    return await course.final_reads(assembly), ended_s


async def _boot(assembly: Assembly, node: Node) -> None:
    await assembly.boot(node.name)


def _open_disk(scenario: Scenario, name: str, owns: Sequence[str]) -> EventStore:
    rule = scenario.services[name]
    disk = MemoryStore(name, owns)
    if not isinstance(rule, ShopService):
        return SimulatedStore(disk)
    return SimulatedStore(disk, read=rule.store.read, append=rule.store.append)


class _Nodes:
    """Crashes and restarts nodes by their names."""

    def __init__(self, world: World) -> None:
        self._world = world

    def crash(self, node: str) -> None:
        self._world.node(node).crash()

    async def restart(self, node: str) -> None:
        await self._world.node(node).restart()
