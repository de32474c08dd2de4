"""A bank that is killed anywhere in a transfer to another bank: the money arrives once, or is back; none is lost."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventlab.commands import execute
from eventlab.errors import Refused
from eventlab.services import Client
from eventlab.shop import ServiceContext
from eventlab.shop.bank import Bank, Open, Transfer
from eventlab.shop.banking import BANK, AccountOpened, account_after, account_stream
from eventlab.shop.transfers import GiveBack, OpenAccount, Withdraw
from eventlab.simulation import World
from eventlab.store import MemoryStore, StreamId
from tests.unit.sagas.toys import Cut, CuttingStore, Knife
from tests.unit.shop.test_transfers import Banks

WISHES = {"arrives": (30, (70, 130)), "is given back": (51, (100, 100)), "never leaves": (101, (100, 100))}


class CuttingClient(Client):
    knife: Knife

    async def call(self, target: str, request: Any, **options: Any) -> Any:
        answer = await super().call(target, request, **options)
        self.knife.point()
        return answer


class CutBanks(Banks):
    """The north bank dies at points that are chosen, and lives again on its store."""

    def __init__(self) -> None:
        super().__init__()
        self.stores["north"] = CuttingStore("north", BANK.owns)

    async def opened(self) -> CutBanks:
        self.live("north")
        await self.front.call("north", Open("ada", 100))
        await self.front.call("south", Open("bo", 100, 150))
        return self

    async def life(self, cents: int, cut: int) -> int:
        """One life of the north bank, which is asked for the transfer; returns how many points it saw."""
        knife, client = Knife(cut), CuttingClient(self.transport, "north")
        client.knife = self.stores["north"].knife = knife  # type: ignore[attr-defined]
        bank = Bank(ServiceContext("north", self.stores["north"], client))
        with suppress(Cut):
            await bank.engine.run("transfer", "t", Transfer("t", "ada", "south", "bo", cents))
        await asyncio.sleep(0)
        return knife.seen


@pytest.mark.parametrize("wish", WISHES)
def test_cut_anywhere_and_again_the_money_arrives_or_is_back(wish: str) -> None:
    cents, ends = WISHES[wish]

    async def story(first: int, second: int) -> tuple[int, int]:
        banks = await CutBanks().opened()
        seen = await banks.life(cents, first), await banks.life(cents, second)
        await banks.life(cents, 0)
        assert await banks.holds() == ends, f"cut at {first}, then at {second}"
        for name in ("withdrawal-t", "deposit-t"):
            for store in banks.stores.values():
                types = [stored.type for stored in await store.read(name)]
                assert len(types) == len({*types})
        return seen

    for first in count(1):
        for second in count(1):
            seen = World(seed=1).run(lambda at=(first, second): story(*at))
            if seen[1] < second:
                break
        if seen[0] < first:
            break
    assert first > 3


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["leave", "come back"]), st.integers(0, 2)), max_size=12))
def test_asked_and_undone_in_any_order_money_is_in_the_account_or_on_its_way(steps: list[tuple[str, int]]) -> None:
    """And what came back, or was called back before it left, never leaves again."""
    account = account_stream("ada")

    async def story() -> None:
        store = MemoryStore("north", BANK.owns)
        await execute(store, OpenAccount(account, AccountOpened(100, None)))
        on_its_way: dict[int, bool] = {}
        for what, number in steps:
            half, transfer_id = StreamId(f"withdrawal-{number}"), str(number)
            if what == "leave":
                with suppress(Refused):
                    await execute(store, Withdraw(account, half, transfer_id, 10))
                on_its_way.setdefault(number, True)
            else:
                await execute(store, GiveBack(half, transfer_id))
                on_its_way[number] = False
        left = account_after(await store.read(account))
        assert left is not None and left.cents == 100 - 10 * sum(on_its_way.values())

    World(seed=1).run(story())
