"""One order, seven steps, and replies that are lost: the same day for a naive checkout and for the sound one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from eventlab import hooks
from eventlab.errors import EventlabError
from eventlab.history import Entry
from eventlab.naive.checkout import HastyOrders
from eventlab.resilience.backoff import Exponential
from eventlab.services import Call, Client, handles
from eventlab.shop import OWNS, SERVICES, ServiceContext, ShopSettings, audit, check_shop
from eventlab.shop import messages as ask
from eventlab.shop.keeping import ShopService
from eventlab.shop.matrix import STEPS
from eventlab.shop.watching import Watch
from eventlab.simulation import (
    Link,
    LogNormal,
    Node,
    PartitionFault,
    Recorder,
    SimulatedStore,
    SimulatedTransport,
    World,
    play_in,
)
from eventlab.store import EventStore, MemoryStore

ORDER = "order-1"
LINES = (ask.Line("title-07", 2, 2500), ask.Line("title-11", 1, 999))
ENDS_S = 40.0

Builder = Callable[[ServiceContext], ShopService]


@dataclass(frozen=True)
class Day:
    """What happened, what the customer was told, and which laws the five books break in the end."""

    entries: Sequence[Entry] = field(repr=False)
    told: str
    broken: dict[str, str]
    books: dict[str, Any] = field(repr=False)


class NaiveOrders(HastyOrders):
    """`HastyOrders`, who keeps no log: here it says what it believes, so that it can be drawn beside the sound one."""

    @handles(ask.Checkout)
    async def checkout(self, request: ask.Checkout, call: Call) -> ask.CheckoutResult:
        self._say("started")
        result = await HastyOrders.checkout(self, request, call)
        self._say("completed" if result.status == "completed" else "compensation_completed")
        return result

    def _steps(self, wish: ask.Checkout) -> list[tuple[Any, Any]]:
        self._turned = False
        return [
            (self._told(name, act, "requested", "succeeded", "failed"), self._undoing(name, undo))
            for name, (act, undo) in zip(STEPS, super()._steps(wish), strict=True)
        ]

    def _undoing(self, name: str, undo: Any) -> Callable[[], Awaitable[None]]:
        told = self._told(name, undo, "compensation_requested", "compensated", "compensation_failed")

        async def undoing() -> None:
            if not self._turned:
                self._turned = True
                self._say("compensating")
            await told()

        return undoing

    def _told(self, name: str, do: Any, asked: str, done: str, not_done: str) -> Callable[[], Awaitable[None]]:
        async def told() -> None:
            self._say(asked, name)
            try:
                await do()
            except EventlabError as error:
                self._say(not_done, name, str(error))
                raise
            self._say(done, name)

        return told

    def _say(self, phase: str, step: str = "", detail: str = "") -> None:
        hooks.emit(hooks.SagaMoved(ORDER, "naive", phase, step, 1, detail))


def day(
    orders: Builder = SERVICES["orders"],
    *,
    silent: str = "inventory",
    silent_s: float = 2.0,
    attempts: int = 5,
    stock: int = 5,
    seed: int = 3,
) -> Day:
    """One checkout, while nothing that the service *silent* says to orders is heard for *silent_s* from 1 s on."""
    recorder = Recorder()
    with World(seed) as world, recorder.recording():
        told, books = world.run(_Day(world, orders, attempts).main(silent, silent_s, stock))
    broken = {result.name: result.because for result in check_shop(books) if result.valid is not True}
    return Day(recorder.entries, told, broken, books)


class _Day:
    """The world of one day."""

    def __init__(self, world: World, orders: Builder, attempts: int) -> None:
        self._world, self._services = world, {**SERVICES, "orders": orders}
        pauses = Exponential(0.3, cap_s=2.0)
        self._settings = ShopSettings(step_attempts=attempts, step_backoff=pauses, undo_backoff=pauses)
        self._transport = SimulatedTransport(world)
        self._watch = Watch()
        self._disks: dict[str, EventStore] = {name: MemoryStore(name, OWNS[name]) for name in self._services}
        world.network.links.default = Link(LogNormal(0.1, 0.2))

    async def main(self, silent: str, silent_s: float, stock: int) -> tuple[str, dict[str, Any]]:
        for name in self._services:
            await self._world.node(name, self._boot).begin()
        front = Client(self._transport, "front", timeout_s=ENDS_S)
        await front.call("inventory", ask.ReceiveStock("opening", tuple(ask.Item(line.title, stock) for line in LINES)))
        await front.call("orders", ask.CreateCustomerProfile("ada", "ada@example.org", "12 Analytical Street"))
        if silent_s:
            lost = PartitionFault(left=(silent,), right=("orders",), one_way=True, at_s=1.0, for_s=silent_s)
            self._world.spawn(play_in(self._world, [lost]), name="faults")
        asked = self._world.spawn(self._buy(front), name="ada")
        await asyncio.sleep(ENDS_S)
        return await asked, {name: await audit(name, disk) for name, disk in self._disks.items()}

    async def _boot(self, node: Node) -> None:
        store = SimulatedStore(self._watch.over(node.name, self._disks[node.name]))
        client = Client(self._transport, node.name, timeout_s=1.0)
        service = self._services[node.name](ServiceContext(node.name, store, client, self._settings))
        await service.start()
        self._transport.serve(node.name, service.receive)

    async def _buy(self, front: Client) -> str:
        await asyncio.sleep(0.2)
        try:
            return (await front.call("orders", ask.Checkout(ORDER, "ada", LINES))).status
        except EventlabError as error:
            return str(error)
