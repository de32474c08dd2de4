"""The two tests that the chapter only sketched, in earnest: five services, each with a store of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from eventlab.shop import OWNS, SERVICES, CreateUser, ShopSettings, audit, check_shop, view_checkout
from eventlab.store import EventStore, MemoryStore, open_store
from tests.unit.shop.market import ORDER, TOTAL_CENTS, Market, in_market

R = TypeVar("R")
KINDS = ("memory", "sqlite")


def stores_of(kind: str, folder: Path) -> dict[str, EventStore]:
    """A store for each service: no two share one."""
    if kind == "memory":
        return {name: MemoryStore(name, OWNS[name]) for name in SERVICES}
    return {name: open_store(f"sqlite:///{folder}/{name}.db", name=name, owns=OWNS[name]) for name in SERVICES}


def with_stores(kind: str, folder: Path, settings: ShopSettings, story: Callable[[Market], Awaitable[R]]) -> R:
    async def told(market: Market) -> R:
        found = await story(market)
        if kind == "sqlite":  # what is kept is what the files say, to whoever opens them next
            for store in market.stores.values():
                await store.close()
            reopened = stores_of(kind, folder)
            books = {name: await audit(name, store) for name, store in reopened.items()}
            assert [result.name for result in check_shop(books) if result.valid is not True] == []
            for store in reopened.values():
                await store.close()
        return found

    return in_market(told, Market(settings, stores=stores_of(kind, folder)))


@pytest.mark.parametrize("kind", KINDS)
def test_a_distributed_saga_completes_in_every_services_own_store(kind: str, tmp_path: Path) -> None:
    async def story(market: Market) -> Any:
        await market.ask("users", CreateUser("ada", "ada@example.org", "12 Analytical Street"))
        assert (await market.checkout()).status == "completed"
        view = await view_checkout(market.stores["orders"], ORDER)
        return view.completed, await market.audits(), await market.broken(), await streams(market)

    completed, books, broken, streams_of = with_stores(kind, tmp_path, ShopSettings(), story)
    assert (completed, broken) == (True, [])
    assert books["orders"]["orders"][ORDER]["status"] == "confirmed"
    assert books["payments"]["payments"][ORDER] == {"status": "captured", "cents": TOTAL_CENTS}
    assert books["inventory"]["reservations"][ORDER]["status"] == "reserved"
    assert books["shipping"]["shipments"][ORDER] == "dispatched"
    assert streams_of == {
        "users": ["user-ada"],
        "orders": ["customer-ada", f"order-{ORDER}", f"saga-{ORDER}"],
        "payments": [f"payment-{ORDER}"],
        "inventory": [f"reservation-{ORDER}", "stock-title-07", "stock-title-11"],
        "shipping": [f"shipment-{ORDER}"],
    }


@pytest.mark.parametrize("kind", KINDS)
def test_a_payment_failure_triggers_compensation_cancels_the_order_and_releases_the_stock(
    kind: str, tmp_path: Path
) -> None:
    async def story(market: Market) -> Any:
        result = await market.checkout()
        view = await view_checkout(market.stores["orders"], ORDER)
        assert (result.status, view.compensation_needed, view.failed_step) == ("compensated", True, "reserve_payment")
        reservation = await market.types("inventory", f"reservation-{ORDER}")
        return await market.audits(), await market.broken(), reservation

    settings = ShopSettings(order="inventory_first", decline_above_cents=TOTAL_CENTS - 1)
    books, broken, reservation = with_stores(kind, tmp_path, settings, story)
    assert broken == []
    assert books["orders"]["orders"][ORDER]["status"] == "cancelled"
    assert books["payments"]["payments"][ORDER]["status"] == "declined"
    assert reservation == ["InventoryReserved", "InventoryReleased"]
    assert {title: shelf["available"] for title, shelf in books["inventory"]["stock"].items()} == {
        "title-07": 5,
        "title-11": 5,
    }
    assert books["shipping"]["shipments"] == {}


async def streams(market: Market) -> dict[str, list[str]]:
    """What lies in the store of each service."""
    return {name: sorted({each.stream for each in await store.read_all()}) for name, store in market.stores.items()}
