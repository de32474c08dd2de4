"""An order that is taken and called off without its checkout, and what orders refuse."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from eventlab.shop import CancelOrder, CreateOrder, Line
from tests.unit.shop.losing import Losing
from tests.unit.shop.market import LINES, ORDER, TOTAL_CENTS, Market, in_market, refused


def test_an_order_is_taken_once_and_its_checkout_goes_on_from_it() -> None:
    async def story(market: Market) -> Any:
        for _ in range(2):
            taken = await market.ask("orders", CreateOrder(ORDER, "ada", LINES))
            assert (taken.order_id, taken.total_cents) == (ORDER, TOTAL_CENTS)
        status = (await market.checkout()).status
        return status, await market.types("orders", f"order-{ORDER}"), await market.broken()

    assert in_market(story) == ("completed", ["OrderCreated", "OrderConfirmed"], [])


@pytest.mark.parametrize(
    ("customer", "lines", "code"),
    [
        ("eve", LINES, "unknown_customer"),
        ("ada", (), "no_items"),
        ("ada", (Line("title-07", 0, 5),), "bad_quantity"),
        ("ada", (Line("title-07", -1, 5),), "bad_quantity"),
        ("ada", (Line("title-07", 1, -5),), "bad_amount"),
    ],
)
def test_an_order_that_makes_no_sense_is_not_taken(customer: str, lines: tuple[Line, ...], code: str) -> None:
    async def story(market: Market) -> Any:
        async with refused(code):
            await market.ask("orders", CreateOrder(ORDER, customer, lines))
        return await market.types("orders", f"order-{ORDER}")

    assert in_market(story) == []


def test_an_order_that_was_called_off_is_not_checked_out() -> None:
    async def story(market: Market) -> Any:
        await market.ask("orders", CreateOrder(ORDER, "ada", LINES))
        await market.ask("orders", CancelOrder(ORDER))
        result = await market.checkout()
        return result.status, result.reason, await market.types("payments", f"payment-{ORDER}"), await market.broken()

    why = f"refused (cancelled): the creation of order {ORDER} was cancelled before"
    assert in_market(story) == ("compensated", why, [], [])


def test_an_order_in_its_checkout_is_not_called_off_behind_its_back() -> None:
    """The money would be captured all the same, and the order could never be confirmed."""

    losing = Losing("CapturePayment")

    async def story(market: Market) -> Any:
        checkout = asyncio.create_task(market.checkout())
        await asyncio.sleep(1)
        async with refused("in_checkout"):
            await market.ask("orders", CancelOrder(ORDER))
        losing.heal()
        status = (await checkout).status
        async with refused("in_checkout"):
            await market.ask("orders", CancelOrder(ORDER))
        return status, await market.broken()

    assert in_market(story, Market(fate=losing)) == ("completed", [])


def test_what_the_checkout_has_cancelled_can_be_cancelled_again() -> None:
    async def story(market: Market) -> Any:
        assert (await market.checkout()).status == "compensated"
        return (await market.ask("orders", CancelOrder(ORDER))).order_id

    assert in_market(story, Market(stock={"title-07": 1, "title-11": 1})) == ORDER
