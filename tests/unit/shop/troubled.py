"""A shop on five nodes that is troubled by hand: one trouble at a time, and time passes only when it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager, ExitStack, suppress
from typing import Any, Literal

from eventlab.errors import EventlabError, SagaVerbRefused, UnknownSaga
from eventlab.resilience.backoff import Exponential
from eventlab.sagas import Saga, SagaEngine, SagaState, Status
from eventlab.services import Client
from eventlab.services.fate import DROP, PASS, DeliverAfter, Envelope, Fate
from eventlab.shop import SERVICES, ServiceContext, ShopSettings, audit
from eventlab.shop import messages as ask
from eventlab.shop.audit import Facts
from eventlab.shop.build import OWNS
from eventlab.shop.checkout import CheckoutSteps
from eventlab.shop.matrix.laws import repeated_effects
from eventlab.shop.orders import OrdersService
from eventlab.simulation import Node, SimulatedStore, SimulatedTransport, World
from eventlab.store import EventStore, MemoryStore
from tests.unit.shop.operators import Answerable, Help, help_out

TITLES = ("title-0", "title-1", "title-2")
CUSTOMERS = ("ada", "bob")
SETTINGS = ShopSettings(
    step_attempts=3,
    step_backoff=Exponential(0.2, cap_s=2.0),
    undo_backoff=Exponential(0.2, cap_s=2.0),
    stuck_after_s=15.0,
    decline_above_cents=5000,
)

STRANDS = {
    "capture_payment": ("payments", 0.04),
    "dispatch": ("shipping", 0.055),
    "reserve_payment": ("payments", 0.015),
    "reserve_inventory": ("inventory", 0.03),
    "schedule_shipping": ("shipping", 0.04),
}
"""Which service is cut off how long after an order, so that the checkout gets stuck at that step, or at undoing it."""

Damage = Literal["drop", "delay", "double"]


class Deployed(OrdersService):
    """Knows every version of the checkout up to the one that is deployed, to finish what was begun before."""

    version = 1

    def __init__(self, context: ServiceContext) -> None:
        super().__init__(context)
        steps = CheckoutSteps(context.store, context.client, context.settings)
        versions = [
            Saga(saga.name, saga.steps, version=at, input_type=saga.input_type)
            for saga in steps.sagas()
            for at in range(1, self.version + 1)
        ]
        self.engine = SagaEngine(context.store, versions, compensate=context.settings.compensation)


class Troubled:
    """The world, and what befalls it. Everything here is called from outside of the world."""

    def __init__(self, seed: int, settings: ShopSettings = SETTINGS) -> None:
        self.world, self.settings = World(seed, ready="shuffled"), settings
        self.transport = SimulatedTransport(self.world)
        self.disks: dict[str, EventStore] = {name: MemoryStore(name, OWNS[name]) for name in SERVICES}
        self.front = Client(self.transport, "front", timeout_s=30.0)
        self.operator = Client(self.transport, "operator", timeout_s=1.0)
        self.deployed: type[Deployed] = Deployed
        self.engine: SagaEngine | None = None
        self.asked: list[str] = []
        self.told: dict[str, str] = {}
        self.answerable = Answerable()
        self.troubles = ExitStack()
        self.cut_off: dict[str, AbstractContextManager[Any]] = {}
        for name in SERVICES:
            self.world.node(name, self.boot)
        self.world.run(self.open)

    async def boot(self, node: Node) -> None:
        builders = {**SERVICES, "orders": self.deployed}
        store = SimulatedStore(self.disks[node.name])
        service = builders[node.name](
            ServiceContext(node.name, store, Client(self.transport, node.name), self.settings)
        )
        if isinstance(service, Deployed):
            self.engine = service.engine
        await service.start()
        self.transport.serve(node.name, service.receive)

    async def open(self) -> None:
        for name in SERVICES:
            await self.world.node(name).begin()
        await self.front.call("inventory", ask.ReceiveStock("opening", tuple(ask.Item(title, 3) for title in TITLES)))
        for name in CUSTOMERS:
            await self.front.call("orders", ask.CreateCustomerProfile(name, f"{name}@example.org"))

    def order(self, order_id: str, customer: str, lines: tuple[ask.Line, ...]) -> None:
        """Somebody asks for it, and goes away when nothing comes back."""

        async def buy() -> None:
            with suppress(EventlabError):
                result = await self.front.call("orders", ask.Checkout(order_id, customer, lines))
                self.told[order_id] = result.status

        self.asked.append(order_id)
        self.world.spawn(buy(), name=order_id)

    def strand(self, order_id: str, name: str, after_s: float) -> None:
        """An order, and *name* is cut off while it is carried out, for longer than it is patient."""
        self.order(order_id, "ada", (ask.Line("title-1", 1, 1000),))
        self.wait(after_s)
        self.cut(name, "silence")
        self.wait(25.0)

    def wait(self, seconds: float) -> None:
        self.world.run(lambda: asyncio.sleep(seconds))

    def crash(self, name: str) -> None:
        self.world.node(name).crash()

    def restart(self, name: str) -> None:
        async def main() -> None:
            await self.world.node(name).restart()

        if not self.world.node(name).is_up:
            self.world.run(main)

    def deploy(self) -> None:
        """Orders come back with one more version of the checkout than before."""
        self.deployed = type("Deployed", (self.deployed,), {"version": self.deployed.version + 1})
        self.crash("orders")
        self.restart("orders")

    def cut(self, name: str, seen_as: Any) -> None:
        """Between *name* and all others, until `join`."""
        if name not in self.cut_off:
            self.cut_off[name] = self.world.network.isolate(name, seen_as=seen_as)
            self.cut_off[name].__enter__()

    def join(self, name: str) -> None:
        if name in self.cut_off:
            self.cut_off.pop(name).__exit__(None, None, None)

    def spoil_next(self, operation: str, damage: Damage) -> None:
        """The next message of that operation is lost, or late, or comes twice."""
        left = [1]

        def rule(envelope: Envelope) -> Fate:
            if envelope.what.removesuffix(" reply") != operation or not left:
                return PASS
            left.clear()
            if damage == "drop":
                return DROP
            return DeliverAfter(0.005, copy_after=0.9) if damage == "double" else DeliverAfter(0.9)

        self.world.network.links.install(rule)

    def slow(self, name: str, factor: float) -> None:
        self.troubles.enter_context(self.world.node(name).slow(factor))

    def by_hand(self, order_id: str, verb: Literal["retry", "compensate", "cancel"]) -> None:
        """An operator's word, where there is somebody to hear it; what is refused changes nothing."""

        async def speak() -> None:
            assert self.engine is not None
            with suppress(SagaVerbRefused, UnknownSaga):
                await getattr(self.engine, verb)(order_id, by="eve", why="to see")
                self.engine.go(order_id)

        self._at_orders(speak)

    def help_out(self, order_id: str, how: Help) -> None:
        """What an operator does about a checkout that is stuck."""

        async def speak() -> None:
            assert self.engine is not None
            await help_out(self.engine, self.operator, order_id, how, self.answerable)

        self._at_orders(speak)

    def _at_orders(self, speak: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Nobody hears it while orders is down."""

        async def main() -> None:
            with suppress(EventlabError):
                await self.world.node("orders").start(speak)

        if self.world.node("orders").is_up:
            self.world.run(main)

    # --- the end

    def settle(self) -> list[str]:
        """Heal everything, let operators see to what is stuck, and name the laws that do not hold then."""
        for name in list(self.cut_off):
            self.join(name)
        self.troubles.close()
        for name in SERVICES:
            self.restart(name)
        for _ in range(2):
            self.wait(60.0)
            for order_id in self.stuck():
                self.by_hand(order_id, "retry")
        self.wait(60.0)
        return self.world.run(self._broken)

    def stuck(self) -> list[str]:
        async def find() -> list[str]:
            assert self.engine is not None
            found: list[tuple[str, SagaState]] = []
            for order_id in self.asked:
                with suppress(UnknownSaga):
                    found.append((order_id, await self.engine.state(order_id)))
            return [order_id for order_id, state in found if state.status is Status.STUCK]

        async def main() -> list[str]:
            return await self.world.node("orders").start(find)

        return self.world.run(main) if self.world.node("orders").is_up else []

    async def audits(self) -> dict[str, Facts]:
        return {name: await audit(name, disk) for name, disk in self.disks.items()}

    async def _broken(self) -> list[str]:
        audits = await self.audits()
        laws = self.answerable.broken(audits)
        ends = audits["orders"]["sagas"]
        lies = [
            f"what is told is true: {order_id} was told {said}"
            for order_id, said in self.told.items()
            if said in ("completed", "compensated") and ends[order_id] != said
        ]
        return [*laws, *lies, *await repeated_effects(self.disks)]
