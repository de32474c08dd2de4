"""Where a log really ends: beyond its head there may be events that no reader is to see yet."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from .passing import PassingStore
from .protocol import EventStore


@runtime_checkable
class _Ending(Protocol):
    async def end(self) -> int: ...


async def end_of(store: EventStore) -> int:
    """The position of the last event that is there; 0 in an empty log.

    On PostgreSQL the head goes back while an append stalls that had looked at
    the log before others went on. What was read up to an earlier head is there
    all the same: a log that ends before it is another one, or has lost its end.
    """
    beneath = store.beneath if isinstance(store, PassingStore) else store
    return await (beneath.end() if isinstance(beneath, _Ending) else store.head())
