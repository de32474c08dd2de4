"""Money first or stock first: the same orders both ways, and what each way costs when one of the two says no.

Every order draws its own luck, by its number and not by what happens to it, so both ways meet the same customers
(common random numbers). `python -m eventlab.shop.comparison` prints the table.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import fmean
from typing import get_args

from eventlab.errors import InvalidValue
from eventlab.runtime import monotonic, random_stream
from eventlab.sagas import SagaState, StepStatus
from eventlab.services import Client
from eventlab.shop.build import OWNS, SERVICES
from eventlab.shop.keeping import ServiceContext, ShopService
from eventlab.shop.messages import Checkout, CreateCustomerProfile, Item, Line, ReceiveStock
from eventlab.shop.orders import OrdersService
from eventlab.shop.settings import ShopSettings, StepOrder
from eventlab.simulation import Exponential, Link, SimulatedStore, SimulatedTransport, World
from eventlab.simulation.node import Node
from eventlab.simulation.statistics import Comparison, compare
from eventlab.simulation.statistics.replicating import RunOne
from eventlab.store import MemoryStore

WAYS: tuple[StepOrder, ...] = get_args(StepOrder)

LINK = Link(Exponential(0.02))
GONE, PLENTY = "gone", [f"title-{number}" for number in range(20)]
LIMIT_CENTS = 5000
OWN_STEPS = ("create_order", "confirm_order")
"""Steps that ask no other service."""


@dataclass(frozen=True, slots=True)
class Luck:
    """Of all orders, the share that wants a title which is out, and the share whose payment is declined."""

    out_of_stock: float = 0.0
    declined: float = 0.0

    def __post_init__(self) -> None:
        for name, rate in (("out_of_stock", self.out_of_stock), ("declined", self.declined)):
            if not 0 <= rate <= 1:
                raise InvalidValue(name, rate, "a share from 0 to 1")

    def lines(self, number: int) -> tuple[Line, ...]:
        """What order *number* is about. Every order draws the same numbers whatever the shares are."""
        chance = random_stream(f"order/{number}")
        title, stock, money = chance.choice(PLENTY), chance.random(), chance.random()
        cents = 2 * LIMIT_CENTS if money < self.declined else LIMIT_CENTS // 2
        return (Line(GONE if stock < self.out_of_stock else title, 1, cents),)


RATES = (Luck(0.05), Luck(0.2), Luck(0.5), Luck(declined=0.2))
"""What the table compares: three shares out of stock, and then a share of declined payments instead."""


def run_checkouts(order: StepOrder, luck: Luck, orders: int, seed: int) -> Mapping[str, float | None]:
    """What *orders* checkouts came to, each asking first for what *order* says, in a world of its own.

    Per order: ``undone`` steps, those of orders' own among them, ``releases`` of money, ``calls`` to other services,
    and ``time_ms`` from asking to knowing how it ended.
    """
    with World(seed) as world:
        return world.run(_Run(world, ShopSettings(order=order, decline_above_cents=LIMIT_CENTS), luck, orders).main())


class _Run:
    """One shop in one world, and everybody who orders there."""

    def __init__(self, world: World, settings: ShopSettings, luck: Luck, orders: int) -> None:
        self._world, self._settings, self._luck, self._orders = world, settings, luck, orders
        self._transport = SimulatedTransport(world)
        self._services: dict[str, ShopService] = {}
        world.network.links.default = LINK
        for name in SERVICES:
            world.node(name, self._boot)

    async def _boot(self, node: Node) -> None:
        store = SimulatedStore(MemoryStore(node.name, OWNS[node.name]))
        context = ServiceContext(node.name, store, Client(self._transport, node.name), self._settings)
        service = self._services[node.name] = SERVICES[node.name](context)
        self._transport.serve(node.name, service.receive)

    async def main(self) -> Mapping[str, float | None]:
        for name in SERVICES:
            await self._world.node(name).begin()
        front = Client(self._transport, "front", timeout_s=600)
        await front.call("inventory", ReceiveStock("opening", tuple(Item(title, self._orders) for title in PLENTY)))
        await front.call("orders", CreateCustomerProfile("ada", "ada@example.org"))
        times_s = await asyncio.gather(*(self._order(front, number) for number in range(self._orders)))
        orders = self._services["orders"]
        assert isinstance(orders, OrdersService)
        states = [await orders.engine.state(f"order-{number}") for number in range(self._orders)]
        return {
            "undone": fmean(len(_names_undone(state)) for state in states),
            "releases": fmean("reserve_payment" in _names_undone(state) for state in states),
            "calls": fmean(_calls(state) for state in states),
            "time_ms": 1000 * fmean(times_s),
        }

    async def _order(self, front: Client, number: int) -> float:
        lines = self._luck.lines(number)
        await asyncio.sleep(random_stream(f"arrival/{number}").uniform(0, self._orders / 10))
        since_s = monotonic()
        await front.call("orders", Checkout(f"order-{number}", "ada", lines))
        return monotonic() - since_s


def _names_undone(state: SagaState) -> Sequence[str]:
    return [name for name, step in state.steps.items() if step.status is StepStatus.COMPENSATED]


def _calls(state: SagaState) -> int:
    asked = [step for name, step in state.steps.items() if name not in OWN_STEPS]
    return sum(step.attempts + step.undo_attempts for step in asked)


def compare_orders(luck: Luck, *, orders: int = 20, replications: int = 10, seed: int = 1) -> Comparison:
    """Both ways on the same seeds. Raises InvalidValue for fewer than one order or two replications."""
    if orders < 1:
        raise InvalidValue("orders", orders, "at least 1")
    ways: dict[str, RunOne] = {order: partial(run_checkouts, order, luck, orders) for order in WAYS}
    return compare(ways, replications=replications, seed=seed)


METRICS = {
    "undone": "Steps undone",
    "releases": "Money given back",
    "calls": "Calls",
    "time_ms": "Time (ms)",
}
"""What is told of each way, all of it per order, and its heading."""

_FIRST: dict[StepOrder, str] = {"payment_first": "money", "inventory_first": "stock"}


def rows(luck: Luck, comparison: Comparison) -> list[str]:
    """Three rows of the table: either way, and what the second has more than the first, seed by seed."""
    asked = f"| {100 * luck.out_of_stock:.0f} % | {100 * luck.declined:.0f} %"
    found = []
    for way in WAYS:
        cells = [comparison.estimate(way, metric).interval for metric in METRICS]
        found.append(f"{asked} | {_FIRST[way]} | {' | '.join(cells)} |")
    more = [comparison.difference(WAYS[1], metric).estimate.interval for metric in METRICS]
    return [*found, f"{asked} | *the difference* | {' | '.join(more)} |"]


def table(comparisons: Mapping[Luck, Comparison]) -> str:
    """The table in Markdown. Each number is a mean over runs, with its interval of 95 %."""
    head = ["Out of stock", "Declined", "Asked first", *METRICS.values()]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for luck, comparison in comparisons.items():
        lines += rows(luck, comparison)
    return "\n".join(lines) + "\n"


def compare_all() -> dict[Luck, Comparison]:
    """Both ways at every one of `RATES`."""
    return {luck: compare_orders(luck) for luck in RATES}


if __name__ == "__main__":
    sys.stdout.write(table(compare_all()))
