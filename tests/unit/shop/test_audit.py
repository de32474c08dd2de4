from __future__ import annotations

from typing import Any

from eventlab.shop import OWNS, audit
from eventlab.shop.audit import PAGE
from eventlab.shop.payments import PaymentReserved
from eventlab.shop.stock import StockReceived, StockReserved, StockReturned
from eventlab.store import MemoryStore
from eventlab.testing import run


def test_a_shelf_remembers_its_lowest_level_and_believes_no_total() -> None:
    async def main() -> Any:
        store = MemoryStore("inventory", OWNS["inventory"])
        lies = 99
        events = [
            StockReceived("title-07", 3, lies),
            StockReserved("title-07", "order-1", 2, lies),
            StockReserved("title-07", "order-2", 2, lies),
            StockReturned("title-07", "order-1", 2, lies),
        ]
        await store.append([("stock-title-07", event) for event in events])
        return await audit("inventory", store)

    assert run(main())["stock"] == {"title-07": {"received": 3, "available": 1, "lowest": -1, "lowest_version": 3}}


def test_a_log_longer_than_a_page_is_read_to_its_end() -> None:
    async def main() -> int:
        store = MemoryStore("payments", OWNS["payments"])
        await store.append([(f"payment-{n}", PaymentReserved(str(n), "ada", 1)) for n in range(PAGE + 2)])
        return len((await audit("payments", store))["payments"])

    assert run(main()) == PAGE + 2
