"""A scenario in virtual time: a world with a node for each service, and stores whose reads and appends take time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import msgspec

from ..checks.result import undecided
from ..errors import BudgetSpent
from ..simulation import Disk, Node, Recorder, SimulatedStore, SimulatedTransport, Targets, World, WriteBack, play
from ..simulation.entropy import Entropy
from ..store import EventStore, MemoryStore
from . import course
from .assembly import AppFactory, Assembly
from .contradicting import contradictions
from .front import Progress
from .kinds import FRONT
from .linking import wire
from .loading import Loaded
from .model import ModelledService, Scenario
from .runs import Run
from .summarising import summarise
from .summary import Summary

STEPS_MAX = 20_000_000
"""How many callbacks and steps of tasks a run may take: a hundred times what a checkout of 500 orders does."""


def run_virtual(
    loaded: Loaded,
    *,
    apps: Mapping[str, AppFactory] | None = None,
    progress: Progress | None = None,
    steps_max: int = STEPS_MAX,
    record_draws: bool = False,
) -> Run:
    """Run the scenario to its end and judge it. The same seed gives the same run, to the byte.

    A run that has not ended after *steps_max* steps is inconclusive, and says what was waiting. With *record_draws*
    its history holds each draw of each random stream, and each single read of a store, as well.
    """
    with VirtualRun(loaded, apps=apps, progress=progress, steps_max=steps_max, record_draws=record_draws) as run:
        run.drive()
        return run.judge()


class VirtualRun:
    """A run in its parts: built on entering, recorded until leaving; `drive`, then `judge`."""

    def __init__(
        self,
        loaded: Loaded,
        *,
        apps: Mapping[str, AppFactory] | None = None,
        progress: Progress | None = None,
        steps_max: int = STEPS_MAX,
        entropy: Entropy = "allow",
        record_draws: bool = False,
    ) -> None:
        scenario = loaded.scenario
        self.loaded, self.progress = loaded, progress
        self._steps_max = steps_max
        self._spent: BudgetSpent | None = None
        self.recorder = Recorder(closely=record_draws)
        self.world = World(scenario.seed, entropy=entropy, record_draws=record_draws)
        self.assembly = Assembly(
            scenario, SimulatedTransport(self.world), partial(_open_disk, scenario, self.world), apps
        )
        self._recording = self.recorder.recording()

    def __enter__(self) -> VirtualRun:
        self._recording.__enter__()
        try:
            self.world.run(self._build())
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self._recording.__exit__(None, None, None)
        self.world.close()

    def drive(self) -> None:
        """Load and faults, until every checkout has come to rest or the steps are used up."""
        try:
            self.world.run(self._drive(), steps_max=self._steps_max)
        except BudgetSpent as error:
            self._spent = error

    def judge(self) -> Run:
        """Final reads, invariants and expectations."""
        ended_s = self.world.now_s
        spent = self._spent
        invariants = (
            self.world.run(course.final_reads(self.assembly))
            if spent is None
            else [undecided("the run comes to its end", f"it had not after {spent.budget}", spent.waiting)]
        )
        scenario, entries = self.loaded.scenario, self.recorder.entries
        summary = summarise(
            entries,
            scenario,
            name=self.loaded.name,
            seed=scenario.seed,
            clock="virtual",
            orders=len(self.loaded.orders),
            changed=self.loaded.changed,
            invariants=[*invariants, *contradictions(entries)],
            duration_s=ended_s,
        )
        return Run(scenario, entries, summary if spent is None else _inconclusive(summary))

    async def _build(self) -> None:
        scenario = self.loaded.scenario
        self.world.node(FRONT)
        nodes = [self.world.node(name, partial(_boot, self.assembly)) for name in scenario.services]
        wire(self.world.network.links, scenario.network)
        for node in nodes:
            await node.begin()
        inventory = self.assembly.of_shop("inventory")
        if inventory is not None:
            await self.world.node(inventory.name).start(course.fill_shelves(self.loaded, inventory))

    async def _drive(self) -> None:
        world = self.world
        schedule = course.faults_of(self.loaded.scenario)
        disks = {name for fault in schedule for name in fault.disks()}
        stores = {name for fault in schedule for name in fault.stores()}
        targets = Targets(
            world,
            {name: self._store(name).device for name in sorted(disks)},
            {name: self._store(name) for name in sorted(stores)},
        )
        faults = world.spawn(play(schedule, world.network.links, targets), name="faults")
        await world.node(FRONT).start(course.drive_load(self.loaded, self.assembly, progress=self.progress))
        await faults
        await course.settle(self.assembly)
        if (orders := course.operated(self.assembly)) is not None:
            await world.node(orders.name).start(course.operate(self.assembly, orders))
            await course.settle(self.assembly)

    def _store(self, name: str) -> SimulatedStore:
        store = self.assembly.stores[name]
        assert isinstance(store, SimulatedStore)
        return store


def _inconclusive(summary: Summary) -> Summary:
    """Of a run without an end nobody knows what it would have come to: neither met nor failed."""
    lines = [msgspec.structs.replace(line, met=None) for line in summary.expectations]
    return msgspec.structs.replace(summary, expectations=lines, verdict="inconclusive")


async def _boot(assembly: Assembly, node: Node) -> None:
    await assembly.boot(node.name)


def _open_disk(scenario: Scenario, world: World, name: str, owns: Sequence[str]) -> EventStore:
    service = scenario.services[name]
    assert not isinstance(service, ModelledService)  # it keeps nothing
    rule = service.store
    disk = None
    if rule.reads_at_once is not None or rule.flushes_at_once is not None:
        disk = Disk(name, reads_at_once=rule.reads_at_once, flushes_at_once=rule.flushes_at_once)
    kept = MemoryStore(name, owns)
    if rule.flush_every_s is None:
        return SimulatedStore(kept, read=rule.read, append=rule.append, on=disk)
    cached = WriteBack(kept, world.node(name), flush_every_s=rule.flush_every_s, on=disk)
    return SimulatedStore(cached, read=rule.read, append=rule.append, on=disk)
