"""Six mistakes under six laws: each breaks its own, and the shop that is built in earnest breaks none."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest

from eventlab.commands import Command, Executed, execute
from eventlab.errors import ForeignStreamError, Refused
from eventlab.naive import mistakes as naive
from eventlab.sagas import Saga, SagaEngine, StepContext, step
from eventlab.shop import SERVICES, ServiceContext, ShopSettings, payments, stock
from eventlab.shop.holding import HoldingStore
from eventlab.shop.messages import Item
from eventlab.shop.owners import INVENTORY, ORDERS
from eventlab.simulation import Constant, World
from eventlab.store import MemoryStore, StreamId
from tests.unit.shop.market import ORDER, Market, in_market

T = TypeVar("T")

DECLINING = ShopSettings(decline_above_cents=0)


def in_world(story: Callable[[], Awaitable[T]]) -> T:
    async def main() -> T:
        return await story()

    with World(1) as world:
        return world.run(main)


async def at_once(store: Any, *commands: Command[Any]) -> list[Executed]:
    return await asyncio.gather(*(execute(store, command) for command in commands))


def conflicts(done: list[Executed]) -> int:
    return sum(len(one.conflicts) for one in done)


def slow(name: str, owns: tuple[str, ...] | None = None) -> HoldingStore:
    """A store at which deciding takes a while, so that those who decide at once meet."""
    return HoldingStore(MemoryStore(name) if owns is None else MemoryStore(name, owns), Constant(0.01))


# --- 1


def checkout_with(build: Callable[[ServiceContext], Any]) -> tuple[str, list[str]]:
    """What a customer is told who cannot pay, and which invariants do not hold then."""

    async def story(market: Market) -> tuple[str, list[str]]:
        context = market.services["payments"]
        polite = build(ServiceContext("payments", market.stores["payments"], context.client, DECLINING))
        market.transport.serve("payments", polite.receive)
        result = await market.checkout()
        return result.status, await market.broken()

    return in_market(story, Market(settings=DECLINING, by="call"))


def test_what_nobody_paid_for_does_not_ship() -> None:
    status, broken = checkout_with(naive.PolitePayments)
    assert status == "completed"
    assert "nothing ships unpaid" in broken

    assert checkout_with(SERVICES["payments"]) == ("compensated", [])


# --- 2


def decisions(command: Command[Any]) -> set[str]:
    """What is decided, asked twenty times about the same state."""

    async def story() -> set[str]:
        return {type(written).__name__ for _ in range(20) for _, written in command.handle(command.initial())}

    return in_world(story)


def test_the_same_state_gives_the_same_decision() -> None:
    stream = StreamId(f"payment-{ORDER}")
    drawn = naive.DrawnPayment(stream, ORDER, "ada", 3499)
    assert decisions(drawn) == {"PaymentDeclined", "PaymentReserved"}

    for limit_cents, decided in ((None, "PaymentReserved"), (0, "PaymentDeclined")):
        sound = payments.ReservePayment(stream, ORDER, "ada", 3499, limit_cents)
        assert decisions(sound) == {decided}


# --- 3


def test_a_checkout_that_is_started_twice_is_one_and_can_be_found_by_its_order() -> None:
    async def naively() -> set[str]:
        store, checkouts = MemoryStore("orders"), StreamId("checkout-all")
        for _ in range(2):
            await execute(store, naive.StartedAnew(checkouts, ORDER))
        return {stored.event.saga_id for stored in await store.read(checkouts)}

    started = in_world(naively)
    assert len(started) == 2 and ORDER not in started

    async def soundly() -> list[bool]:
        async def nothing(ctx: StepContext) -> None:
            pass

        engine = SagaEngine(MemoryStore("orders"), [Saga("checkout", [step("only", nothing)])])
        new = [await engine.start("checkout", ORDER, {}) for _ in range(2)]
        assert (await engine.state(ORDER)).saga_id == ORDER
        return new

    assert in_world(soundly) == [True, False]


# --- 4


def test_services_do_not_write_into_one_anothers_streams() -> None:
    order = StreamId(f"order-{ORDER}")
    marks = [naive.OnSharedOrder(order, by, f"{by} done") for by in ("payments", "inventory", "shipping")]

    async def naively() -> tuple[int, str]:
        store = slow("everything")
        done = await at_once(store, *marks)
        state = marks[0].initial()
        for stored in await store.read(order):
            state = marks[0].apply(state, stored)
        return conflicts(done), state

    met, state = in_world(naively)
    assert met >= 2, "three services that have nothing to do with each other get in each other's way"
    assert state.endswith("done"), "and one of them alone says how the order stands"

    async def soundly() -> None:
        inventory = slow("inventory", INVENTORY.owns)
        with pytest.raises(ForeignStreamError):
            await execute(inventory, marks[1])
        await execute(slow("orders", ORDERS.owns), marks[0])

    in_world(soundly)


# --- 5 and 6


def reservations(number: int) -> list[stock.ReserveInventory]:
    """Orders of the shop's own inventory, each for a title of its own."""
    return [
        stock.ReserveInventory(
            f"order-{at}",
            (Item(f"title-{at}", 1),),
            stock.reservation_stream(f"order-{at}"),
            (stock.stock_stream(f"title-{at}"),),
        )
        for at in range(number)
    ]


def test_orders_for_different_titles_do_not_meet() -> None:
    titles = [f"title-{at}" for at in range(5)]

    async def naively() -> int:
        store = slow("inventory")
        received = [("inventory-all", naive.StockReceived(title, 3)) for title in titles]
        await store.append(received)
        return conflicts(await at_once(store, *(naive.ReserveFromOne(f"order-{t}", t) for t in titles)))

    async def soundly() -> int:
        store = slow("inventory", INVENTORY.owns)
        await execute(store, stock.ReceiveStock(tuple(Item(title, 3) for title in titles)))
        return conflicts(await at_once(store, *reservations(5)))

    assert in_world(naively) >= 4
    assert in_world(soundly) == 0


def test_what_was_never_received_is_not_sold() -> None:
    async def naively() -> list[str]:
        store = MemoryStore("inventory")
        await execute(store, naive.ReserveFromOne("order-1", "title-404"))
        with pytest.raises(Refused):
            await execute(store, naive.ReserveFromOne("order-2", "title-404"))
        return [stored.type for stored in await store.read_all()]

    async def soundly() -> list[str]:
        store = MemoryStore("inventory", INVENTORY.owns)
        (wish,) = reservations(1)
        await execute(store, wish)
        return [stored.type for stored in await store.read_all()]

    assert in_world(naively) == ["NaiveStockReserved"], "one piece of what nobody has"
    assert in_world(soundly) == ["InventoryRefused"]
