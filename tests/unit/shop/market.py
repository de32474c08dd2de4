"""A whole shop in one process, for tests: asked through its front door, read in its books."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar, get_args

import pytest

from eventlab.errors import Refused
from eventlab.services import Client, InProcessTransport, Request, Way, carrier
from eventlab.shop import (
    OWNS,
    SERVICES,
    Checkout,
    CheckoutResult,
    CreateCustomerProfile,
    CreateUser,
    Item,
    Line,
    ReceiveStock,
    ServiceContext,
    ShopService,
    ShopSettings,
    audit,
    check_shop,
)
from eventlab.simulation import World
from eventlab.store import EventStore, MemoryStore

R = TypeVar("R")

ORDER = "order-7"
LINES = (Line("title-07", 2, 2500), Line("title-11", 1, 999))
TOTAL_CENTS = 3499


WAYS: tuple[Way, ...] = get_args(Way)
"""How the shop's services ask each other. The same tests hold for both."""


@dataclass
class Market:
    """Five services on one transport. `open` stocks the shelves and lets one customer in."""

    usual_way: ClassVar[Way] = "call"

    settings: ShopSettings = field(default_factory=ShopSettings)
    fate: Any = None
    wrap: Callable[[Client], Client] = lambda client: client
    stock: dict[str, int] = field(default_factory=lambda: {"title-07": 5, "title-11": 5})
    stores: dict[str, EventStore] = field(default_factory=dict)
    services: dict[str, ShopService] = field(default_factory=dict)
    by: Way | None = None

    def __post_init__(self) -> None:
        self.transport = InProcessTransport(self.fate) if self.fate else InProcessTransport()
        self.front = Client(self.transport, "front", timeout_s=600)
        for name in SERVICES:
            self.stores.setdefault(name, MemoryStore(name, OWNS[name]))
            self.live(name)

    def live(self, name: str) -> Any:
        """A new life of one service, on the store that it always had."""
        carried = carrier(self.transport, self.by or self.usual_way)
        client = self.wrap(Client(carried, name))
        service = SERVICES[name](ServiceContext(name, self.stores[name], client, self.settings))
        self.services[name] = service
        carried.serve(name, service.receive)
        return service

    async def open(self) -> None:
        items = tuple(Item(title, quantity) for title, quantity in self.stock.items())
        await self.ask("inventory", ReceiveStock("opening", items))
        await self.ask("users", CreateUser("ada", "ada@example.org", "12 Analytical Street"))
        await self.ask("orders", CreateCustomerProfile("ada", "ada@example.org", "12 Analytical Street"))

    async def ask(self, target: str, request: Request[R]) -> R:
        return await self.front.call(target, request)

    async def checkout(self, order_id: str = ORDER, lines: tuple[Line, ...] = LINES) -> CheckoutResult:
        return await self.ask("orders", Checkout(order_id, "ada", lines))

    async def audits(self) -> dict[str, Any]:
        return {name: await audit(name, self.stores[name]) for name in SERVICES}

    async def broken(self) -> list[str]:
        """The names of the invariants that do not hold."""
        return [result.name for result in check_shop(await self.audits()) if result.valid is not True]

    async def types(self, service: str, stream: str) -> list[str]:
        return [stored.type for stored in await self.stores[service].read(stream)]


def in_market(story: Callable[[Market], Awaitable[R]], market: Market | None = None, *, seed: int = 1) -> R:
    """Run *story* in an open market, in a world where no pause takes any time."""

    async def main() -> R:
        chosen = market or Market()
        await chosen.open()
        return await story(chosen)

    with World(seed) as world:
        return world.run(main)


@asynccontextmanager
async def refused(code: str) -> AsyncIterator[None]:
    """The body is refused with that code."""
    with pytest.raises(Refused) as caught:
        yield
    assert caught.value.code == code
