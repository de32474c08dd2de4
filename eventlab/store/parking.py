"""Events that somebody could not handle, set aside with the reason, so that the others go on.

The event itself stays in the log. What is kept is where it is, and why.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from typing import Final

import msgspec

from .. import hooks
from ..codec.encoded import is_storable
from ..errors import EventlabError, HandlerCancelled, InvalidValue, VersionConflict
from ..runtime import now
from .cancelling import is_cancelled
from .lazily import make_all
from .model import StoredEvent
from .protocol import EventStore
from .records import Record

KIND: Final = "parked"
_DIGITS: Final = 19
"""Of the largest position: with leading zeros, texts sort as the positions do."""

Handle = Callable[[StoredEvent], Awaitable[object]]


class Parked(msgspec.Struct, frozen=True):
    """An event that was set aside: which one, why, and when."""

    position: int
    stream: str
    version: int
    type: str
    reason: str
    parked_at: datetime


class Redriven(msgspec.Struct, frozen=True):
    """Which events were delivered again, by position, and which stay set aside, with the reason of this time."""

    delivered: tuple[int, ...]
    still_parked: tuple[Parked, ...]


def check_parking(undecodable: Parking | None) -> None:
    """Refuse what is no place to set events aside, as `Park()`, which is said elsewhere."""
    if not isinstance(undecodable, Parking | None):
        raise InvalidValue("undecodable", undecodable, 'a place, as parking(store, "mailer")')


class Parking:
    """Where the consumer called *name* sets events aside, in the records of *store*."""

    def __init__(self, store: EventStore, name: str) -> None:
        text: object = name
        if not isinstance(text, str) or not name or "/" in name or not is_storable(name):
            raise InvalidValue("name of a consumer", name, "a name without '/'")
        self.store, self.name = store, name

    async def park(self, stored: StoredEvent, reason: str) -> None:
        """Set *stored* aside. What is parked already stays as it is."""
        parked = Parked(stored.position, stored.stream, stored.version, stored.type, reason, now())
        try:
            await self.store.records.put(KIND, self._key(stored.position), msgspec.json.encode(parked), version=0)
        except VersionConflict:
            return  # delivered once more after a crash, or by two workers
        if hooks.listening:
            hooks.emit(hooks.EventParked(self.name, stored.position, stored.stream, stored.type, reason))

    async def parked(self) -> list[Parked]:
        """What is set aside, in the order of the log."""
        return [_parked(record) for record in await self._records()]

    async def unpark(self, position: int) -> None:
        """Forget that the event at *position* was set aside. Raises InvalidValue if it is not."""
        record = await self.store.records.get(KIND, self._key(position))
        if record is None:
            raise InvalidValue("position", position, f"one that {self.name!r} has parked")
        await self.store.records.delete(KIND, record.key, version=record.version)

    async def redrive(self, handle: Handle) -> Redriven:
        """Deliver what is set aside again, in the order of the log; what fails again stays.

        Each is delivered at least once, and after events of its stream that came later. Raises InvalidValue, and
        changes nothing, for a *handle* that cannot be waited for.
        """
        whose = f"consumer {self.name!r}"
        check_handler(whose, handle)
        delivered: list[int] = []
        still: list[Parked] = []
        for record in await self._records():
            parked = _parked(record)
            try:
                waited_for: object = handle(await self._stored(parked))
                if inspect.isawaitable(waited_for):
                    await waited_for
            except asyncio.CancelledError:
                if is_cancelled():
                    raise
                cancelled = HandlerCancelled(self.name, parked.position)
                still.append(await self._again(record, parked, reason_of(cancelled)))
                continue
            except Exception as error:
                still.append(await self._again(record, parked, reason_of(error)))
                continue
            if not inspect.isawaitable(waited_for):
                raise no_handler(whose, handle)
            delivered.append(parked.position)
            await self._settle(record)
        return Redriven(tuple(delivered), tuple(still))

    async def _stored(self, parked: Parked) -> StoredEvent:
        """The event itself, decoded: it is delivered only if it can be by now."""
        (stored,) = await self.store.read_all(parked.position - 1, limit=1)
        make_all(stored)
        stored.event  # noqa: B018
        return stored

    async def _again(self, record: Record, parked: Parked, reason: str) -> Parked:
        parked = msgspec.structs.replace(parked, reason=reason)
        with suppress(VersionConflict):  # somebody else redrives, or gave it up
            await self.store.records.put(KIND, record.key, msgspec.json.encode(parked), version=record.version)
        return parked

    async def _settle(self, record: Record) -> None:
        with suppress(VersionConflict):
            await self.store.records.delete(KIND, record.key, version=record.version)

    async def _records(self) -> list[Record]:
        return await self.store.records.list(KIND, prefix=f"{self.name}/")

    def _key(self, position: int) -> str:
        return f"{self.name}/{position:0{_DIGITS}}"


def parking(store: EventStore, name: str) -> Parking:
    """Where the consumer called *name* sets aside what it cannot handle: for ``subscribe(…, undecodable=…)``."""
    return Parking(store, name)


async def parked(store: EventStore, name: str) -> list[Parked]:
    """What the consumer called *name* has set aside, in the order of the log."""
    return await Parking(store, name).parked()


async def redrive(store: EventStore, name: str, handle: Handle) -> Redriven:
    """Give *handle* everything that *name* has set aside, now that it can be decoded or handled."""
    return await Parking(store, name).redrive(handle)


def check_handler(whose: str, handle: object) -> None:
    """Refuse what cannot be waited for, as far as that can be seen before it is called."""
    said = getattr(handle, "__annotations__", {}).get("return", "")
    # A decorator's function has the annotations of the one that it wraps, and may hand on what that one gives back.
    waits = callable(handle) and any(map(inspect.iscoroutinefunction, (handle, inspect.unwrap(handle))))
    plainly = said in (None, "None") and not waits
    generates = inspect.isgeneratorfunction(handle) or inspect.isasyncgenfunction(handle)
    if plainly or generates or not callable(handle):
        raise no_handler(whose, handle)


def no_handler(whose: str, handle: object) -> InvalidValue:
    return InvalidValue(f"the handler of {whose}", handle, "an `async def` that takes a stored event")


def reason_of(error: BaseException) -> str:
    """An error as the reason for setting an event aside. Those of this package say enough by themselves."""
    return str(error) if isinstance(error, EventlabError) else f"{type(error).__name__}: {error}"


def _parked(record: Record) -> Parked:
    return msgspec.json.decode(record.value, type=Parked)
