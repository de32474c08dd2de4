"""Three nodes that work and send, a store on a disk, and one fault of each kind that can befall them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from eventlab.codec import event
from eventlab.services.fate import PASS, Envelope
from eventlab.simulation import (
    BitFlipFault,
    ClockFault,
    Constant,
    CrashFault,
    DegradationFault,
    Disk,
    DiskFullFault,
    DiskSlowFault,
    DiskStallFault,
    Fault,
    FlappingFault,
    IsolationFault,
    Node,
    PartitionFault,
    PauseFault,
    Schedule,
    SimulatedStore,
    SlowFault,
    Uniform,
    World,
    play_in,
)
from eventlab.store import MemoryStore

NODES, DISKS, STORES = ("a", "b", "c"), ("d",), ("s",)


@event("tests.playing.Ticked")
@dataclass(frozen=True, slots=True)
class Ticked:
    number: int


class Stage:
    """Three nodes that work and send, a store of node a on a disk, and what is to be seen of their state."""

    def __init__(self, seed: int = 3, *, boot_s: float = 0.0) -> None:
        self.world, self.disk = World(seed, record_draws=True), Disk("d", flushes_at_once=1)
        self.store = SimulatedStore(MemoryStore("s"), on=self.disk, append=Uniform(0.01, 0.02), read=Constant(0.01))
        self.world.network.set_latency(Uniform(0.06, 0.1))
        self.boot_s = boot_s

    async def boot(self, node: Node) -> None:
        await asyncio.sleep(self.boot_s)

    async def begin(self) -> None:
        for name in NODES:
            await self.world.node(name, self.boot).begin()
        await self.store.disk.append([("x-1", Ticked(0)), *(("y-1", Ticked(number)) for number in range(9))])

    async def play(self, schedule: Schedule) -> None:
        await play_in(self.world, schedule, {"d": self.disk}, {"s": self.store})

    def cut(self) -> set[str]:
        pairs = [(source, target) for source in NODES for target in NODES]
        rules = self.world.network.links.rules
        return {s + t for s, t in pairs if any(rule(Envelope(s, t, "probe")) is not PASS for rule in rules)}

    def state(self) -> dict[str, Any]:
        nodes = self.world.nodes.values()
        return {
            "down": {node.name for node in nodes if not node.is_up},
            "paused": {node.name for node in nodes if node.is_paused},
            "slow": {node.name: node.slowness for node in nodes},
            "clocks": {node.name: round(node.clock.offset_s, 6) for node in nodes},
            "cut": self.cut(),
            "degraded": [str(one) for one in self.world.network.links.degradations],
            "disk": (self.disk.slowness, self.disk.is_full),
            "damaged": len(self.store.damaged),
        }


ONE_OF_EACH: tuple[Fault, ...] = (
    PartitionFault(left=("a",), right=("b",), one_way=True, in_flight="lost", at_s=2.05, for_s=3),
    FlappingFault(left=("a",), right=("b", "c"), period_s=2, duty=0.25, at_s=2.05, for_s=4),
    IsolationFault(node="c", at_s=2.05, for_s=3, in_flight="lost", seen_as="broken"),
    DegradationFault(left=("a",), right=("b",), latency_factor=3, loss=0.5, duplication=0.5, at_s=2.05, for_s=3),
    CrashFault(node="a", at_s=2.05, for_s=3),
    PauseFault(node="a", at_s=2.05, for_s=3),
    SlowFault(node="a", factor=4, at_s=2.05, for_s=3),
    ClockFault(node="a", offset_s=-30, drift_ppm=50_000, at_s=2.05, for_s=3),
    DiskStallFault(disk="d", at_s=2.05, for_s=3),
    DiskSlowFault(disk="d", factor=30, at_s=2.05, for_s=3),
    DiskFullFault(disk="d", at_s=2.05, for_s=3),
    BitFlipFault(store="s", stream="x-1", at_s=2.05, for_s=3),
)
