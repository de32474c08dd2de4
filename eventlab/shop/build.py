"""The shop put together: five services, each with a store of its own, in any world.

Whoever runs nodes builds one service at a time from `SERVICES`, at each of its
lives anew on the same store; `build_shop` builds all of them once.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from eventlab.services import Client, Transport
from eventlab.shop.inventory import InventoryService
from eventlab.shop.keeping import ServiceContext, ShopService
from eventlab.shop.orders import OrdersService
from eventlab.shop.owners import OWNERS
from eventlab.shop.payments import PaymentsService
from eventlab.shop.settings import DEFAULT_SETTINGS, ShopSettings
from eventlab.shop.shipping import ShippingService
from eventlab.shop.users import UsersService
from eventlab.store import EventStore, MemoryStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SERVICES: dict[str, Callable[[ServiceContext], ShopService]] = {
    "users": UsersService,
    "orders": OrdersService,
    "payments": PaymentsService,
    "inventory": InventoryService,
    "shipping": ShippingService,
}
"""Service → how to build one life of it."""

OWNS: dict[str, tuple[str, ...]] = {owner.name: owner.owns for owner in OWNERS}
"""Service → the categories of streams that it owns. Its store refuses all others."""


def memory_store(name: str, owns: tuple[str, ...]) -> EventStore:
    return MemoryStore(name, owns)


def build_shop(
    transport: Transport,
    settings: ShopSettings = DEFAULT_SETTINGS,
    *,
    open_store: Callable[[str, tuple[str, ...]], EventStore] = memory_store,
    client_of: Callable[[str], Client] | None = None,
) -> dict[str, ShopService]:
    """All services by name, not served yet. *open_store* gets a service's name and what it owns."""
    make_client = client_of or (lambda name: Client(transport, name))
    return {
        name: build(ServiceContext(name, open_store(name, OWNS[name]), make_client(name), settings))
        for name, build in SERVICES.items()
    }


@asynccontextmanager
async def open_shop(shop: dict[str, ShopService], transport: Transport) -> AsyncIterator[dict[str, ShopService]]:
    """Serve every service on *transport* and start it; stop them all in the end, the last one first."""
    async with AsyncExitStack() as closing:
        for name, service in shop.items():
            closing.callback(transport.serve(name, service.receive))
            closing.push_async_callback(service.stop)
        for service in shop.values():
            await service.start()
        yield shop
