"""Kill orders after every append and every call of a checkout: the next life ends it, and the books agree."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from itertools import count
from typing import Any

import pytest

from eventlab.errors import CallTimeout
from eventlab.services import Client
from eventlab.shop import OWNS, CheckoutInput, ShopSettings
from eventlab.shop.checkout import NAMES
from tests.unit.sagas.toys import Cut, CuttingStore, Knife
from tests.unit.shop.market import LINES, ORDER, Market, in_market

pytestmark = pytest.mark.usefixtures("either_way")

WISH = CheckoutInput(ORDER, "ada", LINES)
EMPTY = {"title-07": 1, "title-11": 1}

CASES: dict[str, dict[str, Any]] = {
    "success": {"ends": "completed"},
    "payment declined": {"settings": ShopSettings(decline_above_cents=0)},
    "out of stock": {"stock": EMPTY},
    "out of stock, stock first": {"stock": EMPTY, "settings": ShopSettings(order="inventory_first")},
    "declined after the stock": {"settings": ShopSettings(order="inventory_first", decline_above_cents=0)},
    "releasing fails twice": {"stock": EMPTY, "failing": {"ReleasePayment": 2}},
    "releasing is not answered twice": {"stock": EMPTY, "unanswered": {"ReleasePayment": 2}},
    "scheduling is never answered": {"unanswered": {"ScheduleShipping": 99}},
    "capturing is not answered for long": {"unanswered": {"CapturePayment": 9}, "ends": "completed"},
}


class CuttingClient(Client):
    """Every answer is a point: the other side has done it, and orders never hears of it."""

    knife = Knife()
    failing: dict[str, int]
    unanswered: dict[str, int]

    async def call(self, target: str, request: Any, **options: Any) -> Any:
        operation = type(request).__name__
        if self.failing.get(operation, 0):
            self.failing[operation] -= 1
            raise CallTimeout(target, operation, 1.0)
        answer = await super().call(target, request, **options)
        self.knife.point()
        if self.unanswered.get(operation, 0):
            self.unanswered[operation] -= 1
            raise CallTimeout(target, operation, 1.0)
        return answer


def market_of(case: str) -> Market:
    chosen = CASES[case]
    failing, unanswered = dict(chosen.get("failing", {})), dict(chosen.get("unanswered", {}))

    def wrap(client: Client) -> Client:
        cutting = CuttingClient(client.transport, client.source)
        cutting.failing, cutting.unanswered = failing, unanswered
        return cutting

    settings = {key: chosen[key] for key in ("settings", "stock") if key in chosen}
    return Market(stores={"orders": CuttingStore("orders", OWNS["orders"])}, wrap=wrap, **settings)


async def life(market: Market, cut: int, *, first: bool = False) -> int:
    """One life of orders that ends at point *cut*, or when its work is done; returns how many points it saw."""
    knife = Knife(cut)
    orders = market.live("orders")
    market.stores["orders"].knife = orders.client.knife = knife  # type: ignore[attr-defined]
    with suppress(Cut):
        if first:
            await orders.engine.run(NAMES[orders.settings.order], ORDER, WISH)
        for saga_id in await orders.engine.unfinished():
            await orders.engine.drive(saga_id)
    await asyncio.sleep(0)
    return knife.seen


async def assert_whole(market: Market, case: str, where: str) -> None:
    audits = await market.audits()
    assert await market.broken() == [], where
    status = audits["orders"]["sagas"][ORDER]
    assert status in ("completed", "compensated"), where
    assert status == CASES[case].get("ends", "compensated"), where
    for name, store in market.stores.items():
        log = [stored.type for stored in await store.read_all() if stored.stream.endswith(ORDER)]
        once = [each for each in log if name != "orders" or each.startswith("Order")]
        assert len(once) == len({*once}), f"{where}: {name} did something twice: {once}"


@pytest.mark.parametrize("case", CASES)
def test_cut_anywhere_the_next_life_ends_it(case: str) -> None:
    points = in_market(lambda market: life(market, 0, first=True), market_of(case))
    assert points > 5

    async def story(market: Market, cut: int) -> None:
        await life(market, cut, first=True)
        await life(market, 0)
        await assert_whole(market, case, f"cut at {cut}")

    for cut in range(1, points + 1):
        in_market(lambda market, cut=cut: story(market, cut), market_of(case))


@pytest.mark.parametrize("case", ["success", "out of stock"])
def test_cut_again_during_the_resumption_the_third_life_ends_it(case: str) -> None:
    async def story(market: Market, first: int, second: int) -> int:
        await life(market, first, first=True)
        seen = await life(market, second)
        await life(market, 0)
        await assert_whole(market, case, f"cut at {first}, then at {second}")
        return seen

    points = in_market(lambda market: life(market, 0, first=True), market_of(case))
    for first in range(1, points + 1):
        for second in count(1):
            seen = in_market(lambda market, at=(first, second): story(market, *at), market_of(case))
            if seen < second:
                break
