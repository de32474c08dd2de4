"""A theatre's box office, to see conflicts with: clerks who sell seats, and ushers who want to go home.

Two small rules on one store, and each is broken by its own kind of conflict.

*No seat is sold twice.* A show is one stream, ``show-…``, and `SellSeat` reads
and writes it. Clerks who read it at the same version want the same seat: one
append wins, the others meet a version conflict and decide again.

*Somebody stays on duty.* Every usher has a stream, ``usher-…``. `EndDuty`
reads two streams and writes only one of them, so two ushers who leave at once
write to different streams and disturb no version that the other writes: this
is *write skew*. Only an append that also checks the stream it merely read
notices, and `execute` appends so.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from eventlab.checks import CheckResult, none_found
from eventlab.checks.result import broken, held
from eventlab.codec import event
from eventlab.commands import Command
from eventlab.errors import Refused
from eventlab.store import Owner, StoredEvent, StreamId

BOX_OFFICE = Owner("box office", owns=("show", "usher"))

OWNS = BOX_OFFICE.owns
"""The categories of streams that belong to a box office."""


@event("SeatSold")
@dataclass(frozen=True, slots=True)
class SeatSold:
    """*clerk* sold the seat with this number; seats are numbered from 1."""

    seat: int
    clerk: str


@event("DutyBegan")
@dataclass(frozen=True, slots=True)
class DutyBegan:
    """The usher is there from now on."""

    usher: str


@event("DutyEnded")
@dataclass(frozen=True, slots=True)
class DutyEnded:
    """The usher went home."""

    usher: str


@dataclass(frozen=True)
class SellSeat(Command[int]):
    """Sell the next *seats* seats of a show, or none of them.

    The state is how many seats are sold. Refused as ``sold_out`` when fewer
    than *seats* of *capacity* are left.
    """

    show: StreamId
    clerk: str
    seats: int = 1
    capacity: int = 100

    owner = BOX_OFFICE

    def initial(self) -> int:
        return 0

    def apply(self, state: int, stored: StoredEvent) -> int:
        return state + 1

    def handle(self, state: int) -> Iterable[tuple[str, object]]:
        if self.seats < 1:
            raise Refused("bad_count", f"{self.seats} seats cannot be sold", {"seats": self.seats})
        left = self.capacity - state
        if left < self.seats:
            raise Refused("sold_out", f"{left} seats of {self.show} are left", {"show": str(self.show), "left": left})
        return [(self.show, SeatSold(state + number, self.clerk)) for number in range(1, self.seats + 1)]


class _OnDuty(Command[tuple[str, ...]]):
    """A command whose state is who is on duty."""

    owner = BOX_OFFICE

    def initial(self) -> tuple[str, ...]:
        return ()

    def apply(self, state: tuple[str, ...], stored: StoredEvent) -> tuple[str, ...]:
        return _after(state, stored)


@dataclass(frozen=True)
class BeginDuty(_OnDuty):
    """Come on duty. Who is on duty already stays so, and nothing is written."""

    mine: StreamId

    def handle(self, state: tuple[str, ...]) -> Iterable[tuple[str, object]]:
        return [] if usher_of(self.mine) in state else [(self.mine, DutyBegan(usher_of(self.mine)))]


@dataclass(frozen=True)
class EndDuty(_OnDuty):
    """Go home, but only while the other usher is on duty; else refused as ``nobody_else``.

    The state is who is on duty. Both streams are read, and only *mine* is
    written. Who is not on duty has nothing to end.
    """

    mine: StreamId
    other: StreamId

    check_reads = True
    """An usher who is told to stay is told so on a state that still holds."""

    def handle(self, state: tuple[str, ...]) -> Iterable[tuple[str, object]]:
        mine, other = usher_of(self.mine), usher_of(self.other)
        if mine not in state:
            return []
        if other not in state:
            raise Refused("nobody_else", f"{other} is not on duty, so {mine} has to stay", {"usher": mine})
        return [(self.mine, DutyEnded(mine))]


def show_stream(name: str) -> StreamId:
    return StreamId(f"show-{name}")


def usher_stream(name: str) -> StreamId:
    return StreamId(f"usher-{name}")


def usher_of(stream: str) -> str:
    """The usher whose stream it is."""
    return stream.partition("-")[2]


def seats_sold(events: Iterable[StoredEvent]) -> dict[int, tuple[str, ...]]:
    """Every seat that was sold in *events* of one show, with the clerks who sold it. More than one is one too many."""
    sold: dict[int, tuple[str, ...]] = {}
    for stored in events:
        if isinstance(stored.event, SeatSold):
            sold[stored.event.seat] = (*sold.get(stored.event.seat, ()), stored.event.clerk)
    return sold


def no_seat_sold_twice(log: Iterable[StoredEvent]) -> CheckResult:
    """Of every show in *log*, each seat was sold by one clerk, once."""
    twice = [
        f"seat {seat} of {show} was sold by {' and by '.join(clerks)}"
        for show, events in _shows(log).items()
        for seat, clerks in seats_sold(events).items()
        if len(clerks) > 1
    ]
    return none_found("no seat is sold twice", "seats that were sold twice", twice)


def no_show_oversold(log: Iterable[StoredEvent], capacity: int) -> CheckResult:
    """No show in *log* sold more tickets than it has seats."""
    oversold = [
        f"{show} sold {len(events)} tickets for {capacity} seats"
        for show, events in _shows(log).items()
        if len(events) > capacity
    ]
    return none_found("no show is oversold", "shows with more tickets than seats", oversold)


def no_answered_sale_lost(answered: Collection[str], kept: Container[str]) -> CheckResult:
    """Every sale that was *answered* as done, by its command id, has its receipt among those that are *kept*."""
    lost = [f"{sale} was answered as done, and the store knows nothing of it" for sale in answered if sale not in kept]
    return none_found("no answered sale is lost", "sales that were answered and are lost", lost)


def somebody_on_duty(log: Iterable[StoredEvent], began: datetime | None = None) -> CheckResult:
    """From the moment at which the first usher came, there was never a moment with none, in the order of *log*.

    With the time at which the run *began*, the witnesses say when it was.
    """
    name, empty = "somebody is always on duty", list(_left_empty(log, began))
    if empty:
        return broken(name, f"{len(empty)} times nobody was on duty", empty)
    return held(name, "nobody went home while no other stayed")


def _left_empty(log: Iterable[StoredEvent], began: datetime | None) -> Iterator[str]:
    """A witness for each time that the last usher went home, with who had gone before."""
    present: tuple[str, ...] = ()
    gone = ""
    for stored in log:
        before, present = present, _after(present, stored)
        if len(present) < len(before):
            when = f" ({(stored.occurred_at - began).total_seconds():.3f} s)" if began else ""
            left = f"{stored.stream} went home at position {stored.position}{when}"
            if not present:
                yield f"{gone}; then {left}, and nobody was on duty" if gone else f"{left}, and nobody was on duty"
            gone = left


def _shows(log: Iterable[StoredEvent]) -> dict[str, list[StoredEvent]]:
    shows: dict[str, list[StoredEvent]] = {}
    for stored in log:
        if isinstance(stored.event, SeatSold):
            shows.setdefault(stored.stream, []).append(stored)
    return shows


def _after(present: tuple[str, ...], stored: StoredEvent) -> tuple[str, ...]:
    """Who is on duty after one more event; whatever is no coming or going changes nothing."""
    match stored.event:
        case DutyBegan(usher):
            return present if usher in present else (*present, usher)
        case DutyEnded(usher):
            return tuple(name for name in present if name != usher)
    return present
