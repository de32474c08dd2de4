"""What every service owes to a saga: the same answer again, and no to what comes after its cancellation."""

from __future__ import annotations

from typing import Any

import pytest

from eventlab.errors import ForeignStreamError
from eventlab.services import Request
from eventlab.shop import Item, ReceiveStock, ShopSettings
from eventlab.shop import messages as ask
from tests.unit.shop.market import LINES, ORDER, Market, in_market, refused

ITEMS = (Item("title-07", 2), Item("title-11", 1))
RESERVE_PAYMENT = ask.ReservePayment(ORDER, "ada", 3499)
RESERVE_INVENTORY = ask.ReserveInventory(ORDER, ITEMS)
CREATE_ORDER = ask.CreateOrder(ORDER, "ada", LINES)
SCHEDULE = ask.ScheduleShipping(ORDER, "12 Analytical Street")

PAIRS: dict[str, tuple[str, Request[Any], Request[ask.Done]]] = {
    "payments": (f"payment-{ORDER}", RESERVE_PAYMENT, ask.ReleasePayment(ORDER)),
    "inventory": (f"reservation-{ORDER}", RESERVE_INVENTORY, ask.ReleaseInventory(ORDER)),
    "shipping": (f"shipment-{ORDER}", SCHEDULE, ask.CancelShipping(ORDER)),
    "orders": (f"order-{ORDER}", CREATE_ORDER, ask.CancelOrder(ORDER)),
}


@pytest.mark.parametrize("service", PAIRS)
def test_a_repeated_request_gets_the_same_answer_and_writes_nothing(service: str) -> None:
    stream, do, undo = PAIRS[service]

    async def story(market: Market) -> None:
        for request in (do, do, do):
            assert (await market.ask(service, request)).order_id == ORDER
        assert len(await market.types(service, stream)) == 1
        for request in (undo, undo, undo):
            assert await market.ask(service, request) == ask.Done(ORDER)
        assert len(await market.types(service, stream)) == 2

    in_market(story)


@pytest.mark.parametrize("service", PAIRS)
def test_a_cancellation_that_comes_first_leaves_a_tombstone(service: str) -> None:
    stream, do, undo = PAIRS[service]

    async def story(market: Market) -> None:
        await market.ask(service, undo)
        async with refused("cancelled"):
            await market.ask(service, do)
        assert len(await market.types(service, stream)) == 1

    in_market(story)


@pytest.mark.parametrize("service", PAIRS)
def test_what_was_undone_cannot_be_done_by_a_straggler(service: str) -> None:
    _, do, undo = PAIRS[service]

    async def story(market: Market) -> None:
        await market.ask(service, do)
        await market.ask(service, undo)
        async with refused("cancelled"):
            await market.ask(service, do)

    in_market(story)


def test_one_order_has_one_amount_and_one_list_of_items() -> None:
    async def story(market: Market) -> None:
        await market.ask("payments", RESERVE_PAYMENT)
        async with refused("differs"):
            await market.ask("payments", ask.ReservePayment(ORDER, "ada", 1))
        await market.ask("inventory", RESERVE_INVENTORY)
        async with refused("differs"):
            await market.ask("inventory", ask.ReserveInventory(ORDER, ITEMS[:1]))
        await market.ask("orders", CREATE_ORDER)
        async with refused("differs"):
            await market.ask("orders", ask.CreateOrder(ORDER, "ada", LINES[:1]))

    in_market(story)


def test_a_declined_payment_is_remembered_as_declined() -> None:
    """Or the first message, coming late, would be served after the order was told no."""

    async def story(market: Market) -> None:
        for _ in range(2):
            async with refused("declined"):
                await market.ask("payments", RESERVE_PAYMENT)
        assert await market.types("payments", f"payment-{ORDER}") == ["PaymentDeclined"]
        await market.ask("payments", ask.ReleasePayment(ORDER))
        assert await market.types("payments", f"payment-{ORDER}") == ["PaymentDeclined"]

    in_market(story, Market(ShopSettings(decline_above_cents=3498)))


def test_a_payment_at_the_limit_is_accepted() -> None:
    async def story(market: Market) -> None:
        await market.ask("payments", RESERVE_PAYMENT)

    in_market(story, Market(ShopSettings(decline_above_cents=3499)))


def test_money_is_captured_only_when_reserved_and_released_only_when_not_captured() -> None:
    async def story(market: Market) -> None:
        async with refused("not_reserved"):
            await market.ask("payments", ask.CapturePayment(ORDER))
        await market.ask("payments", RESERVE_PAYMENT)
        for _ in range(2):
            await market.ask("payments", ask.CapturePayment(ORDER))
        async with refused("captured"):
            await market.ask("payments", ask.ReleasePayment(ORDER))
        assert await market.types("payments", f"payment-{ORDER}") == ["PaymentReserved", "PaymentCaptured"]

    in_market(story)


def test_an_order_that_costs_nothing_is_captured_as_nothing() -> None:
    async def story(market: Market) -> Any:
        await market.ask("payments", ask.ReservePayment(ORDER, "ada", 0))
        await market.ask("payments", ask.CapturePayment(ORDER))
        async with refused("bad_amount"):
            await market.ask("payments", ask.ReservePayment("order-8", "ada", -1))
        return (await market.audits())["payments"]["payments"]

    assert in_market(story) == {ORDER: {"status": "captured", "cents": 0}}


def test_a_parcel_leaves_only_when_scheduled_and_then_cannot_be_called_back() -> None:
    async def story(market: Market) -> None:
        async with refused("not_scheduled"):
            await market.ask("shipping", ask.DispatchShipment(ORDER))
        await market.ask("shipping", SCHEDULE)
        for _ in range(2):
            await market.ask("shipping", ask.DispatchShipment(ORDER))
        async with refused("dispatched"):
            await market.ask("shipping", ask.CancelShipping(ORDER))

    in_market(story)


@pytest.mark.parametrize("service", ["users", "orders", "payments", "inventory", "shipping"])
def test_nobody_writes_to_the_streams_of_another_service(service: str) -> None:
    async def story(market: Market) -> None:
        foreign = f"user-{ORDER}" if service != "users" else f"order-{ORDER}"
        event = (await market.stores["users"].read("user-ada"))[0].event
        with pytest.raises(ForeignStreamError):
            await market.stores[service].append([(foreign, event)])

    in_market(story)


def test_a_delivery_counts_once_however_often_it_is_announced() -> None:
    async def story(market: Market) -> Any:
        for _ in range(3):
            await market.ask("inventory", ReceiveStock("monday", (Item("title-07", 4), Item("title-99", 0))))
        return (await market.audits())["inventory"]["stock"]

    assert in_market(story) == {
        "title-07": {"received": 9, "available": 9, "lowest": 5, "lowest_version": 1},
        "title-11": {"received": 5, "available": 5, "lowest": 5, "lowest_version": 1},
        "title-99": {"received": 0, "available": 0, "lowest": 0, "lowest_version": 1},
    }
