from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from eventlab import hooks
from eventlab.errors import Refused
from eventlab.shop import OWNS, Item
from eventlab.shop import messages as ask
from eventlab.shop.stock import gathered
from eventlab.simulation import Constant, SimulatedStore
from eventlab.store import MemoryStore
from tests.unit.shop.market import ORDER, Market, in_market, refused


async def left(market: Market) -> dict[str, int]:
    stock = (await market.audits())["inventory"]["stock"]
    return {title: shelf["available"] for title, shelf in stock.items()}


async def broken_stock(market: Market) -> list[str]:
    """What does not hold of the shelves alone: these tests reserve without an order."""
    return [name for name in await market.broken() if name.startswith("stock is")]


def test_all_items_are_reserved_in_one_append_or_none_is() -> None:
    async def story(market: Market) -> Any:
        async with refused("out_of_stock"):
            await market.ask("inventory", ask.ReserveInventory("greedy", (Item("title-07", 1), Item("title-11", 6))))
        await market.ask("inventory", ask.ReserveInventory(ORDER, (Item("title-07", 5), Item("title-11", 5))))
        return await left(market)

    assert in_market(story) == {"title-07": 0, "title-11": 0}


def test_a_refusal_names_the_title_and_is_remembered() -> None:
    async def story(market: Market) -> Any:
        wish = ask.ReserveInventory(ORDER, (Item("title-07", 6),))
        try:
            await market.ask("inventory", wish)
        except Refused as refusal:
            assert refusal.facts == {"order_id": ORDER, "title": "title-07", "left": 5}
        await market.ask("inventory", ask.ReceiveStock("monday", (Item("title-07", 100),)))
        async with refused("out_of_stock"):
            await market.ask("inventory", wish)
        await market.ask("inventory", ask.ReleaseInventory(ORDER))
        return await left(market)

    assert in_market(story) == {"title-07": 105, "title-11": 5}


def test_an_unknown_title_is_out_of_stock_not_one_in_stock() -> None:
    async def story(market: Market) -> None:
        async with refused("out_of_stock"):
            await market.ask("inventory", ask.ReserveInventory(ORDER, (Item("title-99", 1),)))

    in_market(story)


def test_lines_of_one_title_are_counted_together() -> None:
    assert gathered([Item("b", 1), Item("a", 2), Item("b", 3)]) == (Item("a", 2), Item("b", 4))

    async def story(market: Market) -> None:
        async with refused("out_of_stock"):
            await market.ask("inventory", ask.ReserveInventory(ORDER, (Item("title-07", 3), Item("title-07", 3))))
        async with refused("bad_quantity"):
            await market.ask("inventory", ask.ReserveInventory("order-8", (Item("title-07", 0),)))

    in_market(story)


def test_a_release_gives_back_what_the_reservation_names() -> None:
    async def story(market: Market) -> Any:
        await market.ask("inventory", ask.ReserveInventory(ORDER, (Item("title-07", 2), Item("title-11", 1))))
        before = await left(market)
        await market.ask("inventory", ask.ReleaseInventory(ORDER))
        return before, await left(market)

    assert in_market(story) == ({"title-07": 3, "title-11": 4}, {"title-07": 5, "title-11": 5})


def test_of_many_orders_for_the_last_pieces_some_get_them_and_the_rest_are_told_no() -> None:
    """They meet on one stream: without the version check all would have seen five pieces."""
    slow = SimulatedStore(MemoryStore("inventory", OWNS["inventory"]), read=Constant(0.001), append=Constant(0.004))
    conflicts: list[hooks.CommandAttempted] = []

    def note(happening: hooks.Happening) -> None:
        if isinstance(happening, hooks.CommandAttempted) and happening.outcome == "conflict":
            conflicts.append(happening)

    async def story(market: Market) -> Any:
        async def reserve(number: int) -> bool:
            try:
                await market.ask("inventory", ask.ReserveInventory(f"order-{number}", (Item("title-07", 1),)))
            except Refused as refusal:
                assert refusal.code == "out_of_stock"
                return False
            return True

        with hooks.listen(note):
            got = await asyncio.gather(*(reserve(number) for number in range(4)))
            got += await asyncio.gather(*(reserve(number) for number in range(4, 8)))
        return sum(got), await left(market), await broken_stock(market)

    assert in_market(story, Market(stores={"inventory": slow})) == (5, {"title-07": 0, "title-11": 5}, [])
    assert conflicts


requests = st.lists(
    st.tuples(st.sampled_from("rl"), st.integers(0, 3), st.integers(1, 4), st.sampled_from(["title-07", "title-11"])),
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(requests)
def test_whatever_is_reserved_and_released_in_any_order_no_piece_is_lost(
    steps: list[tuple[str, int, int, str]],
) -> None:
    async def story(market: Market) -> list[str]:
        for kind, order, quantity, title in steps:
            wish = (
                ask.ReserveInventory(f"order-{order}", (Item(title, quantity),))
                if kind == "r"
                else ask.ReleaseInventory(f"order-{order}")
            )
            try:
                await market.ask("inventory", wish)
            except Refused:
                continue
        return await broken_stock(market)

    assert in_market(story) == []
