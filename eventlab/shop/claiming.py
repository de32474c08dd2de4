"""Whose store it is: a slip in a command line would mix the books of two services, and lose both."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from eventlab.errors import RecordConflict
from eventlab.shop.owners import OWNERS
from eventlab.store import EventStore
from eventlab.store.model import category_of

KIND: Final = "shop"
KEY: Final = "owner"
RELEASE_SQL: Final = f"DELETE FROM records WHERE kind = '{KIND}' AND key = '{KEY}'"
"""What makes an empty store nobody's again, where there is no file to delete."""


async def owner_of(store: EventStore) -> str | None:
    """The service whose events the store has; None where it is empty, or has the events of somebody else."""
    for stored in await store.read_all(limit=1):
        for owner in OWNERS:
            if category_of(stored.stream) in owner.owns:
                return owner.name
    return None


async def claim(store: EventStore, name: str) -> str:
    """Make an empty store *name*'s, if nobody else's; gives back whose it is.

    Of two services that ask at once one gets it. The same service may ask as often as it likes, in any number of
    processes. A store with events needs no mark, so one that never had any goes on.
    """
    if await store.head():
        return await owner_of(store) or name
    while (found := await store.records.get(KIND, KEY)) is None:
        with suppress(RecordConflict):  # another service was faster
            await store.records.put(KIND, KEY, name.encode(), version=0)
    return found.value.decode()
