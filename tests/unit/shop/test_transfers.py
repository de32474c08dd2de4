"""Money that moves: in one append where both accounts are in one store, by a saga where they are not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from eventlab.services import PASS, Client, Envelope, InProcessTransport
from eventlab.services.fate import Fate
from eventlab.shop import ServiceContext
from eventlab.shop.bank import Bank, Deposit, Open, Transfer
from eventlab.shop.banking import (
    BANK,
    AccountOpened,
    MoneyDeposited,
    MoneyGivenBack,
    MoneyWithdrawn,
    WithdrawalMade,
    WithdrawalUndone,
    account_after,
    account_stream,
)
from eventlab.shop.transfers import GiveBack, Withdraw
from eventlab.shop.transfers import Transfer as TransferInside
from eventlab.simulation import World
from eventlab.store import EventStore, MemoryStore, StreamId
from eventlab.testing.given import given
from tests.unit.shop.losing import Losing
from tests.unit.shop.market import refused

ADA, BO = account_stream("ada"), account_stream("bo")
HALF = StreamId("withdrawal-t")
OPENED = [(ADA, AccountOpened(100, None)), (BO, AccountOpened(100, 150))]


def test_inside_one_store_both_accounts_change_in_one_append() -> None:
    given(OPENED).when(TransferInside(ADA, BO, "t", 30)).then(
        (ADA, MoneyWithdrawn("t", 30)), (BO, MoneyDeposited("t", 30))
    )


@pytest.mark.parametrize(
    ("source", "target", "cents", "code"),
    [
        (ADA, BO, 101, "too_little"),
        (ADA, BO, 51, "too_much"),
        (ADA, BO, 0, "bad_amount"),
        (ADA, BO, -5, "bad_amount"),
        (ADA, account_stream("cy"), 1, "unknown_account"),
        (account_stream("cy"), ADA, 1, "unknown_account"),
    ],
)
def test_inside_one_store_a_transfer_that_cannot_be_changes_nothing(
    source: StreamId, target: StreamId, cents: int, code: str
) -> None:
    given(OPENED).when(TransferInside(source, target, "t", cents)).then_refused(code)


def test_the_first_half_is_undone_by_what_is_written_of_it_and_no_ceiling_is_in_its_way() -> None:
    gone = [(BO, MoneyWithdrawn("t", 60)), (HALF, WithdrawalMade("t", BO, 60)), (BO, MoneyDeposited("u", 100))]
    given(OPENED, gone).when(GiveBack(HALF, "t")).then((BO, MoneyGivenBack("t", 60)), (HALF, WithdrawalUndone("t")))


def test_what_is_given_back_before_it_left_never_leaves() -> None:
    given(OPENED).when(GiveBack(HALF, "t")).then((HALF, WithdrawalUndone("t")))
    given(OPENED, (HALF, WithdrawalUndone("t"))).when(Withdraw(ADA, HALF, "t", 10)).then_refused("cancelled")
    given(OPENED, (HALF, WithdrawalUndone("t"))).when(GiveBack(HALF, "t")).then()


def test_the_same_half_again_moves_nothing_and_a_different_one_is_refused() -> None:
    gone = [(ADA, MoneyWithdrawn("t", 10)), (HALF, WithdrawalMade("t", ADA, 10))]
    given(OPENED, gone).when(Withdraw(ADA, HALF, "t", 10)).then()
    given(OPENED, gone).when(Withdraw(ADA, HALF, "t", 11)).then_refused("differs")


class Banks:
    """Ada has 100 cents at the north bank; bo has 100 at the south bank, and may have 150."""

    def __init__(self, fate: Callable[[Envelope], Fate] = lambda envelope: PASS) -> None:
        self.transport = InProcessTransport(fate)
        self.front = Client(self.transport, "front", timeout_s=600)
        self.stores: dict[str, EventStore] = {name: MemoryStore(name, BANK.owns) for name in ("north", "south")}
        self.banks = {name: self.live(name) for name in self.stores}

    def live(self, name: str, **options: Any) -> Bank:
        bank = Bank(ServiceContext(name, self.stores[name], Client(self.transport, name)), **options)
        self.transport.serve(name, bank.receive)
        return bank

    async def pay(self, cents: int, transfer_id: str = "t", to: str = "south") -> Any:
        target = "bo" if to == "south" else "cy"
        return await self.front.call("north", Transfer(transfer_id, "ada", to, target, cents))

    async def holds(self) -> tuple[int, int]:
        found = [account_after(await self.stores[at].read(who)) for at, who in (("north", ADA), ("south", BO))]
        return found[0].cents, found[1].cents  # type: ignore[union-attr]


def at_banks(story: Callable[[Banks], Awaitable[Any]], fate: Callable[[Envelope], Fate] | None = None) -> Any:
    async def main() -> Any:
        banks = Banks(fate) if fate else Banks()
        await banks.front.call("north", Open("ada", 100))
        await banks.front.call("north", Open("cy", 0, 5))
        await banks.front.call("south", Open("bo", 100, 150))
        return await story(banks)

    return World(seed=1).run(main)


def test_over_two_stores_money_leaves_one_bank_and_arrives_at_the_other_once() -> None:
    async def story(banks: Banks) -> Any:
        ended = {(await banks.pay(30)).status for _ in range(3)}
        async with refused("differs"):
            await banks.pay(31)
        return ended, await banks.holds()

    assert at_banks(story) == ({"completed"}, (70, 130))


@pytest.mark.parametrize(("cents", "code"), [(51, "too_much"), (101, "too_little"), (0, "bad_amount")])
def test_over_two_stores_a_refused_transfer_leaves_both_accounts_as_they_were(cents: int, code: str) -> None:
    async def story(banks: Banks) -> Any:
        ended = await banks.pay(cents)
        return ended.status, code in ended.reason, await banks.holds()

    assert at_banks(story) == ("compensated", True, (100, 100))


def test_inside_one_bank_the_same_transfer_again_is_the_same() -> None:
    async def story(banks: Banks) -> Any:
        ended = {(await banks.pay(5, to="north")).status for _ in range(3)}
        async with refused("too_much"):
            await banks.pay(1, "u", to="north")
        async with refused("same_account"):
            await banks.front.call("north", Transfer("v", "ada", "north", "ada", 1))
        return ended, (await banks.holds())[0]

    assert at_banks(story) == ({"completed"}, 95)


@pytest.mark.parametrize("message", ["Deposit", "Deposit reply"])
def test_money_whose_arrival_is_in_doubt_is_asked_for_until_it_is_known(message: str) -> None:
    async def story(banks: Banks) -> Any:
        return (await banks.pay(30)).status, await banks.holds()

    assert at_banks(story, Losing(message, times=4)) == ("completed", (70, 130))


def test_a_deposit_that_was_refused_is_not_served_late() -> None:
    async def story(banks: Banks) -> Any:
        async with refused("too_much"):
            await banks.front.call("south", Deposit("t", "bo", 51))
        await banks.front.call("south", Transfer("u", "bo", "north", "cy", 5))  # now there would be room
        async with refused("too_much"):
            await banks.front.call("south", Deposit("t", "bo", 51))
        return await banks.holds()

    assert at_banks(story) == (100, 95)


def two_from_one_account(locks: bool) -> Any:
    """The first of two transfers cannot arrive, and is undone only after the second was asked for."""

    losing = Losing("Deposit")

    async def story(banks: Banks) -> Any:
        banks.live("north", locks=locks)
        first = asyncio.create_task(banks.pay(80, "first"))
        await asyncio.sleep(1)
        second = asyncio.create_task(banks.pay(40, "second"))
        await asyncio.sleep(1)
        losing.heal()
        return (await first).status, (await second).status, (await second).reason, await banks.holds()

    return at_banks(story, losing)


def test_what_is_seen_in_between_is_built_upon_although_it_is_undone() -> None:
    """One transfer is refused for want of money that another then gives back: nothing isolates two sagas."""
    why = "refused (too_little): account-ada has 20 cents, and not 40"
    assert two_from_one_account(locks=False) == ("compensated", "compensated", why, (100, 100))


def test_with_a_lock_on_the_account_the_second_transfer_waits_and_finds_the_money() -> None:
    assert two_from_one_account(locks=True) == ("compensated", "completed", "", (60, 140))
