"""The checkout by messages: whatever becomes of requests and outcomes, it ends whole, and each thing is done once."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventlab.services import DROP, PASS, Call, Client, DeliverAfter, Envelope, Fate, InProcessTransport
from eventlab.shop import CheckoutInput, ShopSettings
from eventlab.shop.checkout import NAMES
from eventlab.simulation import Constant, World
from tests.unit.sagas.toys import Cut, Knife
from tests.unit.shop.market import LINES, ORDER, Market, in_market
from tests.unit.shop.test_chaos import SMOOTH, Chaos

WISH = CheckoutInput(ORDER, "ada", LINES)
OTHER = "order-8"
ON_THE_WAY = ("ReservePayment", "ReserveInventory", "ScheduleShipping", "CapturePayment", "DispatchShipment")
MESSAGES = [f"{operation}{what}" for operation in ON_THE_WAY for what in ("", " reply")]
EVERY_MESSAGE = [
    *MESSAGES,
    *(f"{undo}{what}" for undo in ("ReleasePayment", "ReleaseInventory", "CancelShipping") for what in ("", " reply")),
]


def between_services(envelope: Envelope) -> bool:
    return "front" not in (envelope.source, envelope.target)


async def done_twice(market: Market) -> list[str]:
    """What a service did more than once for one order."""
    twice = []
    for name, store in market.stores.items():
        seen: dict[tuple[str, str], None] = {}
        for stored in await store.read_all():
            one = stored.stream, stored.type
            if not stored.stream.startswith(("order-", "payment-", "reservation-", "shipment-")):
                continue
            if one in seen:
                twice.append(f"{name}: {stored.type} in {stored.stream}")
            seen[one] = None
    return twice


async def ended(market: Market) -> dict[str, str]:
    sagas: dict[str, str] = (await market.audits())["orders"]["sagas"]
    return sagas


delays = st.sampled_from([0.0, 0.3, 1.5, 7.0, 40.0])
fates = st.one_of(
    st.just(PASS), st.just(DROP), st.builds(DeliverAfter, delays), st.builds(DeliverAfter, delays, copy_after=delays)
)

rows_of_fates = st.one_of(fates.map(lambda fate: [fate] * 12), st.lists(fates, max_size=3).map(lambda few: few * 4))


@settings(deadline=None, max_examples=100)
@given(
    befalls=st.lists(fates, max_size=30),
    rows=st.dictionaries(st.sampled_from(EVERY_MESSAGE), rows_of_fates, max_size=3),
    lives_s=st.lists(st.sampled_from([0.1, 0.5, 1.1, 3.0, 10.0]), max_size=3),
    chosen=st.sampled_from(["payment_first", "inventory_first"]),
    pieces=st.integers(1, 5),
    limit_cents=st.sampled_from([None, 0]),
)
def test_whatever_becomes_of_the_messages_the_checkouts_end_whole(
    befalls: list[Fate],
    rows: dict[str, list[Fate]],
    lives_s: list[float],
    chosen: Any,
    pieces: int,
    limit_cents: int | None,
) -> None:
    """Two orders for the same shelf, and an orders service that may die several times meanwhile.

    *befalls* is what becomes of the first messages; *rows*, of all attempts at one thing.
    """
    left, left_of = list(befalls), {what: list(row) for what, row in rows.items()}

    def fate(envelope: Envelope) -> Fate:
        if not between_services(envelope):
            return PASS
        row = left_of.get(envelope.what) or left
        return row.pop(0) if row else PASS

    async def story(market: Market) -> Any:
        asking = [asyncio.create_task(market.checkout(order_id)) for order_id in (ORDER, OTHER)]
        for life_s in lives_s:
            await asyncio.sleep(life_s)
            await market.services["orders"].stop()
            await market.live("orders").start()
        await asyncio.sleep(900)
        for task in asking:
            task.cancel()
        mailbox = market.services["orders"].client.transport.mailbox  # type: ignore[attr-defined]
        return list((await ended(market)).values()), await market.broken(), await done_twice(market), mailbox.waiting

    shop = ShopSettings(order=chosen, decline_above_cents=limit_cents)
    stock = {"title-07": pieces, "title-11": pieces}
    ends, broken, twice, waiting = in_market(story, Market(shop, fate, stock=stock, by="message"))
    assert set(ends) <= {"completed", "compensated"}
    assert (broken, twice, waiting) == ([], [], 0)


class CuttingPost(InProcessTransport):
    """The life of orders ends where it has just posted a request: the message is on its way, and nobody waits."""

    knife = Knife()

    def post(self, call: Call) -> None:
        super().post(call)
        if call.source == "orders" and call.answer_to:
            self.knife.point()


def cutting_market(**options: Any) -> Market:
    market = Market(by="message", **options)
    market.transport = CuttingPost()
    for name in market.services:
        market.live(name)
    market.front = Client(market.transport, "front", timeout_s=600)
    return market


async def life(market: Market, cut: int) -> int:
    market.transport.knife = knife = Knife(cut)  # type: ignore[attr-defined]
    orders = market.live("orders")
    with suppress(Cut):
        await orders.engine.run(NAMES[orders.settings.order], ORDER, WISH)
    return knife.seen


@pytest.mark.parametrize("pieces", [1, 5])
def test_a_life_that_ends_when_it_has_asked_is_followed_by_one_that_asks_again(pieces: int) -> None:
    def market() -> Market:
        return cutting_market(stock={"title-07": pieces, "title-11": pieces})

    async def story(market: Market, cut: int) -> Any:
        await life(market, cut)
        await asyncio.sleep(1)
        await life(market, 0)
        mailbox = market.services["orders"].client.transport.mailbox  # type: ignore[attr-defined]
        return await ended(market), await market.broken(), await done_twice(market), mailbox.unclaimed

    points = in_market(lambda market: life(market, 0), market())
    assert points == (5 if pieces > 1 else 3)
    ends = {ORDER: "completed" if pieces > 1 else "compensated"}
    for cut in range(1, points + 1):
        # The outcome of what the first life asked came to the second, which did not yet wait for it, or to nobody.
        assert in_market(lambda market, cut=cut: story(market, cut), market()) == (ends, [], [], 0)


@pytest.mark.parametrize("message", MESSAGES)
def test_orders_may_crash_while_a_request_or_its_outcome_is_under_way(message: str) -> None:
    """In a world, where a crash is silence: what was posted goes on, and the outcome comes to a node that is down."""
    with World(1) as world:
        chaos = Chaos(world, 1, ShopSettings(), SMOOTH, "message")
        chaos.break_things = lambda: asyncio.sleep(0)  # type: ignore[method-assign, assignment]
        world.network.set_latency(Constant(0.1))
        struck: list[str] = []

        def strike(envelope: Envelope) -> Fate:
            if envelope.what == message and not struck:
                struck.append(message)
                world.loop.call_later(0.05, lambda: world.node("orders").crash(), context=world.context.copy())
                world.loop.call_later(0.5, lambda: world.node("orders").restart(), context=world.context.copy())
            return PASS

        with world.network.links.rule(strike):
            audits = world.run(chaos.main)
        assert (struck, list(audits["orders"]["sagas"].values())) == ([message], ["completed"])


@pytest.mark.parametrize("message", ["ReservePayment", "ReserveInventory", "ScheduleShipping"])
def test_requests_that_come_after_they_were_undone_are_told_no(message: str) -> None:
    def late(envelope: Envelope) -> Fate:
        return DeliverAfter(90) if envelope.what == message else PASS

    async def story(market: Market) -> Any:
        status = (await market.checkout()).status
        await asyncio.sleep(200)
        mailbox = market.services["orders"].client.transport.mailbox  # type: ignore[attr-defined]
        return status, await market.broken(), await done_twice(market), mailbox.unclaimed

    attempts = ShopSettings().step_attempts
    assert in_market(story, Market(fate=late, by="message")) == ("compensated", [], [], attempts)


def test_an_outcome_of_the_way_there_is_not_taken_for_one_of_the_way_back() -> None:
    """The stock's yes comes so late that it is being given back, whose own answer takes longer still."""

    def fate(envelope: Envelope) -> Fate:
        if envelope.what == "ReserveInventory reply":
            return DeliverAfter(60)
        return DeliverAfter(59.5) if envelope.what == "ReleaseInventory reply" else PASS

    async def story(market: Market) -> Any:
        result = await market.checkout()
        await asyncio.sleep(200)
        audits = await market.audits()
        mailbox = market.services["orders"].client.transport.mailbox  # type: ignore[attr-defined]
        return result.status, await market.broken(), audits["inventory"]["reservations"][ORDER]["status"], mailbox

    status, broken, reservation, mailbox = in_market(story, Market(fate=fate, by="message"))
    assert (status, broken, reservation, mailbox.waiting) == ("compensated", [], "released", 0)
    assert mailbox.unclaimed > 5


def test_a_way_too_slow_for_any_call_still_carries_messages() -> None:
    """Over a second each way, and nobody waits longer than one: a later attempt gets an earlier one's outcome."""

    def slow(envelope: Envelope) -> Fate:
        return DeliverAfter(1.2) if between_services(envelope) else PASS

    async def story(market: Market) -> Any:
        asking = asyncio.create_task(market.checkout())
        await asyncio.sleep(60)
        asking.cancel()
        return await ended(market)

    assert in_market(story, Market(fate=slow, by="message")) == {ORDER: "completed"}
    assert in_market(story, Market(fate=slow, by="call")) == {ORDER: "compensating"}
