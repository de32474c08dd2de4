"""The whole shop on five nodes, with crashes, partitions and lost messages at random: the books agree in the end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from eventlab.errors import EventlabError
from eventlab.runtime import random_stream
from eventlab.services import Client, Way, carrier
from eventlab.shop import (
    OWNS,
    SERVICES,
    Checkout,
    CreateCustomerProfile,
    CreateUser,
    Item,
    Line,
    ReceiveStock,
    ServiceContext,
    ShopSettings,
    audit,
    check_shop,
)
from eventlab.simulation import Exponential, Link, SimulatedStore, SimulatedTransport, World
from eventlab.simulation.node import Node
from eventlab.simulation.partitions import SeenAs
from eventlab.store import MemoryStore
from tests.unit.shop.market import WAYS

TITLES = [f"title-{number}" for number in range(4)]
FAULTY_S = 15.0
SMOOTH = Link(Exponential(0.02))
ROUGH = Link(Exponential(0.02), loss=0.02, duplication=0.3, reordering=0.2, holding=Exponential(0.5))


class Chaos:
    """One shop, and everything that befalls it."""

    def __init__(self, world: World, orders: int, settings: ShopSettings, link: Link, by: Way = "call") -> None:
        self.world, self.orders, self.settings, self.by = world, orders, settings, by
        self.transport = SimulatedTransport(world)
        self.stores = {name: SimulatedStore(MemoryStore(name, OWNS[name])) for name in SERVICES}
        world.network.links.default, self.link = SMOOTH, link
        for name in SERVICES:
            world.node(name, self.boot)

    async def boot(self, node: Node) -> None:
        carried = carrier(self.transport, self.by)
        context = ServiceContext(node.name, self.stores[node.name], Client(carried, node.name), self.settings)
        service = SERVICES[node.name](context)
        await service.start()
        carried.serve(node.name, service.receive)

    async def main(self) -> dict[str, Any]:
        for name in SERVICES:
            await self.world.node(name).begin()
        front = Client(self.transport, "front", timeout_s=60)
        await front.call("inventory", ReceiveStock("opening", tuple(Item(title, 12) for title in TITLES)))
        await front.call("users", CreateUser("ada", "ada@example.org"))
        await front.call("orders", CreateCustomerProfile("ada", "ada@example.org"))
        self.world.network.links.default = self.link
        async with asyncio.TaskGroup() as group:
            group.create_task(self.break_things())
            for number in range(self.orders):
                group.create_task(self.order(front, number))
        await asyncio.sleep(300)
        return {name: await audit(name, store.disk) for name, store in self.stores.items()}

    async def order(self, front: Client, number: int) -> None:
        chance = random_stream(f"order/{number}")
        await asyncio.sleep(chance.uniform(0, FAULTY_S))
        chosen = chance.sample(TITLES, chance.randint(1, 3))
        lines = tuple(Line(title, chance.randint(1, 2), chance.randrange(0, 3000)) for title in chosen)
        try:
            await front.call("orders", Checkout(f"order-{number}", "ada", lines))
        except EventlabError:
            return  # the customer has left; the checkout goes on, or was never heard of

    async def break_things(self) -> None:
        chance = random_stream("chaos")
        ends_s = self.world.now_s + FAULTY_S
        while self.world.now_s < ends_s:
            await asyncio.sleep(chance.uniform(0, 0.5))
            victim, other = chance.sample(list(SERVICES), 2)
            if chance.random() < 0.5:
                self.world.node(victim).crash()
                await asyncio.sleep(chance.expovariate(2))
                await self.world.node(victim).restart()
            else:
                with self.world.network.partition([victim], [other]):
                    await asyncio.sleep(chance.expovariate(0.5))


def survive(
    seed: int, settings: ShopSettings, link: Link = SMOOTH, seen_as: SeenAs = "silence", by: Way = "call"
) -> dict[str, bool | None]:
    """Invariant → whether it holds when the world has settled."""
    with World(seed, ready="shuffled") as world:
        world.network.cuts_seen_as = seen_as
        chaos = Chaos(world, 40, settings, link, by)
        return {result.name: result.valid for result in check_shop(world.run(chaos.main))}


@pytest.mark.parametrize("by", WAYS)
@pytest.mark.parametrize("seed", range(6))
def test_whatever_befalls_it_the_books_agree(seed: int, by: Way) -> None:
    settings = ShopSettings(order="payment_first" if seed % 2 else "inventory_first", decline_above_cents=5000)
    results = survive(seed, settings, by=by)
    assert results == dict.fromkeys(results, True)


@pytest.mark.parametrize("by", WAYS)
@pytest.mark.parametrize("seed", range(10, 14))
def test_doubled_and_late_messages_and_broken_connections_change_no_books(seed: int, by: Way) -> None:
    results = survive(seed, ShopSettings(decline_above_cents=5000), ROUGH, "broken", by)
    assert results == dict.fromkeys(results, True)


@pytest.mark.parametrize("by", WAYS)
def test_without_compensation_they_do_not(by: Way) -> None:
    results = survive(1, ShopSettings(compensation=False, decline_above_cents=5000), by=by)
    assert results["no money stays reserved"] is False


@pytest.mark.soak
@pytest.mark.parametrize("by", WAYS)
@pytest.mark.parametrize("seed", range(100, 300))
def test_whatever_befalls_it_over_many_seeds(seed: int, by: Way) -> None:
    test_whatever_befalls_it_the_books_agree(seed, by)


@pytest.mark.soak
@pytest.mark.parametrize("by", WAYS)
@pytest.mark.parametrize("seed", range(300, 400))
def test_doubled_and_late_messages_change_no_books_over_many_seeds(seed: int, by: Way) -> None:
    test_doubled_and_late_messages_and_broken_connections_change_no_books(seed, by)
