"""The whole shop as Starlette applications that call each other over httpx, in a world: five nodes and a customer."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from eventlab import history
from eventlab.errors import EventlabError, Refused, UnknownOutcome
from eventlab.services import Client, Request, Way, carrier
from eventlab.services.external import ExternalServiceClient
from eventlab.shop import (
    OWNS,
    SERVICES,
    CancelOrder,
    Checkout,
    CheckoutResult,
    CreateCustomerProfile,
    CreateOrder,
    CreateUser,
    Item,
    Line,
    ReceiveStock,
    ServiceContext,
    audit,
    check_shop,
)
from eventlab.shop.messages import OrderTaken
from eventlab.simulation import Exponential, Recorder, SimulatedStore, World
from eventlab.simulation.http import SimulatedHttpTransport, http_between
from eventlab.simulation.node import Node
from eventlab.store import MemoryStore

TITLES = [f"title-{number}" for number in range(3)]


class Mall:
    """A shop that is asked for orders, one each second."""

    def __init__(self, world: World, orders: int, by: Way) -> None:
        self.world, self.orders, self.by = world, orders, by
        self.transport = http_between(world, SERVICES)
        self.stores = {name: SimulatedStore(MemoryStore(name, OWNS[name])) for name in SERVICES}
        self.answers: dict[str, str] = {}
        world.network.set_latency(Exponential(0.02))
        for name in SERVICES:
            world.node(name, self.boot)

    async def boot(self, node: Node) -> None:
        carried = carrier(self.transport, self.by)
        context = ServiceContext(node.name, self.stores[node.name], Client(carried, node.name))
        service = SERVICES[node.name](context)
        await service.start()
        carried.serve(node.name, service.receive)

    async def open(self) -> None:
        for name in SERVICES:
            await self.world.node(name).begin()
        self.front = Client(self.transport, "front", timeout_s=60)
        await self.ask("inventory", ReceiveStock("opening", tuple(Item(title, 9) for title in TITLES)))
        await self.ask("users", CreateUser("ada", "ada@example.org"))
        await self.ask("orders", CreateCustomerProfile("ada", "ada@example.org"))

    async def ask(self, target: str, request: Request[Any]) -> Any:
        return await self.front.call(target, request)

    async def sell(self) -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(self.orders):
                group.create_task(self.order(number))
                await asyncio.sleep(1)

    async def order(self, number: int) -> None:
        lines = (Line(TITLES[number % 3], 1, 1000), Line(TITLES[(number + 1) % 3], 1, 500))
        try:
            result: CheckoutResult = await self.ask("orders", Checkout(f"order-{number}", "ada", lines))
            self.answers[f"order-{number}"] = result.status
        except EventlabError as error:
            self.answers[f"order-{number}"] = type(error).__name__

    async def broken(self) -> list[str]:
        """The names of the invariants that do not hold."""
        audits = {name: await audit(name, store.disk) for name, store in self.stores.items()}
        return [result.name for result in check_shop(audits) if result.valid is not True]


def test_an_order_is_created_from_outside_refused_or_in_doubt_and_cancelled_as_often_as_one_likes() -> None:
    world = World(1)
    mall = Mall(world, 0, "call")

    async def main() -> list[object]:
        await mall.open()
        orders = SimulatedHttpTransport(world, "elsewhere", {"orders": mall.transport.application("orders")})
        world.node("elsewhere")
        found: list[object] = []
        async with ExternalServiceClient("http://orders", target="orders", transport=orders) as client:
            line = (Line(TITLES[0], 1, 1000),)
            found.append(await client.call(CreateOrder("order-1", "ada", line), key="order-1"))
            with pytest.raises(Refused) as refused:
                await client.call(CreateOrder("order-2", "nobody", line), key="order-2")
            with world.network.partition(["orders"], ["elsewhere"], one_way=True), pytest.raises(UnknownOutcome):
                await client.call(CreateOrder("order-3", "ada", line), key="order-3")
            for _ in range(2):
                await client.cancel("/CancelOrder", CancelOrder("order-3"), key="order-3/undo")
                await client.cancel("/CancelOrder", CancelOrder("order-4"), key="order-4/undo")
            with pytest.raises(Refused) as late:
                await client.call(CreateOrder("order-4", "ada", line), key="order-4")
        books = await audit("orders", mall.stores["orders"].disk)
        statuses = {name: order["status"] for name, order in books["orders"].items()}
        return [*found, refused.value.code, late.value.code, statuses]

    with world:
        found = world.run(main)
    statuses = {"order-1": "created", "order-3": "cancelled", "order-4": "cancelled"}
    assert found == [OrderTaken("order-1", 1000), "unknown_customer", "cancelled", statuses]


def story(
    seed: int, *, orders: int = 16, outage: bool = True, by: Way = "call"
) -> tuple[dict[str, str], list[str], bytes]:
    """The answers, the broken invariants, and the bytes of all that happened."""
    world, recorder = World(seed), Recorder()
    mall = Mall(world, orders, by)

    async def main() -> list[str]:
        await mall.open()
        selling = asyncio.create_task(mall.sell())
        if outage:
            await asyncio.sleep(3)
            with world.network.partition(["orders"], ["payments"], in_flight="lost"):
                await asyncio.sleep(5)
            world.node("orders").crash()
            await asyncio.sleep(1)
            await world.node("orders").restart()
        await selling
        await asyncio.sleep(300)
        return await mall.broken()

    with world, recorder.recording():
        broken = world.run(main)
    return mall.answers, broken, history.to_lines(recorder.entries)


def test_in_peace_every_order_is_completed() -> None:
    answers, broken, _ = story(1, orders=6, outage=False)
    assert (set(answers.values()), len(answers), broken) == ({"completed"}, 6, [])


def test_cut_off_and_crashed_it_still_ends_whole_and_the_same_seed_gives_the_same_bytes() -> None:
    answers, broken, lines = story(7)
    assert broken == []
    assert {"completed", "compensated"} <= set(answers.values())
    assert story(7) == (answers, broken, lines)
    assert b"POST /ReservePayment reply" in lines
    assert story(8)[2] != lines


def test_by_messages_over_http_it_ends_whole_as_well() -> None:
    answers, broken, lines = story(7, by="message")
    assert broken == []
    assert {"completed", "compensated"} <= set(answers.values())
    assert b"POST /ReservePayment reply reply" in lines  # the outcome is a request of its own, which has a reply
