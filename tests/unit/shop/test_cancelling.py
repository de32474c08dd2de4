"""A checkout that is cancelled: before it begins, at any moment of it, and too late."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from eventlab.services import PASS, DeliverAfter, Envelope
from eventlab.services.fate import Fate
from eventlab.shop import CancelCheckout
from tests.unit.shop.market import ORDER, Market, in_market, refused


def slow(envelope: Envelope) -> Fate:
    """A tenth of a second for every message between the services."""
    return PASS if "front" in (envelope.source, envelope.target) else DeliverAfter(0.1)


@pytest.mark.parametrize("after_s", [0.01, 0.05, 0.15, 0.25, 0.35, 0.45, 0.55])
def test_cancelled_before_the_money_is_captured_the_checkout_is_undone_and_the_books_agree(after_s: float) -> None:
    async def story(market: Market) -> Any:
        checkout = asyncio.create_task(market.checkout())
        await asyncio.sleep(after_s)
        cancelled = await market.ask("orders", CancelCheckout(ORDER))
        return cancelled, await checkout, await market.broken()

    cancelled, ended, broken = in_market(story, Market(fate=slow))
    assert (cancelled, broken) == (ended, [])
    assert (ended.status, ended.reason) == ("compensated", "cancelled: the customer does not want it")


def test_a_checkout_that_was_cancelled_first_never_begins() -> None:
    async def story(market: Market) -> Any:
        first = await market.ask("orders", CancelCheckout(ORDER, "a mistake"))
        second = await market.checkout()
        return first, second, await market.types("orders", f"order-{ORDER}"), await market.broken()

    first, second, order, broken = in_market(story)
    assert (first, order, broken) == (second, [], [])
    assert (second.status, second.reason) == ("cancelled", "cancelled: a mistake")


@pytest.mark.parametrize("after_s", [0.65, 5.0])
def test_once_the_money_may_be_captured_it_is_too_late(after_s: float) -> None:
    async def story(market: Market) -> Any:
        checkout = asyncio.create_task(market.checkout())
        await asyncio.sleep(after_s)
        async with refused("too_late"):
            await market.ask("orders", CancelCheckout(ORDER))
        return (await checkout).status, await market.broken()

    assert in_market(story, Market(fate=slow)) == ("completed", [])
