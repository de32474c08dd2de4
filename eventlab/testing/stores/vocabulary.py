"""The events that the laws of stores are told in, and the telling of a law."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol, TypeAlias, TypeVar

from eventlab.codec import event
from eventlab.store import EventStore, StoredEvent

E = TypeVar("E", bound=Exception)


class OpenStore(Protocol):
    """Opens a fresh and empty store; one that owns only certain categories, if asked for."""

    async def __call__(self, *, owns: Sequence[str] = ()) -> EventStore: ...


Law: TypeAlias = Callable[[OpenStore], Awaitable[None]]


@event("eventlab.testing.Noted")
@dataclass(frozen=True, slots=True)
class Noted:
    """Anything that happened."""

    text: str


@event("eventlab.testing.Counted")
@dataclass(frozen=True, slots=True)
class Counted:
    """Anything that was counted."""

    number: int
    parts: tuple[int, ...] = ()


@asynccontextmanager
async def opened(open_store: OpenStore, owns: Sequence[str] = ()) -> AsyncIterator[EventStore]:
    """A fresh store for the time of a law."""
    store = await open_store(owns=owns)
    try:
        yield store
    finally:
        await store.close()


async def raised(kind: type[E], doing: Awaitable[object]) -> E:
    """The error that *doing* raises, which must be a *kind* of it."""
    try:
        await doing
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was expected, and nothing was raised")


def places(events: Sequence[StoredEvent]) -> list[tuple[str, int]]:
    """Stream and version of each event."""
    return [(stored.stream, stored.version) for stored in events]


def texts(events: Sequence[StoredEvent]) -> list[str]:
    """What was noted."""
    return [stored.event.text for stored in events]
