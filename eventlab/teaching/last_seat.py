"""The exercise of chapter 2: selling the next seat by hand, among others who sell."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple

from eventlab.errors import Refused, VersionConflict
from eventlab.shop.boxoffice import SeatSold, no_seat_sold_twice, seats_sold, show_stream
from eventlab.store import EventStore, Receipt, StoredEvent, StreamId

from .desk import Desk
from .exercise import Exercise
from .laws import Law, NeverDone
from .office import Evening, Office, told
from .patience import STEPS_MAX, Patient, Unfinished
from .said import shown

LEAR = show_stream("lear")


class Crowd(NamedTuple):
    """So many clerks at once, each with one customer, for a show of which some seats are sold."""

    seats: int
    sold: int
    clerks: int


Answer = Callable[[Any, StreamId, str, int], Awaitable[object]]
CALLS_MAX = 500
"""How often all answers of an evening together may ask the store."""

UNTIL_S = 60.0
"""Virtual time after which nobody is waited for any more. Our solution needs less than one second."""


class _Patient(Desk):
    """A desk that leaves an answer waiting which never comes to an end by itself."""

    calls = 0

    async def _count(self) -> None:
        self._never = getattr(self, "_never", None) or asyncio.get_running_loop().create_future()
        self.calls += 1
        if self.calls > CALLS_MAX:
            await self._never

    async def read(self, stream: str, **options: Any) -> list[StoredEvent]:
        await self._count()
        return await super().read(stream, **options)

    async def read_many(self, streams: Sequence[str], **options: Any) -> dict[str, list[StoredEvent]]:
        await self._count()
        return await super().read_many(streams, **options)

    async def append(self, events: Sequence[tuple[str, object]], **options: Any) -> Receipt:
        await self._count()
        return await super().append(events, **options)


def evening(answer: Answer, crowd: Crowd, seed: int = 2) -> Evening:
    """Let everybody of the crowd be served by *answer*, at about the same time, and go home after UNTIL_S."""
    names = [f"clerk {number}" for number in range(1, crowd.clerks + 1)]
    earlier = [(LEAR, SeatSold(seat, "earlier")) for seat in range(1, crowd.sold + 1)]

    async def serve(store: Any, clerk: Any) -> object:
        return await Patient(_called(answer, store, clerk, crowd.seats))

    return Office(seed=seed, desk=_Patient, until_s=UNTIL_S).run({name: name for name in names}, serve, before=earlier)


async def _called(answer: Answer, store: Any, clerk: str, seats: int) -> object:
    return await answer(store, LEAR, clerk, seats)


def _judged(verdict: Callable[[Evening, Crowd], bool | str]) -> Callable[[Answer, Crowd], bool | str]:
    def holds(answer: Answer, crowd: Crowd) -> bool | str:
        found = evening(answer, crowd)
        waiting = [who for who, end in found.ended.items() if isinstance(end, Unfinished)]
        if waiting:
            raise NeverDone(
                f"{waiting[0]} was still not served after {UNTIL_S:.0f} s, {CALLS_MAX} calls of the store, "
                f"or {STEPS_MAX:,} steps"
            )
        return verdict(found, crowd)

    return holds


def _sold(evening: Evening) -> Mapping[int, tuple[str, ...]]:
    return seats_sold(evening.log)


def _next_seat(evening: Evening, crowd: Crowd) -> bool | str:
    clerk, expected = "clerk 1", crowd.sold + 1
    found = [seat for seat, clerks in _sold(evening).items() if clerk in clerks]
    if crowd.sold < crowd.seats:
        return (
            found == [expected] or f"the log should hold seat {expected}, sold by {clerk}; it holds {found or 'none'}"
        )
    if found:
        return f"seat {found[0]} was sold, of {crowd.seats}"
    end = evening.ended[clerk]
    return isinstance(end, Refused) or f"{clerk} should be refused, but the end was: {told(end)}"


def _once(evening: Evening, crowd: Crowd) -> bool | str:
    check = no_seat_sold_twice(evening.log)
    if not check.valid:
        return str(check.witnesses[0])
    beyond = [seat for seat in _sold(evening) if seat > crowd.seats]
    return not beyond or f"seat {beyond[0]} was sold, of {crowd.seats}"


def _served(evening: Evening, crowd: Crowd) -> bool | str:
    """Everybody has a seat or a refusal, and nobody is refused while a seat is left."""
    sellers = {clerk for clerks in _sold(evening).values() for clerk in clerks}
    left = crowd.seats - len(_sold(evening))
    for clerk, end in evening.ended.items():
        if isinstance(end, Refused) and left:
            return f"{clerk} was refused, while {left} {'seat was' if left == 1 else 'seats were'} left"
        if isinstance(end, Exception) and not isinstance(end, Refused):
            return f"{clerk} was left with an error, {told(end)}"
        if clerk not in sellers and not isinstance(end, Refused):
            return f"{clerk} was left with neither a seat nor a refusal"
    return True


def _accounted(evening: Evening, crowd: Crowd) -> bool | str:
    """One seat for each sale, nothing but sales, nowhere else; and what was given back is what was logged."""
    elsewhere = sorted({stored.stream for stored in evening.log} - {LEAR})
    if elsewhere:
        return f"the stream {elsewhere[0]} was written to, and only {LEAR} may change"
    written = [stored.event for stored in evening.log][crowd.sold :]
    for clerk, end in evening.ended.items():
        own = [event for event in written if isinstance(event, SeatSold) and event.clerk == clerk]
        seats = " and ".join(f"seat {event.seat}" for event in own) or "none"
        if len(own) != (0 if isinstance(end, Refused) else 1):
            asked = "was refused" if isinstance(end, Refused) else "came for one seat"
            return f"{clerk} {asked}, and the log holds {seats} for them"
        if own and end != own[0]:
            return f"{clerk} was given back {shown(end)}, and the log holds {own[0]}"
    strays = [event for event in written if getattr(event, "clerk", None) not in evening.ended]
    return not strays or f"the log holds {strays[0]}, which is a sale of nobody here"


async def sell(store: EventStore, show: StreamId, clerk: str, seats: int) -> SeatSold:
    while True:
        events = await store.read(show)
        if len(events) >= seats:
            raise Refused("sold_out", f"all {seats} seats are sold")
        ticket = SeatSold(len(events) + 1, clerk)
        try:
            await store.append([(show, ticket)], expect={show: len(events)})
            return ticket
        except VersionConflict:
            continue


exercise = Exercise(
    "Write `async def sell(store, show, clerk, seats)`. It sells the next seat of the stream `show`, which holds a "
    "`SeatSold(seat, clerk)` for every seat sold, gives back the event, or raises `Refused`.",
    laws=[
        Law(
            "A clerk alone sells the next seat, and is refused when all are sold.",
            (Crowd(8, 7, 1), Crowd(8, 0, 1), Crowd(8, 8, 1)),
            _judged(_next_seat),
        ),
        Law(
            "No seat is sold twice and none that is not there, whoever comes in between.",
            (Crowd(8, 7, 2), Crowd(8, 6, 3), Crowd(8, 0, 10)),
            _judged(_once),
        ),
        Law(
            "Everybody gets a seat while there is one. A conflict is no answer for a customer.",
            (Crowd(8, 7, 2), Crowd(8, 6, 2), Crowd(20, 0, 10)),
            _judged(_served),
        ),
        Law(
            "Each sale is one seat in `show`, and gives back the event that was logged. Nothing else is written.",
            (Crowd(8, 7, 1), Crowd(8, 7, 2), Crowd(8, 6, 2), Crowd(20, 0, 10)),
            _judged(_accounted),
        ),
    ],
    solution=sell,
    hints=[
        "`events = await store.read(show)` gives what is in the stream; its version is their number.",
        "`await store.append([(show, event)], expect={show: version})` raises `VersionConflict` if others wrote.",
        "What was decided on the old version is worth nothing on the new one: the loop begins with the reading.",
    ],
)
