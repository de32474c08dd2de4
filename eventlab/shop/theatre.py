"""The box office as a service: it sells seats and keeps the ushers' hours, by commands on its own store."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any

from eventlab.checks import CheckResult
from eventlab.commands import Command, Executed, execute
from eventlab.runtime import monotonic, now, on_node, random_stream
from eventlab.services import Call, Request, handles
from eventlab.shop.boxoffice import (
    BeginDuty,
    EndDuty,
    SeatSold,
    SellSeat,
    no_answered_sale_lost,
    no_seat_sold_twice,
    no_show_oversold,
    show_stream,
    somebody_on_duty,
    usher_stream,
)
from eventlab.shop.keeping import ServiceContext, ShopService
from eventlab.simulation.modelled import Done, Work
from eventlab.store import EventStore, StoredEvent

Execute = Callable[..., Awaitable[Executed]]
"""How a command is carried out: `eventlab.commands.execute`, or something that looks like it."""

PAGE = 1000


class GoHome(Request[Done], frozen=True):
    """*usher* would like to go home, while *other* stays."""

    usher: str
    other: str


class ComeBack(Request[Done], frozen=True):
    """*usher* is here again."""

    usher: str


class BoxOffice(ShopService):
    """Sells one show, whose seats are shared out evenly among *sections*, each a stream of its own.

    A unit of `Work` is the sale of one seat, in a section drawn by chance; its
    id names the clerk, then perhaps, after a stroke, which of the clerk's sales it is.
    Whoever draws a section that is sold out is refused, though there may be
    seats in others: that is what splitting costs.
    """

    def __init__(
        self, context: ServiceContext, *, seats: int = 1200, sections: int = 1, execute: Execute = execute
    ) -> None:
        super().__init__(context)
        self._capacity, self._sections, self._execute = seats // sections, sections, execute

    async def _decide_by(self, person: str, command: Command[Any], call: Call) -> None:
        """Carry out *command* in the way that this box office was given; the history says who decided."""
        with on_node(person):
            await self._execute(self.store, command, retry=self.settings.conflicts, command_id=call.key or None)

    @handles(Work)
    async def sell(self, request: Work, call: Call) -> Done:
        section = random_stream(f"{self.name}/sections").randint(1, self._sections)
        clerk = request.id.partition("/")[0]
        await self._decide_by(clerk, SellSeat(show_stream(f"hamlet-{section}"), clerk, capacity=self._capacity), call)
        return Done()

    @handles(GoHome)
    async def go_home(self, request: GoHome, call: Call) -> Done:
        mine = usher_stream(request.usher)
        await self._decide_by(str(mine), EndDuty(mine, usher_stream(request.other)), call)
        return Done()

    @handles(ComeBack)
    async def come_back(self, request: ComeBack, call: Call) -> Done:
        mine = usher_stream(request.usher)
        await self._decide_by(str(mine), BeginDuty(mine), call)
        return Done()


async def check_theatre(
    store: EventStore, *, seats: int, sections: int, answered: Sequence[str] = ()
) -> list[CheckResult]:
    """What must be true of a box office, held against its log: of seats if it sold any, of ushers if any came.

    *answered* are the command ids of the sales that customers were told of.
    """
    log: list[StoredEvent] = []
    while page := await store.read_all(log[-1].position if log else 0, limit=PAGE):
        log += page
    found = list(_checked(log, seats // sections))
    if answered:
        kept = [sale for sale in answered if await store.receipt(sale) is not None]
        found.append(no_answered_sale_lost(answered, set(kept)))
    return found


def _checked(log: list[StoredEvent], capacity: int) -> Iterable[CheckResult]:
    sales = [stored for stored in log if isinstance(stored.event, SeatSold)]
    if sales:
        yield no_seat_sold_twice(sales)
        yield no_show_oversold(sales, capacity)
    if len(sales) < len(log):
        yield somebody_on_duty(log, now() - timedelta(seconds=monotonic()))
