"""What others can see in between: the same transfers inside one store and over two, watched at every moment.

Inside one store a transfer is one append, and whoever reads both accounts finds all of the money. Over two stores it is
a saga: between its steps the money is in neither account, and no reader can be quick enough to miss that. It is
found again by whoever also counts what is in transit, from the books of both banks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from eventlab.errors import InvalidValue, Refused
from eventlab.runtime import monotonic, random_stream
from eventlab.services import Client
from eventlab.shop import bank
from eventlab.shop.banking import BANK, DepositMade, WithdrawalMade, WithdrawalUndone, account_after, account_stream
from eventlab.shop.keeping import ServiceContext
from eventlab.shop.watching import ToldStore
from eventlab.simulation import Exponential, Link, SimulatedStore, SimulatedTransport, World
from eventlab.simulation.node import Node
from eventlab.store import EventStore, MemoryStore

Kind = Literal["one_store", "two_stores"]

HERE, THERE = "ada", "bo"
OPENING_CENTS = 10_000
CEILING_CENTS = 10_500
"""What bo's account may hold: what would be more is refused, and the money goes back."""

LINK = Link(Exponential(0.02))


@dataclass(frozen=True, slots=True)
class Moment:
    """What both accounts hold from *at_s* until the next moment, and what has left one and not reached the other."""

    at_s: float
    here_cents: int
    there_cents: int
    in_transit_cents: int

    @property
    def seen_cents(self) -> int:
        """What somebody finds who reads both accounts."""
        return self.here_cents + self.there_cents

    @property
    def counted_cents(self) -> int:
        """What somebody finds who counts the money in transit as well."""
        return self.seen_cents + self.in_transit_cents


def observe_transfer(kind: Kind, seed: int = 1, *, transfers: int = 8) -> list[Moment]:
    """Every moment of a run in which two accounts pay each other *transfers* times; the same wishes for both kinds.

    A moment begins with each append, so nothing lies between two of them. Raises
    InvalidValue for an unknown kind and for less than one transfer.
    """
    if kind not in ("one_store", "two_stores"):
        raise InvalidValue("kind", kind, "'one_store' or 'two_stores'")
    if transfers < 1:
        raise InvalidValue("transfers", transfers, "at least 1")
    with World(seed) as world:
        return world.run(_Watched(world, kind).run(transfers))


class _Watched:
    """Two accounts, at one bank or at two, and somebody who looks at both whenever anything has changed."""

    def __init__(self, world: World, kind: Kind) -> None:
        self._world = world
        banks = ("north",) if kind == "one_store" else ("north", "south")
        self._home = {HERE: banks[0], THERE: banks[-1]}
        self._transport = SimulatedTransport(world)
        self._disks: Mapping[str, EventStore] = {name: MemoryStore(name, BANK.owns) for name in banks}
        self._moments: list[Moment] | None = None
        world.network.links.default = LINK
        for name in banks:
            world.node(name, self._boot)

    async def _boot(self, node: Node) -> None:
        store = SimulatedStore(ToldStore(self._disks[node.name], self._look))
        service = bank.Bank(ServiceContext(node.name, store, Client(self._transport, node.name)))
        self._transport.serve(node.name, service.receive)

    async def run(self, transfers: int) -> list[Moment]:
        front = Client(self._transport, "front", timeout_s=600)
        for name in self._disks:
            await self._world.node(name).begin()
        await front.call(self._home[HERE], bank.Open(HERE, OPENING_CENTS))
        await front.call(self._home[THERE], bank.Open(THERE, OPENING_CENTS, CEILING_CENTS))
        moments: list[Moment] = []
        self._moments = moments
        await self._look()
        await asyncio.gather(*(self._pay(front, number) for number in range(transfers)))
        return moments

    async def _pay(self, front: Client, number: int) -> None:
        chance = random_stream(f"transfer/{number}")
        await asyncio.sleep(chance.uniform(0, 1))
        source, target = (HERE, THERE) if chance.random() < 0.7 else (THERE, HERE)
        wish = bank.Transfer(f"transfer-{number}", source, self._home[target], target, chance.randrange(500, 2500))
        try:
            await front.call(self._home[source], wish, key=wish.transfer_id)
        except Refused:
            return  # inside one store: nothing has happened

    async def _look(self) -> None:
        if self._moments is None:
            return
        here, there = [await self._holds(name) for name in (HERE, THERE)]
        moment = Moment(monotonic(), here, there, await self._in_transit())
        if not self._moments or self._moments[-1] != moment:
            self._moments.append(moment)

    async def _holds(self, name: str) -> int:
        account = account_after(await self._disks[self._home[name]].read(account_stream(name)))
        return 0 if account is None else account.cents

    async def _in_transit(self) -> int:
        """Withdrawn, and neither given back nor deposited: it takes both banks' books to know."""
        under_way: dict[str, int] = {}
        for disk in self._disks.values():
            for stored in await disk.read_all():
                if isinstance(stored.event, WithdrawalMade):
                    under_way[stored.event.transfer_id] = stored.event.cents
        for disk in self._disks.values():
            for stored in await disk.read_all():
                if isinstance(stored.event, (DepositMade, WithdrawalUndone)):
                    under_way.pop(stored.event.transfer_id, None)
        return sum(under_way.values())
