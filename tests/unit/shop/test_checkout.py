from __future__ import annotations

import asyncio
from typing import Any

import pytest

from eventlab.errors import CallTimeout
from eventlab.services import DROP, PASS, Client, Envelope
from eventlab.services.fate import Fate
from eventlab.shop import Checkout, Line, ShopSettings
from eventlab.shop.checkout import NAMES
from tests.unit.shop.losing import Losing
from tests.unit.shop.market import LINES, ORDER, TOTAL_CENTS, Market, in_market, refused

pytestmark = pytest.mark.usefixtures("either_way")


def test_a_checkout_completes_in_every_services_own_store() -> None:
    async def story(market: Market) -> Any:
        assert (await market.checkout()).status == "completed"
        audits = await market.audits()
        return audits, await market.broken()

    audits, broken = in_market(story)
    assert broken == []
    assert audits["orders"] == {
        "orders": {ORDER: {"status": "confirmed", "cents": TOTAL_CENTS, "items": {"title-07": 2, "title-11": 1}}},
        "sagas": {ORDER: "completed"},
    }
    assert audits["payments"] == {"payments": {ORDER: {"status": "captured", "cents": TOTAL_CENTS}}}
    assert audits["inventory"]["reservations"] == {
        ORDER: {"status": "reserved", "items": {"title-07": 2, "title-11": 1}}
    }
    assert audits["inventory"]["stock"]["title-07"]["available"] == 3
    assert audits["shipping"] == {"shipments": {ORDER: "dispatched"}}
    assert audits["users"] == {"users": {"ada": "ada@example.org"}}


def test_a_declined_payment_cancels_the_order_and_touches_no_shelf() -> None:
    async def story(market: Market) -> Any:
        result = await market.checkout()
        return result.status, result.reason, await market.audits(), await market.broken()

    status, reason, audits, broken = in_market(story, Market(ShopSettings(decline_above_cents=0)))
    assert (status, broken) == ("compensated", [])
    assert reason == f"refused (declined): {TOTAL_CENTS} cents for order {ORDER} were declined"
    assert audits["orders"]["orders"][ORDER]["status"] == "cancelled"
    assert (audits["inventory"]["reservations"], audits["shipping"]["shipments"]) == ({}, {})


def test_a_payment_that_fails_after_the_stock_was_reserved_releases_the_stock() -> None:
    async def story(market: Market) -> Any:
        await market.checkout()
        return await market.audits(), await market.broken()

    settings = ShopSettings(decline_above_cents=0, order="inventory_first")
    audits, broken = in_market(story, Market(settings))
    assert broken == []
    assert audits["orders"]["orders"][ORDER]["status"] == "cancelled"
    assert audits["inventory"]["reservations"][ORDER]["status"] == "released"
    assert audits["inventory"]["stock"]["title-07"]["available"] == 5


