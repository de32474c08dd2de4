"""What groups are given; and a group under crashes and pauses, by seed: the same story for the naive one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from eventlab.errors import InvalidValue
from eventlab.runtime import current_node, random_stream
from eventlab.simulation import Node, World
from eventlab.store import ConsumerGroup, EventStore, MemoryStore, Record, StoredEvent
from eventlab.testing.stores.vocabulary import Counted

STREAMS, TTL_S = 40, 5.0


def make(store: EventStore) -> ConsumerGroup:
    """The sound group."""
    return ConsumerGroup(store, "mailer", ttl_s=TTL_S, page=50)


def checkpoint_in(record: Record) -> int | None:
    """The checkpoint that the sound group keeps in *record*."""
    value = msgspec.json.decode(record.value)["value"] if record.kind == "lease" else None
    return value if isinstance(value, int) else None


async def numbered(store: EventStore, *numbers: int) -> None:
    for number in numbers:
        await store.append([(f"s-{number % 10}", Counted(number))])


async def nothing(stored: StoredEvent) -> None:
    return


class Gate:
    """What a paused process stands before: nothing of it goes on until it is opened."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._open.set()

    def shut(self) -> None:
        self._open.clear()

    def open(self) -> None:
        self._open.set()

    async def passed(self) -> None:
        await self._open.wait()


class Paced:
    """A store whose calls take a little time, and stand still while their process is paused."""

    def __init__(self, store: Any, gate: Gate) -> None:
        self._store, self._gate, self.name = store, gate, getattr(store, "name", "records")
        self.records: Any = Paced(store.records, gate) if hasattr(store, "records") else None

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._store, name)

        async def call(*args: Any, **options: Any) -> Any:
            await asyncio.sleep(random_stream("pace").uniform(0.0005, 0.002))
            await self._gate.passed()
            result = await real(*args, **options)
            await asyncio.sleep(random_stream("pace").uniform(0.0005, 0.002))  # done, and not heard of yet
            await self._gate.passed()
            return result

        return call


@dataclass
class Told:
    """What came out: who handled what, in the order of time, and every checkpoint that was written, by share."""

    handled: list[tuple[str, StoredEvent]] = field(default_factory=list)
    checkpoints: dict[str, list[int]] = field(default_factory=dict)
    log: list[StoredEvent] = field(default_factory=list)

    def missing(self) -> list[int]:
        seen = {stored.position for _, stored in self.handled}
        return [stored.position for stored in self.log if stored.position not in seen]

    def gone_back(self) -> list[str]:
        return [share for share, positions in self.checkpoints.items() if positions != sorted(positions)]

    def out_of_order(self) -> list[tuple[str, str]]:
        """Streams whose events one life of a worker handled in another order than that of the log."""
        latest: dict[tuple[str, str], int] = {}
        wrong = []
        for life, stored in self.handled:
            if stored.version < latest.get((life, stored.stream), 0):
                wrong.append((life, stored.stream))
            latest[life, stored.stream] = stored.version
        return wrong


class Noting(MemoryStore):
    """Notes every checkpoint that is written."""

    def __init__(self, told: Told, checkpoint_in: Callable[[Record], int | None]) -> None:
        super().__init__()
        put = self.records.put

        async def noted(kind: str, key: str, value: bytes, *, version: int) -> Record:
            record = await put(kind, key, value, version=version)
            if (position := checkpoint_in(record)) is not None:
                told.checkpoints.setdefault(key, []).append(position)
            return record

        self.records.put = noted  # type: ignore[method-assign]


def lived_through(
    seed: int,
    make: Callable[[EventStore], Any],
    checkpoint_in: Callable[[Record], int | None],
    *,
    events: int = 2000,
    workers: int = 8,
    faults: int = 24,
    naps: bool = True,
) -> Told:
    """Write *events* while *workers* handle them, crash and fall asleep; then wait until all is quiet."""
    told = Told()

    async def main() -> None:
        store = Noting(told, checkpoint_in)
        chance = random_stream("story")
        gates: dict[str, Gate] = {}

        async def boot(node: Node) -> None:
            gate = gates[node.name] = Gate()
            life = f"{node.name}#{node.incarnation.number}"

            async def handle(stored: StoredEvent) -> None:
                await gate.passed()
                await asyncio.sleep(random_stream("work").expovariate(1 / 0.03))
                await gate.passed()
                told.handled.append((life, stored))

            node.spawn(make(Paced(store, gate)).run(handle, worker=current_node()))  # type: ignore[arg-type]

        nodes = [world.node(f"w{number}", boot) for number in range(workers)]
        for node in nodes:
            await node.begin()

        async def write() -> None:
            for number in range(events // 2):
                stream = chance.randrange(STREAMS)
                await store.append(
                    [(f"s-{stream}", Counted(number)), (f"s-{chance.randrange(STREAMS)}", Counted(number))]
                )
                await asyncio.sleep(chance.expovariate(events / 2 / 30))

        async def disturb() -> None:
            for _ in range(faults):
                await asyncio.sleep(chance.expovariate(1 / 1.2))
                node = nodes[chance.randrange(workers)]
                if naps and chance.random() < 0.5:
                    gate = gates[node.name]
                    gate.shut()
                    asyncio.get_running_loop().call_later(chance.uniform(0.5, 3 * TTL_S), gate.open)
                elif node.is_up:
                    node.crash()
                    await asyncio.sleep(chance.uniform(0, 2 * TTL_S))
                    await node.restart()

        await asyncio.gather(write(), disturb())
        await asyncio.sleep(6 * TTL_S)
        told.log = await store.read_all(limit=10 * events)

    with World(seed=seed) as world:
        world.run(main())
    if len(told.log) != events // 2 * 2:
        raise InvalidValue("the story's log", len(told.log), f"{events}")
    return told
