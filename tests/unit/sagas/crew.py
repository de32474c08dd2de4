"""A crew: nodes that each run a worker on one store of sagas, and a desk that carries their steps out."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from eventlab.resilience.backoff import Constant
from eventlab.runtime import current_node
from eventlab.sagas import Saga, SagaEngine, SagaWorker, StepContext, retriable, step
from eventlab.simulation import Node, World
from eventlab.store import EventStore, Leases, MemoryStore, StoredEvent

TTL_S = 6.0
STEPS = "abc"
ENDED = ("SagaCompleted", "CompensationCompleted")


@dataclass
class Desk:
    """Does each thing once per key, then takes a while to answer; knows who asked for what."""

    takes_s: float = 1.0
    calls: list[tuple[str, str]] = field(default_factory=list)
    """The node that asked, and the key."""
    done: dict[str, None] = field(default_factory=dict)
    left: list[tuple[str, str]] = field(default_factory=list)
    """Who was cancelled while he waited for what."""
    broken: dict[str, None] = field(default_factory=dict)
    """Sagas for which nothing answers."""

    stuck_after_s: float | None = None
    """If it is given, nothing can be undone, and a saga gets stuck when a step was tried for so long."""

    def trip(self) -> Saga:
        patient: dict[str, Any] = {"attempts_max": 10_000, "backoff": Constant(0.5)}
        if self.stuck_after_s is not None:
            patient["stuck_after_s"] = self.stuck_after_s
            return Saga("trip", [retriable(name, self.do, **patient) for name in STEPS])
        return Saga("trip", [step(name, self.do, self.undo, **patient) for name in STEPS])

    async def do(self, ctx: StepContext) -> None:
        if ctx.saga_id in self.broken:
            raise TimeoutError("nobody answers")
        self.calls.append((current_node(), ctx.key))
        self.done[ctx.key] = None
        try:
            await asyncio.sleep(self.takes_s)
        except asyncio.CancelledError:
            self.left.append((current_node(), ctx.key))
            raise

    async def undo(self, ctx: StepContext, result: Any) -> None:
        await self.do(ctx)


@dataclass
class Crew:
    """Nodes of *world*, each with an engine and a worker of its own, as often as it is started."""

    world: World
    desk: Desk = field(default_factory=Desk)
    store: EventStore = field(default_factory=lambda: MemoryStore("sagas"))
    settings: dict[str, Any] = field(default_factory=dict)
    engines: dict[str, SagaEngine] = field(default_factory=dict)

    @property
    def engine(self) -> SagaEngine:
        """One that drives nothing by itself."""
        return SagaEngine(self.store, [self.desk.trip()])

    async def join(self, name: str) -> Node:
        async def boot(node: Node) -> None:
            engine = self.engines[name] = self.engine
            settings = {"ttl_s": TTL_S, **self.settings}
            node.spawn(SagaWorker(engine, worker=name, **settings).run())

        node = self.world.node(name, boot)
        await node.begin()
        return node

    async def start(self, count: int, begin: int = 0) -> None:
        for number in range(begin, begin + count):
            await self.engine.start("trip", f"{number}", None)

    async def shares(self) -> list[int]:
        """How many shares each worker holds."""
        held = Counter(lease.owner for lease in await Leases(self.store).all("sagas/share/") if lease.remaining_s)
        return sorted(held.values())

    async def log(self) -> list[StoredEvent]:
        return await self.store.read_all(limit=100_000)

    async def ended(self) -> int:
        return len([stored for stored in await self.log() if stored.type in ENDED])

    async def calls_without_intent(self) -> list[str]:
        """Keys that were asked for more often than the log says that somebody was about to."""
        intents = Counter(
            f"{stored.stream.removeprefix('saga-')}/{stored.event.step}/forward"
            for stored in await self.log()
            if stored.type == "StepRequested"
        )
        asked = Counter(key for _, key in self.desk.calls)
        return [key for key, times in asked.items() if times > intents[key]]


def keys(*sagas: int) -> list[str]:
    return [f"{saga}/{name}/forward" for saga in sagas for name in STEPS]


def by(node: str, calls: Sequence[tuple[str, str]]) -> list[str]:
    return [key for who, key in calls if who == node]