def test_asking_for_the_stock_first_spares_a_reversal_when_it_is_out() -> None:
    async def story(market: Market) -> Any:
        assert (await market.checkout()).status == "compensated"
        return await market.types("payments", f"payment-{ORDER}"), await market.broken()

    def run(order: Any) -> Any:
        return in_market(story, Market(ShopSettings(order=order), stock={"title-07": 1, "title-11": 1}))

    assert run("payment_first") == (["PaymentReserved", "PaymentReleased"], [])
    assert run("inventory_first") == ([], [])


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ((), "refused (no_items): order order-7 has no lines"),
        ((Line("title-07", 0, 5),), "refused (bad_quantity): order order-7 wants 0 of title-07"),
        ((Line("title-07", 1, -5),), "refused (bad_amount): order order-7 pays -5 cents for title-07"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused_before_anybody_is_asked(lines: Any, reason: str) -> None:
    async def story(market: Market) -> Any:
        result = await market.checkout(lines=lines)
        return result.status, result.reason, await market.types("payments", f"payment-{ORDER}")

    assert in_market(story) == ("compensated", reason, [])


def test_an_unknown_customer_is_refused_from_orders_own_copy() -> None:
    async def story(market: Market) -> Any:
        result = await market.ask("orders", Checkout(ORDER, "eve", LINES))
        return result.status, result.reason

    assert in_market(story) == ("compensated", "refused (unknown_customer): nobody knows customer eve")


def test_orders_are_taken_while_users_are_away() -> None:
    def users_are_away(envelope: Envelope) -> Fate:
        return DROP if "users" in (envelope.source, envelope.target) and open_ else PASS

    open_: list[bool] = []

    async def story(market: Market) -> Any:
        open_.append(True)
        return (await market.checkout()).status

    assert in_market(story, Market(fate=users_are_away)) == "completed"


def test_an_order_that_costs_nothing_completes() -> None:
    async def story(market: Market) -> Any:
        result = await market.checkout(lines=(Line("title-07", 1, 0),))
        return result.status, await market.broken()

    assert in_market(story) == ("completed", [])


def test_the_same_order_twice_is_one_order() -> None:
    async def story(market: Market) -> Any:
        results = await asyncio.gather(*(market.checkout() for _ in range(3)))
        results.append(await market.checkout())
        async with refused("differs"):
            await market.checkout(lines=LINES[:1])
        return {result.status for result in results}, await market.types("orders", f"order-{ORDER}")

    assert in_market(story) == ({"completed"}, ["OrderCreated", "OrderConfirmed"])


EVERY_MESSAGE = [
    f"{operation}{way}"
    for operation in ("ReservePayment", "ReserveInventory", "ScheduleShipping", "CapturePayment", "DispatchShipment")
    for way in ("", " reply")
]


@pytest.mark.parametrize("message", EVERY_MESSAGE)
def test_any_message_may_be_lost_once(message: str) -> None:
    async def story(market: Market) -> Any:
        return (await market.checkout()).status, await market.broken()

    assert in_market(story, Market(fate=Losing(message, times=1))) == ("completed", [])


@pytest.mark.parametrize("message", ["ReservePayment", "ReservePayment reply", "ReserveInventory reply"])
def test_a_step_that_stays_unanswered_is_undone_applied_or_not(message: str) -> None:
    async def story(market: Market) -> Any:
        result = await market.checkout()
        assert result.status == "compensated"
        assert (await market.checkout()).status == "compensated"
        return await market.broken()

    assert in_market(story, Market(fate=Losing(message))) == []


@pytest.mark.parametrize("message", ["CapturePayment", "CapturePayment reply", "DispatchShipment reply"])
def test_past_the_point_of_no_return_a_checkout_waits_for_as_long_as_it_takes(message: str) -> None:
    market = Market(fate=Losing(message, times=40))

    async def story(market: Market) -> Any:
        return (await market.checkout()).status, await market.broken()

    assert in_market(story, market) == ("completed", [])
    assert market.settings.step_attempts < 40


def test_a_checkout_outlives_a_caller_who_does_not_wait() -> None:
    async def story(market: Market) -> Any:
        impatient = Client(market.transport, "front", timeout_s=0.5)
        with pytest.raises(CallTimeout):
            await impatient.call("orders", Checkout(ORDER, "ada", LINES))
        await asyncio.sleep(10)
        return (await market.audits())["orders"]["sagas"], await market.broken()

    assert in_market(story, Market(fate=Losing("ReservePayment", times=1))) == ({ORDER: "completed"}, [])


def test_a_new_life_of_orders_finishes_what_the_last_one_left() -> None:
    losing = Losing("CapturePayment")

    async def story(market: Market) -> Any:
        waiting = asyncio.create_task(market.checkout())
        await asyncio.sleep(20)
        await market.services["orders"].stop()
        waiting.cancel()
        before = (await market.audits())["orders"]["sagas"]
        losing.heal()
        await market.live("orders").start()
        await asyncio.sleep(10)
        after = (await market.audits())["orders"]["sagas"]
        await market.services["orders"].stop()
        return before, after, await market.broken()

    assert in_market(story, Market(fate=losing)) == ({ORDER: "running"}, {ORDER: "completed"}, [])


def test_without_compensation_the_invariants_break() -> None:
    """They must be able to."""

    async def story(market: Market) -> Any:
        assert (await market.checkout()).status == "compensated"
        return await market.broken()

    broken = in_market(story, Market(ShopSettings(compensation=False), stock={"title-07": 1, "title-11": 1}))
    assert broken == ["every order is decided", "no money stays reserved"]


def test_what_was_begun_one_way_is_finished_that_way() -> None:
    async def story(market: Market) -> Any:
        engine = market.services["orders"].engine  # type: ignore[attr-defined]
        wish = Checkout(ORDER, "ada", LINES)
        await engine.start(NAMES["inventory_first"], ORDER, wish)
        await engine.drive(ORDER)
        return (await engine.state(ORDER)).definition, await market.broken()

    assert in_market(story) == ("checkout_inventory_first", [])
