"""Several processes may serve orders on one store: they share the checkouts, and none is left when one dies."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from eventlab.errors import InvalidValue, LeaseLost, StoreFailed
from eventlab.sagas.log import load
from eventlab.services import Call, Client, InProcessTransport, Reply
from eventlab.services.transport import Receive
from eventlab.shop import OWNS, SERVICES, Checkout, CreateCustomerProfile, Item, Line, ReceiveStock, ServiceContext
from eventlab.shop.checkout import NAMES, CheckoutInput
from eventlab.shop.orders import OrdersService
from eventlab.shop.sharing import QUIET_S, Background, at_rest
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
        self.services: dict[str, OrdersService] = {}
        self.said: list[str] = []
        self.transport, self.orders = InProcessTransport(), MemoryStore("orders", OWNS["orders"])
        self.front = Client(self.transport, "front", timeout_s=3600)
        for name in workers:
            world.node(name, self.boot)

    async def boot(self, node: Node) -> None:
        client = Client(self.transport, "orders")
        worker = self.workers[node.name]
        service = OrdersService(ServiceContext("orders", self.orders, client, worker=worker, warn=self.said.append))
        self.services[node.name] = service
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


def test_two_processes_that_are_asked_for_one_checkout_both_tell_how_it_ended() -> None:
    async def main() -> list[str]:
        shop = Shop(world, {"east": "east", "west": "west"})
        shop.serve("payments", "inventory", "shipping", takes_s=0.5)
        for name in shop.workers:
            await world.node(name).begin()
            shop.transport.serve(name, shop.services[name].receive)
        await shop.front.call("inventory", ReceiveStock("monday", (Item("a record", 5),)))
        await shop.front.call("east", CreateCustomerProfile("ada", "ada@example.org", "12 Analytical Street"))
        checkout = Checkout("order-1", "ada", (Line("a record", 1, 1500),))
        told = await asyncio.gather(*[shop.front.call(name, checkout) for name in shop.workers])
        return [result.status for result in told]

    with World(1) as world:
        assert world.run(main) == ["completed", "completed"]


def test_a_checkout_that_another_began_and_nobody_drives_is_finished_by_whoever_is_asked() -> None:
    async def main() -> tuple[str, float]:
        shop = Shop(world, {"east": None})
        shop.serve("payments", "inventory", "shipping")
        await world.node("east").begin()
        engine, began_s = shop.services["east"].engine, world.now_s
        await engine.start(NAMES["payment_first"], "order-1", CheckoutInput("order-1", "ada", ()))
        state = await at_rest(engine, await engine.state("order-1"))
        return state.status.value, world.now_s - began_s

    with World(1) as world:
        status, took_s = world.run(main)
    assert (status, took_s >= QUIET_S) == ("compensated", True)


def test_whose_name_another_takes_says_so_once_and_is_not_ready() -> None:
    async def main() -> list[str]:
        shop = Shop(world, {"east": "same", "west": "same"})
        await world.node("east").begin()
        await asyncio.sleep(1)
        await world.node("west").begin()
        await asyncio.sleep(60)
        await shop.services["west"].check()
        with pytest.raises(LeaseLost):
            await shop.services["east"].check()
        return shop.said

    with World(1) as world:
        (said,) = world.run(main)
    assert said.startswith("orders: takes up no unfinished checkouts: another process has come under its name, same")


def test_a_store_that_fails_for_a_while_is_told_once_and_the_work_goes_on() -> None:
    said: list[str] = []
    ready: list[bool] = []
    failures = [StoreFailed("sqlite:///orders.db", "database or disk is full")] * 3

    async def work() -> None:
        if failures:
            raise failures.pop()
        await asyncio.sleep(3600)

    def is_ready(background: Background) -> bool:
        try:
            background.check()
        except StoreFailed:
            return False
        return True

    async def main() -> None:
        background = Background("orders", "east", said.append)
        background.begin("work", work)
        for _ in range(60):
            await asyncio.sleep(0.1)
            ready.append(is_ready(background))
        background.cancel()

    World(1).run(main)
    assert (len(said), ready[0], ready[-1], failures) == (1, False, True, [])
    assert said[0].startswith(
        "orders: takes up no unfinished checkouts: sqlite:///orders.db: database or disk is full."
    )


def test_once_the_work_goes_on_again_that_is_told_too_and_each_time_it_stops_anew() -> None:
    said: list[tuple[float, bool]] = []
    plan = [1, 1, 1, 60, 1, 3600]
    """For how many seconds the work goes on each time before its store fails."""

    async def work() -> None:
        await asyncio.sleep(plan.pop(0))
        raise StoreFailed("sqlite:///orders.db", "the disk is full; nothing was written")

    async def main() -> None:
        background = Background(
            "orders", "east", lambda line: said.append((world.now_s // 10, line.endswith("checkouts again")))
        )
        background.begin("work", work)
        await asyncio.sleep(300)
        background.cancel()

    with World(1) as world:
        world.run(main)
    assert said == [(0, False), (1, True), (6, False), (7, True)]


def test_work_that_breaks_for_another_reason_is_told_and_not_begun_again() -> None:
    said: list[str] = []

    async def work() -> None:
        raise InvalidValue("shares of worker 'east'", 4, "16, as the store began with")

    async def main() -> None:
        background = Background("orders", "east", said.append)
        background.begin("work", work)
        await asyncio.sleep(60)
        with pytest.raises(InvalidValue):
            background.check()

    World(1).run(main)
    assert len(said) == 1 and "expected 16, as the store began with" in said[0]
