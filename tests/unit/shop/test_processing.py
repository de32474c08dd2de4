"""A payment at once, outside any checkout: declined is an answer, and one id is one payment."""

from __future__ import annotations

from typing import Any

import pytest

from eventlab.services import Request
from eventlab.shop import ProcessPayment, ShopSettings
from eventlab.shop import messages as ask
from tests.unit.shop.market import ORDER, TOTAL_CENTS, Market, in_market, refused

PAY = ProcessPayment("pay-1", "order-1", "ada", 3499)


def test_a_payment_is_reserved_and_captured_at_once_and_once() -> None:
    async def story(market: Market) -> Any:
        answers = [await market.ask("payments", PAY) for _ in range(3)]
        assert answers == [ask.PaymentOutcome("pay-1", "captured", 3499)] * 3
        (stored,) = await market.stores["payments"].read("payment-pay-1")
        return stored.type, stored.event.order_id, stored.event.method

    assert in_market(story) == ("PaymentProcessed", "order-1", "card")


def test_a_declined_payment_is_an_answer_and_stays_one() -> None:
    async def story(market: Market) -> Any:
        answers = [await market.ask("payments", PAY) for _ in range(2)]
        assert (
            answers == [ask.PaymentOutcome("pay-1", "declined", 3499, "3499 cents for order order-1 were declined")] * 2
        )
        return await market.types("payments", "payment-pay-1")

    assert in_market(story, Market(ShopSettings(decline_above_cents=3498))) == ["PaymentDeclined"]


@pytest.mark.parametrize(
    "other",
    [
        ProcessPayment("pay-1", "order-1", "ada", 1),
        ProcessPayment("pay-1", "order-2", "ada", 3499),
        ProcessPayment("pay-1", "order-1", "bob", 3499),
        ProcessPayment("pay-1", "order-1", "ada", 3499, "voucher"),
    ],
    ids=["amount", "order", "customer", "method"],
)
def test_one_payment_id_is_one_payment(other: ProcessPayment) -> None:
    async def story(market: Market) -> None:
        await market.ask("payments", PAY)
        async with refused("differs"):
            await market.ask("payments", other)

    in_market(story)


def test_less_than_nothing_cannot_be_paid_at_once_either() -> None:
    async def story(market: Market) -> None:
        async with refused("bad_amount"):
            await market.ask("payments", ProcessPayment("pay-1", "order-1", "ada", -1))

    in_market(story)


RESERVE = ask.ReservePayment(ORDER, "ada", TOTAL_CENTS)
AT_ONCE = ProcessPayment(ORDER, ORDER, "ada", TOTAL_CENTS)


@pytest.mark.parametrize(
    ("first", "then", "code"),
    [
        ([RESERVE], AT_ONCE, "reserved"),
        ([RESERVE, ask.CapturePayment(ORDER)], AT_ONCE, "reserved"),
        ([ask.ReleasePayment(ORDER)], AT_ONCE, "cancelled"),
        ([AT_ONCE], RESERVE, "processed"),
        ([AT_ONCE], ask.ReleasePayment(ORDER), "captured"),
    ],
    ids=["reserved", "captured", "released", "processed", "no refund"],
)
def test_a_checkout_and_a_payment_at_once_leave_each_others_money_alone(
    first: list[Request[Any]], then: Request[Any], code: str
) -> None:
    """A checkout would release in vain what was captured outside of it, and get stuck."""

    async def story(market: Market) -> None:
        for request in first:
            await market.ask("payments", request)
        async with refused(code):
            await market.ask("payments", then)

    in_market(story)


def test_an_order_that_was_paid_at_once_is_not_checked_out_again() -> None:
    async def story(market: Market) -> Any:
        await market.ask("payments", AT_ONCE)
        result = await market.checkout()
        return result.status, (await market.audits())["orders"]["orders"][ORDER]["status"]

    assert in_market(story) == ("compensated", "cancelled")
