"""Users and what orders keep of them: the copy moves only forward, in whatever order its versions arrive."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given as hypothesis_given
from hypothesis import settings
from hypothesis import strategies as st

from eventlab.shop import CreateCustomerProfile, CreateUser, UpdateCustomerProfile, UpdateUser
from eventlab.shop import messages as ask
from eventlab.shop.profiles import CustomerProfileRecorded
from tests.unit.shop.market import LINES, ORDER, Market, in_market, refused

HOME = "12 Analytical Street"


def version(number: int) -> Any:
    """The profile that bob has in that version, as it arrives at orders."""
    email, address = f"bob{number}@example.org", f"{number} Street"
    if number == 1:
        return CreateCustomerProfile("bob", email, address)
    return UpdateCustomerProfile("bob", email, address, number)


def test_a_user_is_registered_once_and_needs_a_proper_address() -> None:
    async def story(market: Market) -> None:
        again = CreateUser("ada", "ada@example.org", HOME)
        assert (await market.ask("users", again)).user_id == "ada"
        async with refused("user_exists"):
            await market.ask("users", CreateUser("ada", "other@example.org"))
        for email in ("", "ada", "@example.org", "ada@", " ada@example.org"):
            async with refused("bad_email"):
                await market.ask("users", CreateUser("bob", email))
        assert await market.types("users", "user-ada") == ["UserRegistered"]

    in_market(story)


def test_every_profile_that_a_user_has_had_is_a_version() -> None:
    async def story(market: Market) -> None:
        moved = UpdateUser("ada", "ada@example.org", "elsewhere")
        assert await market.ask("users", moved) == ask.UserChanged("ada", 2)
        assert await market.ask("users", moved) == ask.UserChanged("ada", 2)
        assert await market.ask("users", UpdateUser("ada", "ada@example.org", HOME)) == ask.UserChanged("ada", 3)
        assert (await market.ask("users", CreateUser("ada", "ada@example.org", HOME))).user_id == "ada"
        async with refused("unknown_user"):
            await market.ask("users", UpdateUser("eve", "eve@example.org"))
        async with refused("bad_email"):
            await market.ask("users", UpdateUser("ada", "nowhere"))
        assert await market.types("users", "user-ada") == ["UserRegistered", "UserUpdated", "UserUpdated"]

    in_market(story)


def test_an_older_profile_is_ignored_and_whoever_brings_it_is_told() -> None:
    async def story(market: Market) -> None:
        assert await market.ask("orders", version(1)) == ask.ProfileKnown("bob", 1)
        assert await market.ask("orders", version(3)) == ask.ProfileKnown("bob", 3)
        assert await market.ask("orders", version(2)) == ask.ProfileKnown("bob", 3, ignored=True)
        assert await market.ask("orders", version(1)) == ask.ProfileKnown("bob", 3, ignored=True)
        assert await market.ask("orders", version(3)) == ask.ProfileKnown("bob", 3)
        assert len(await market.types("orders", "customer-bob")) == 2

    in_market(story)


def test_one_version_of_a_profile_has_one_content() -> None:
    async def story(market: Market) -> None:
        await market.ask("orders", version(1))
        async with refused("customer_exists"):
            await market.ask("orders", CreateCustomerProfile("bob", "other@example.org"))
        async with refused("bad_version"):
            await market.ask("orders", UpdateCustomerProfile("bob", "bob@example.org", HOME, 1))
        assert await market.types("orders", "customer-bob") == ["CustomerProfileRecorded"]

    in_market(story)


@pytest.mark.parametrize("arriving", list(permutations((1, 2, 3))), ids=str)
def test_whatever_order_the_versions_arrive_in_the_newest_is_kept(arriving: tuple[int, ...]) -> None:
    assert kept_of(arriving) == CustomerProfileRecorded("bob", "bob3@example.org", "3 Street", 3)


@settings(max_examples=30, deadline=None)
@hypothesis_given(st.lists(st.integers(1, 6), min_size=1, max_size=12))
def test_repeated_and_late_versions_change_nothing(arriving: list[int]) -> None:
    newest = max(arriving)
    assert kept_of(arriving) == CustomerProfileRecorded("bob", f"bob{newest}@example.org", f"{newest} Street", newest)


def kept_of(arriving: Any) -> Any:
    """What orders know of bob when these versions have arrived."""

    async def story(market: Market) -> Any:
        for number in arriving:
            await market.ask("orders", version(number))
        return (await market.stores["orders"].read("customer-bob"))[-1].event

    return in_market(story)


def test_an_order_says_on_which_version_of_the_profile_it_rests() -> None:
    async def story(market: Market) -> Any:
        await market.ask("orders", UpdateCustomerProfile("ada", "ada@example.org", "2 Street", 2))
        await market.checkout()
        await market.ask("orders", UpdateCustomerProfile("ada", "ada@example.org", "3 Street", 3))
        await market.checkout("order-8", LINES[:1])
        found = [(await market.stores["orders"].read(f"order-{order}"))[0].event for order in (ORDER, "order-8")]
        return [(created.address, created.profile_version) for created in found]

    assert in_market(story) == [("2 Street", 2), ("3 Street", 3)]


def test_what_users_say_of_a_change_is_what_orders_go_by() -> None:
    """Two changes are carried over in the wrong order, as their versions tell."""

    async def story(market: Market) -> Any:
        first = (await market.ask("users", UpdateUser("ada", "ada@example.org", "1 Street"))).version
        second = (await market.ask("users", UpdateUser("ada", "ada@example.org", "2 Street"))).version
        await market.ask("orders", UpdateCustomerProfile("ada", "ada@example.org", "2 Street", second))
        late = await market.ask("orders", UpdateCustomerProfile("ada", "ada@example.org", "1 Street", first))
        await market.checkout()
        return late.ignored, (await market.stores["orders"].read(f"order-{ORDER}"))[0].event.address

    assert in_market(story) == (True, "2 Street")
