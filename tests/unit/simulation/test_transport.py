"""Who answers a call in the simulated network: the life that registered, and no other."""

from __future__ import annotations

import asyncio

import pytest

from eventlab.errors import InvalidValue, Unavailable
from eventlab.services import Client, Service
from eventlab.services.message import Call, Reply
from eventlab.simulation import Constant, Link, Node, SimulatedTransport, World
from eventlab.simulation.modelled import ModelledService, Work


def test_a_new_life_refuses_calls_until_it_has_registered_itself() -> None:
    world = World(1)
    world.network.set_latency(Constant(1))
    transport = SimulatedTransport(world)
    world.node("front")
    shop = world.node("shop")
    client = Client(transport, "front", timeout_s=60)
    ran: list[str] = []

    def register(life: str) -> None:
        model = ModelledService("shop", Client(transport, "shop"), latency=Constant(0))

        async def receive(call: Call) -> Reply:
            ran.append(life)
            return await model.receive(call)

        transport.serve("shop", receive)

    async def main() -> None:
        register("first")
        await client.call("shop", Work("1"))
        shop.crash()
        await shop.restart()
        refused_from = world.now_s
        with pytest.raises(Unavailable, match="nobody serves it"):
            await client.call("shop", Work("2"))
        assert world.now_s == refused_from + 2  # there and back: refused by the node, not given up by the caller
        await asyncio.sleep(5)
        assert ran == ["first"]
        register("second")
        await client.call("shop", Work("3"))

    world.run(main)
    assert ran == ["first", "second"]


def test_a_call_takes_the_time_of_its_bytes_each_way() -> None:
    world = World(1)
    world.network.links.default = Link(Constant(1), bandwidth_bytes_s=100)
    transport = SimulatedTransport(world)
    world.node("front"), world.node("shop")

    async def receive(call: Call) -> Reply:
        return Reply("ok", b"y" * 300)

    async def main() -> float:
        transport.serve("shop", receive)
        await transport.send(Call(1, "front", "shop", "Ask", b"x" * 200))
        return world.now_s

    assert world.run(main) == 1 + 2 + 1 + 3


def test_what_is_posted_dies_with_a_crashed_node_and_is_heard_by_no_life_that_did_not_register() -> None:
    world = World(1)
    world.network.set_latency(Constant(1))
    transport = SimulatedTransport(world)
    world.node("front")
    shop = world.node("shop")
    heard: list[tuple[str, int]] = []

    def register(life: str) -> None:
        async def receive(call: Call) -> Reply:
            heard.append((life, call.id))
            await asyncio.sleep(2)
            heard.append((f"{life}, done", call.id))
            return Reply("ok", b"null")

        transport.serve("shop", receive)

    def post(number: int) -> None:
        transport.post(Call(number, "front", "shop", "Ask", b""))

    async def main() -> None:
        register("first")
        post(1)
        await asyncio.sleep(2)
        post(2)
        shop.crash()
        await asyncio.sleep(2)
        await shop.restart()
        post(3)
        await asyncio.sleep(2)
        register("second")
        post(4)
        await asyncio.sleep(9)

    world.run(main)
    assert heard == [("first", 1), ("second", 4), ("second, done", 4)]


def test_what_is_posted_outlives_the_node_that_sent_it() -> None:
    world = World(1)
    world.network.set_latency(Constant(1))
    transport = SimulatedTransport(world)
    front, _ = world.node("front"), world.node("shop")
    heard: list[int] = []

    async def receive(call: Call) -> Reply:
        heard.append(call.id)
        return Reply("ok", b"null")

    async def post() -> None:
        transport.post(Call(1, "front", "shop", "Ask", b""))

    async def main() -> None:
        transport.serve("shop", receive)
        await front.start(post)
        front.crash()
        await asyncio.sleep(2)

    world.run(main)
    assert heard == [1]


def test_a_node_serves_what_bears_its_own_name_for_its_crash_would_not_reach_anything_else() -> None:
    world = World(1)
    transport = SimulatedTransport(world)

    async def boot(node: Node) -> None:
        transport.serve("payments", Service("payments").receive)

    async def main() -> None:
        await world.node("machine 1", boot).begin()

    with pytest.raises(InvalidValue, match=r"what node 'machine 1' serves is 'payments'; expected 'machine 1'"):
        world.run(main)
    assert list(world.nodes) == ["machine 1"]


def test_a_service_is_not_what_answers_a_call() -> None:
    with pytest.raises(InvalidValue, match=r"calls for 'payments' is .*; expected a callable, such as service.receive"):
        SimulatedTransport(World(1)).serve("payments", Service("payments"))  # type: ignore[arg-type]
