"""One run of what no queue describes: rivals for one stream, retries over layers, a quorum of nodes that crash."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from statistics import fmean

from eventlab import runtime
from eventlab.codec import event
from eventlab.commands import Command, ConflictRetry, execute
from eventlab.errors import CallTimeout, Unavailable, VersionConflict
from eventlab.resilience import Exponential as Backoff
from eventlab.resilience import retry
from eventlab.services import Call, Client, Request, Service, handles
from eventlab.shop.holding import HoldingStore
from eventlab.simulation import Constant, Exponential, Node, SimulatedTransport, World
from eventlab.simulation.workload import Arrival, constant, drive, poisson
from eventlab.store import MemoryStore, StoredEvent, StreamId

SEAT = StreamId("seat-1")


@event("tests.Touched")
@dataclass(frozen=True, slots=True)
class Touched:
    pass


@dataclass(frozen=True)
class Touch(Command[int]):
    """Reads a stream and writes to it, whatever it says."""

    stream: StreamId

    def initial(self) -> int:
        return 0

    def apply(self, state: int, stored: StoredEvent) -> int:
        return state + 1

    def handle(self, state: int) -> Iterable[tuple[str, object]]:
        return [(self.stream, Touched())]


def conflicts(seed: int, *, rivals_per_s: float, hold_s: float, commands: int) -> float:
    """The share of commands, each decided for *hold_s*, in whose hold one of the rivals wrote.

    The rivals only write, at once. Commands come far enough apart to meet nobody but them.
    """
    world, store = World(seed), MemoryStore("theatre", ["seat"])
    slow, met = HoldingStore(store, Constant(hold_s)), list[bool]()
    apart_s = 2 * hold_s

    async def command(arrival: Arrival) -> None:
        try:
            await execute(slow, Touch(SEAT), retry=ConflictRetry(1))
            met.append(False)
        except VersionConflict:
            met.append(True)

    async def rival(arrival: Arrival) -> None:
        await store.append([(SEAT, Touched())])

    async def main() -> None:
        rivals = poisson(rivals_per_s, for_s=(commands + 1) * apart_s)
        async with asyncio.TaskGroup() as group:
            group.create_task(drive(rivals, rival, chance=runtime.random_stream("rivals")))
            group.create_task(drive(constant(1 / apart_s, count=commands), command))

    world.run(main)
    return fmean(met)


class Ask(Request[str], frozen=True):
    pass


class Layer(Service):
    """Passes each request on, and tries again when that fails; the last one fails by itself."""

    def __init__(self, name: str, client: Client, below: str | None, failing: float) -> None:
        super().__init__(name)
        self._client, self._below, self._failing = client, below, failing
        self.asked = 0

    @handles(Ask)
    async def ask(self, request: Ask, call: Call) -> str:
        self.asked += 1
        if self._below is not None:
            return await self._client.call(self._below, request)
        if runtime.random_stream("failing").random() < self._failing:
            raise Unavailable(self.name, "it is out of order")
        return "done"


def amplification(seed: int, *, layers: int, attempts: int, failing: float, requests: int) -> float:
    """How many calls of the last service one request came to, on average."""
    world = World(seed)
    world.network.set_latency(Constant(0))
    transport = SimulatedTransport(world)
    policy = retry(attempts, Backoff(0.01))

    def client(name: str) -> Client:
        return Client(transport, name, timeout_s=1e6, policy_for=lambda target: policy)

    names = [f"layer-{number}" for number in range(1, layers + 1)]
    built = [Layer(name, client(name), below, failing) for name, below in zip(names, [*names[1:], None], strict=True)]
    for layer in built:
        world.node(layer.name)
        transport.serve(layer.name, layer.receive)
    front = client(world.node("front").name)

    async def request(arrival: Arrival) -> None:
        with suppress(Unavailable):
            await front.call(names[0], Ask())

    world.run(drive(constant(1, count=requests), request))
    return built[-1].asked / requests


class Copy(Service):
    @handles(Ask)
    async def ask(self, request: Ask, call: Call) -> str:
        return "here"


def quorum(seed: int, *, nodes: int, needed: int, up_s: float, down_s: float, reads: int, apart_s: float) -> float:
    """The share of reads that *needed* of the nodes answer, while each crashes and comes back independently."""
    world = World(seed)
    world.network.set_latency(Constant(0.001))
    transport = SimulatedTransport(world)
    client = Client(transport, world.node("front").name, timeout_s=0.01)
    names, found = [f"copy-{number}" for number in range(1, nodes + 1)], list[bool]()

    async def boot(node: Node) -> None:
        transport.serve(node.name, Copy(node.name).receive)

    async def live_and_die(name: str) -> None:
        chance, node = runtime.random_stream(f"life/{name}"), world.node(name)
        while True:
            await asyncio.sleep(Exponential(up_s).sample(chance))
            node.crash()
            await asyncio.sleep(Exponential(down_s).sample(chance))
            await node.restart()

    async def answers(name: str) -> bool:
        try:
            return await client.call(name, Ask()) == "here"
        except CallTimeout:
            return False

    async def read(arrival: Arrival) -> None:
        found.append(sum(await asyncio.gather(*(answers(name) for name in names))) >= needed)

    async def main() -> None:
        for name in names:
            await world.node(name, boot).begin()
            world.spawn(live_and_die(name), name=name)
        await asyncio.sleep(10 * down_s)
        await drive(constant(1 / apart_s, count=reads), read)

    world.run(main)
    return fmean(found)
