"""What comes from outside is looked at: ids that could name no stream, and amounts that are no whole cents."""

from __future__ import annotations

from typing import Any, get_type_hints

import pytest

from eventlab.errors import CallFailed
from eventlab.services import Request
from eventlab.shop import (
    CancelCheckout,
    CancelOrder,
    Checkout,
    CreateCustomerProfile,
    CreateOrder,
    CreateUser,
    Item,
    Line,
    ProcessPayment,
    ReceiveStock,
    UpdateCustomerProfile,
    UpdateUser,
)
from eventlab.shop import messages as ask
from eventlab.shop.owners import named
from tests.unit.shop.market import LINES, Market, in_market, refused

BAD = ("", " ", "a ", " a", "a*b", "a?", "[a]", "x" * 300)
ASKED: dict[str, Any] = {
    "create user": lambda id: ("users", CreateUser(id, "a@b")),
    "update user": lambda id: ("users", UpdateUser(id, "a@b")),
    "create profile": lambda id: ("orders", CreateCustomerProfile(id, "a@b")),
    "update profile": lambda id: ("orders", UpdateCustomerProfile(id, "a@b", "", 2)),
    "create order": lambda id: ("orders", CreateOrder(id, "ada", LINES)),
    "order of nobody": lambda id: ("orders", CreateOrder("order-1", id, LINES)),
    "cancel order": lambda id: ("orders", CancelOrder(id)),
    "checkout": lambda id: ("orders", Checkout(id, "ada", LINES)),
    "cancel checkout": lambda id: ("orders", CancelCheckout(id)),
    "process payment": lambda id: ("payments", ProcessPayment(id, "order-1", "ada", 1)),
    "reserve payment": lambda id: ("payments", ask.ReservePayment(id, "ada", 1)),
    "receive stock": lambda id: ("inventory", ReceiveStock("monday", (Item(id, 1),))),
    "reserve stock": lambda id: ("inventory", ask.ReserveInventory(id, (Item("title-07", 1),))),
    "reserve a title": lambda id: ("inventory", ask.ReserveInventory("order-1", (Item(id, 1),))),
    "schedule": lambda id: ("shipping", ask.ScheduleShipping(id, "")),
}


@pytest.mark.parametrize("what", ASKED)
def test_an_id_that_can_name_no_stream_is_refused_for_good(what: str) -> None:
    """As a refusal: a failure would be in doubt, and asked again."""

    async def story(market: Market) -> None:
        before = [await store.head() for store in market.stores.values()]
        for id in BAD:
            async with refused("bad_id"):
                await market.ask(*ASKED[what](id))
        assert [await store.head() for store in market.stores.values()] == before

    in_market(story)


def test_no_two_ids_name_one_stream() -> None:
    """Blanks at an end are refused, for a store would trim them; all else is kept as it is."""
    assert named("order", "a-b") == "order-a-b"
    assert named("order", "ünï cödé") == "order-ünï cödé"


def test_a_title_that_can_name_nothing_undoes_its_checkout_at_the_first_attempt() -> None:
    async def story(market: Market) -> Any:
        result = await market.checkout(lines=(Line("title*", 1, 5),))
        types = await market.types("orders", "saga-order-7")
        return result.status, types.count("InventoryReservationRequested"), await market.broken()

    assert in_market(story) == ("compensated", 1, [])


@pytest.mark.parametrize(
    ("service", "request_"),
    [
        ("orders", CreateOrder("order-1", "ada", (Line("title-07", 1, 10.5),))),  # type: ignore[arg-type]
        ("orders", CreateOrder("order-1", "ada", (Line("title-07", 1.5, 10),))),  # type: ignore[arg-type]
        ("payments", ProcessPayment("pay-1", "order-1", "ada", 0.5)),  # type: ignore[arg-type]
        ("inventory", ReceiveStock("monday", (Item("title-07", 0.5),))),  # type: ignore[arg-type]
    ],
    ids=["half a cent", "half a piece", "half a payment", "half a delivery"],
)
def test_nothing_is_counted_in_halves(service: str, request_: Request[Any]) -> None:
    async def story(market: Market) -> None:
        before = await market.stores[service].head()
        with pytest.raises(CallFailed):
            await market.ask(service, request_)
        assert await market.stores[service].head() == before

    in_market(story)


def test_every_amount_that_services_tell_each_other_is_whole_cents() -> None:
    amounts = [
        (cls.__name__, name, hint)
        for cls in vars(ask).values()
        if isinstance(cls, type) and cls.__module__ == ask.__name__
        for name, hint in get_type_hints(cls).items()
        if "cents" in name
    ]
    assert len(amounts) >= 4
    assert [amount for amount in amounts if amount[2] is not int] == []
