"""Several processes may serve orders on one store: they share the checkouts, and none is left when one dies."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from eventlab.sagas.log import load
from eventlab.services import Call, Client, InProcessTransport, Reply
from eventlab.services.transport import Receive
from eventlab.shop import OWNS, SERVICES, Checkout, CreateCustomerProfile, Item, Line, ReceiveStock, ServiceContext
from eventlab.simulation import World
from eventlab.simulation.node import Node
from eventlab.store import MemoryStore


async def slowly(receive: Receive, takes_s: float, call: Call) -> Reply:
    await asyncio.sleep(takes_s)
    return await receive(call)


class Shop:
    """Two processes that serve orders on one store, and what they call."""

    def __init__(self, world: World, workers: dict[str, str | None]) -> None:
        self.world, self.workers = world, workers
        self.transport, self.orders = InProcessTransport(), MemoryStore("orders", OWNS["orders"])
        self.front = Client(self.transport, "front", timeout_s=3600)
        for name in workers:
            world.node(name, self.boot)

    async def boot(self, node: Node) -> None:
        client = Client(self.transport, "orders")
        context = ServiceContext("orders", self.orders, client, worker=self.workers[node.name])
        service = SERVICES["orders"](context)
        await service.start()
        self.transport.serve("orders", service.receive)  # who began last is asked

    def serve(self, *names: str, takes_s: float = 0) -> None:
        for name in names:
            context = ServiceContext(name, MemoryStore(name, OWNS[name]), Client(self.transport, name))
            self.transport.serve(name, partial(slowly, SERVICES[name](context).receive, takes_s))

    async def ask(self) -> str:
        """Order a record, and give back how the checkout ended."""
        await self.front.call("inventory", ReceiveStock("monday", (Item("a record", 5),)))
        await self.front.call("orders", CreateCustomerProfile("ada", "ada@example.org", "12 Analytical Street"))
        checkout = Checkout("order-1", "ada", (Line("a record", 1, 1500),))
        return (await self.front.call("orders", checkout)).status


@pytest.mark.parametrize(("worker", "status"), [("west", "completed"), (None, "running")])
def test_what_a_dead_process_leaves_is_finished_by_one_that_shares_with_it(worker: str | None, status: str) -> None:
    async def main() -> str:
        shop = Shop(world, {"west": worker, "east": "east"})
        shop.serve("payments", "inventory")
        await world.node("west").begin()
        await world.node("east").begin()
        world.node("east").spawn(shop.ask(), name="the customer")
        await asyncio.sleep(2)
        world.node("east").crash()
        shop.serve("shipping")
        await asyncio.sleep(60)
        return (await load(shop.orders, "order-1")).status.value

    with World(1) as world:
        assert world.run(main) == status  # who believes to be alone looks only when it starts


@pytest.mark.parametrize(("worker", "taken_up"), [("west", 0), (None, 1)])
def test_who_comes_later_leaves_to_the_other_what_it_drives(worker: str | None, taken_up: int) -> None:
    async def main() -> tuple[str, int]:
        shop = Shop(world, {"east": "east", "west": worker})
        shop.serve("payments", "inventory")
        shop.serve("shipping", takes_s=0.8)
        await world.node("east").begin()
        asking = asyncio.create_task(shop.ask())
        await asyncio.sleep(0.4)
        await world.node("west").begin()
        await asking
        await asyncio.sleep(60)
        log = [stored.type for stored in await shop.orders.read("saga-order-1")]
        return log[-1], log.count("SagaTakenUp")

    with World(1) as world:
        assert world.run(main) == ("SagaCompleted", taken_up)  # who believes to be alone takes it for left behind
