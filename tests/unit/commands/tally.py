"""A tally that is kept: one stream of additions, each of which says what it came to, so that a wrong fold shows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import msgspec

from eventlab.codec import EVENTS
from eventlab.commands import Command, Snapshot
from eventlab.errors import Refused
from eventlab.store import EventStore, StoredEvent, StreamId
from eventlab.store.snapshots import KIND, KeptState

STREAM = StreamId("tally-1")
_numbers = count(1)


@dataclass(frozen=True)
class Tally:
    total: int = 0
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Add(Command[Tally]):
    """Adds *cents*, unless it comes to more than *most*; nothing at all if there is nothing to add."""

    stream: StreamId
    cents: int
    most: int = 10**9
    made: Any = None

    def initial(self) -> Tally:
        return Tally()

    def apply(self, state: Tally, stored: StoredEvent) -> Tally:
        return replace(state, total=state.total + stored.event.worth(), kinds=(*state.kinds[-2:], stored.type))

    def handle(self, state: Tally) -> Iterable[tuple[str, object]]:
        if state.total + self.cents > self.most:
            raise Refused("too_much", facts={"total": state.total, "kinds": state.kinds})
        return [(self.stream, self.made(self.cents, state.total + self.cents))] if self.cents else ()


def keeping(every: int, version: int = 1) -> type[Add]:
    """The same command, with its state kept."""

    @dataclass(frozen=True)
    class Keeping(Add):
        snapshot = Snapshot("tally", every=every, version=version)

    return Keeping


class Kind:
    """An event type of its own, so that its history of schemas does not reach into other tests."""

    def __init__(self) -> None:
        self.name = f"tests.Added{next(_numbers)}"

        @dataclass(frozen=True)
        class Added:
            cents: int
            total: int

            def worth(self) -> int:
                return self.cents

        EVENTS.register(Added, self.name, 1)
        self.first: Any = Added

    def reform(self) -> None:
        """From now on every event that was written before counts tenfold."""

        @dataclass(frozen=True)
        class AddedInTenths:
            tenths: int
            total: int

            def worth(self) -> int:
                return self.tenths

        EVENTS.register(AddedInTenths, self.name, 2)
        EVENTS.upcaster(self.name, 1)(lambda data: {"tenths": data["cents"] * 10, "total": data["total"]})


async def kept(store: EventStore) -> KeptState | None:
    """What is kept of the tally, whether or not it is believed."""
    record = await store.records.get(KIND, f"tally|{STREAM}")
    return None if record is None else msgspec.json.decode(record.value, type=KeptState)


async def kept_version(store: EventStore) -> int:
    """Up to which version; 0 if nothing is kept."""
    found = await kept(store)
    return 0 if found is None else found.version
