"""Who gets a request: in turn, by chance, the emptier of two, the emptiest of all."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass

import pytest

from eventlab.errors import InvalidValue
from eventlab.services import Client
from eventlab.simulation import Constant, SimulatedTransport, World
from eventlab.simulation.balancing import Balance, balancer
from eventlab.simulation.modelled import ModelledService, Work


@dataclass
class Desk:
    present: int


def chosen(balance: Balance, present: list[int], times: int) -> Counter[int]:
    """How often each of the desks was chosen, by its place."""
    desks, chance = [Desk(count) for count in present], random.Random(1)
    choose = balancer(balance, desks, lambda: chance)
    places = {id(desk): place for place, desk in enumerate(desks)}
    return Counter(places[id(choose())] for _ in range(times))


def test_in_turn_everybody_gets_as_many() -> None:
    assert chosen("round_robin", [9, 0, 0], 9) == {0: 3, 1: 3, 2: 3}


def test_by_chance_load_does_not_matter() -> None:
    found = chosen("random", [9, 0, 0], 3000)
    assert all(abs(found[place] - 1000) < 105 for place in range(3))  # four standard deviations


def test_of_two_choices_the_emptier_is_taken() -> None:
    found = chosen("two_choices", [2, 1, 0], 3000)
    assert found[0] == 0  # whoever stands beside it is emptier
    assert abs(found[1] - 1000) < 105  # only beside the fullest
    assert abs(found[2] - 2000) < 105


def test_the_least_loaded_is_the_emptiest_and_by_chance_among_equals() -> None:
    found = chosen("least_loaded", [1, 0, 0, 5], 2000)
    assert found.total() == found[1] + found[2]
    assert abs(found[1] - 1000) < 90


def test_one_server_takes_no_draw() -> None:
    desk = Desk(0)
    assert balancer("random", [desk], lambda: pytest.fail("asked chance"))() is desk


def test_an_unknown_balance_is_refused() -> None:
    with pytest.raises(
        InvalidValue, match=r"balance is 'best'; expected one of random, round_robin, two_choices, least"
    ):
        balancer("best", [Desk(0)], random.Random)  # type: ignore[arg-type]


def test_each_replica_has_a_capacity_and_a_queue_of_its_own() -> None:
    world = World(1)
    world.network.set_latency(Constant(0))
    transport = SimulatedTransport(world)
    world.node("front")
    world.node("shop")
    shop = ModelledService(
        "shop", Client(transport, "shop"), latency=Constant(1), capacity=1, queue_limit=1, replicas=2
    )
    transport.serve("shop", shop.receive)
    client, done = Client(transport, "front", timeout_s=60), []

    async def one(number: int) -> None:
        try:
            await client.call("shop", Work(str(number)))
            done.append((number, world.now_s))
        except Exception as error:
            done.append((number, type(error).__name__))

    async def main() -> None:
        await asyncio.gather(*(one(number) for number in range(5)))

    world.run(main)
    assert sorted(done) == [(0, 1), (1, 1), (2, 2), (3, 2), (4, "Unavailable")]
    assert [replica.present for replica in shop.replicas] == [0, 0]
