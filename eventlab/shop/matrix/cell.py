"""One cell of the fault matrix: five services on five nodes, two checkouts, one fault at one step, and then the books.

The first order has nothing against it. The second is blocked when its money
is to be captured, so that every compensation happens in every cell.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from typing import Literal

import msgspec

from eventlab.errors import EventlabError, InvalidValue
from eventlab.resilience.backoff import Backoff, Exponential
from eventlab.runtime import EPOCH, random_stream
from eventlab.services import Client, Way, carrier
from eventlab.shop import messages as ask
from eventlab.shop.audit import audit
from eventlab.shop.build import OWNS, SERVICES
from eventlab.shop.keeping import ServiceContext, ShopService
from eventlab.shop.matrix.laws import broken_invariants, broken_promises, ending_of, repeated_effects, restless
from eventlab.shop.matrix.places import FAULTS, PLACES, UNDOINGS
from eventlab.shop.matrix.strike import LATENCY_S, Strike, blocking
from eventlab.shop.matrix.struckstore import StruckStore
from eventlab.shop.settings import ShopSettings
from eventlab.simulation import Exponential as ExponentialLaw
from eventlab.simulation import Link, Node, SimulatedStore, SimulatedTransport, World
from eventlab.store import EventStore, MemoryStore

Outcome = Literal["completed", "compensated", "stuck", "broken"]

SETTINGS = ShopSettings(
    step_attempts=3, step_backoff=Exponential(0.2, cap_s=1.0), undo_backoff=Exponential(0.2, cap_s=1.0)
)
"""Patience that a fault of a few seconds may exhaust."""

TIMEOUT_S = 1.0
HOLDS_S = (0.05, 6.0)
"""The shortest and the longest fault: some are over at the second attempt, others outlast all of them."""

ORDER, BLOCKED = "order-1", "order-2"
LINES = (ask.Line("title-07", 2, 2500), ask.Line("title-11", 1, 999))

Builder = Callable[[ServiceContext], ShopService]


class Cell(msgspec.Struct, frozen=True):
    """How one run ended. *endings* says it of each order; *broken* are the laws that did not hold, with witnesses.

    *struck* is how many messages or appends the fault befell. Both checkouts
    had ended, or were visibly stuck, *settled_s* after the fault had healed
    (0: before), and *bound_s* is how long that may take.
    """

    step: str
    fault: str
    seed: int
    endings: dict[str, str]
    broken: tuple[str, ...]
    struck: int
    settled_s: float
    bound_s: float

    @property
    def outcome(self) -> Outcome:
        """``broken`` if any law was, otherwise how the order ended that the step belongs to.

        One that nobody heard of has ended as one that was undone.
        """
        ending = self.endings[BLOCKED if self.step in UNDOINGS else ORDER]
        if self.broken:
            return "broken"
        return "stuck" if ending == "stuck" else "completed" if ending == "completed" else "compensated"


def run_cell(
    step: str,
    fault: str,
    seed: int = 0,
    *,
    settings: ShopSettings = SETTINGS,
    services: Mapping[str, Builder] = SERVICES,
    hold_s: float | None = None,
    by: Way = "call",
) -> Cell:
    """Let *fault* befall *step* of a checkout, in a world of its own, and judge what became of it.

    *services* builds them, so that others can stand in for one of them. The
    fault holds for *hold_s*; None draws that. *by* is how they ask each other.
    Raises InvalidValue for a step, a fault or a way that there is not.
    """
    for what, name, known in (("step", step, PLACES), ("fault", fault, FAULTS)):
        if name not in known:
            raise InvalidValue(what, name, f"one of {'; '.join(known)}")
    with World(seed, ready="shuffled") as world:
        run = _Run(world, settings, services, by)
        return world.run(lambda: run.main(step, fault, hold_s))


def bound_s(settings: ShopSettings) -> float:
    """How long after healing a checkout may take to end: three times the largest backoff, and one timeout."""
    return 3 * max(longest_s(settings.step_backoff), longest_s(settings.undo_backoff)) + TIMEOUT_S


class _Highest(random.Random):
    """Chance that always draws the most."""

    def random(self) -> float:
        return 1.0


def longest_s(backoff: Backoff) -> float:
    """The longest pause that *backoff* can ask for."""
    return backoff.delay_s(10_000, _Highest())


class _Run:
    """The world of one cell."""

    def __init__(self, world: World, settings: ShopSettings, services: Mapping[str, Builder], by: Way) -> None:
        self.world, self.settings, self.services, self.by = world, settings, services, by
        self.transport = SimulatedTransport(world)
        self.front = Client(self.transport, "front", timeout_s=60.0)
        self.disks: dict[str, EventStore] = {name: MemoryStore(name, OWNS[name]) for name in services}
        self.told: dict[str, str] = {}
        world.network.links.default = Link(ExponentialLaw(LATENCY_S))

    async def main(self, step: str, fault: str, hold_s: float | None) -> Cell:
        drawn_s = random_stream("hold").uniform(*HOLDS_S)
        hold_s = drawn_s if hold_s is None else hold_s
        self.strike = Strike(self.world, PLACES[step], fault, timeout_s=TIMEOUT_S, hold_s=hold_s)
        for name in self.services:
            await self.world.node(name, self.boot).begin()
        await self.open()
        self.strike.arm()
        asked = [
            self.world.spawn(self.buy(order_id, after_s), name=order_id)
            for order_id, after_s in ((ORDER, 0.0), (BLOCKED, 20 * LATENCY_S))
        ]
        await asyncio.sleep(hold_s + 10 * bound_s(self.settings))
        for task in asked:
            task.cancel()
        return await self.judge(step, fault)

    async def boot(self, node: Node) -> None:
        name = node.name
        store: EventStore = SimulatedStore(self.disks[name])
        if name == "orders" and self.strike.place.is_local:
            store = StruckStore(store, self.strike)
        carried = carrier(self.transport, self.by)
        client = Client(carried, name, timeout_s=TIMEOUT_S)
        service = self.services[name](ServiceContext(name, store, client, self.settings))
        await service.start()
        receive = blocking(service.receive, "CapturePayment", BLOCKED)
        carried.serve(name, self.strike.before(receive))

    async def open(self) -> None:
        items = tuple(ask.Item(line.title, 5) for line in LINES)
        await self.front.call("inventory", ask.ReceiveStock("opening", items))
        await self.front.call("users", ask.CreateUser("ada", "ada@example.org"))
        await self.front.call("orders", ask.CreateCustomerProfile("ada", "ada@example.org"))

    async def buy(self, order_id: str, after_s: float) -> None:
        await asyncio.sleep(after_s)
        try:
            result = await self.front.call("orders", ask.Checkout(order_id, "ada", LINES))
        except EventlabError as error:
            self.told[order_id] = str(error)
        else:
            self.told[order_id] = result.status

    async def judge(self, step: str, fault: str) -> Cell:
        audits = {name: await audit(name, disk) for name, disk in self.disks.items()}
        endings = {order_id: ending_of(audits, order_id) for order_id in (ORDER, BLOCKED)}
        settled_s = max(0.0, await self.last_moved_s() - (self.strike.healed_s or 0.0))
        within_s = bound_s(self.settings)
        broken = [
            *restless(endings, settled_s, within_s),
            *broken_invariants(audits),
            *broken_promises(self.told, endings),
            *await repeated_effects(self.disks),
        ]
        return Cell(step, fault, self.world.seed, endings, tuple(broken), self.strike.struck, settled_s, within_s)

    async def last_moved_s(self) -> float:
        """When orders last wrote anything: of their customer, of a checkout or of an order."""
        log = await self.disks["orders"].read_all()
        return (log[-1].occurred_at - EPOCH).total_seconds()
