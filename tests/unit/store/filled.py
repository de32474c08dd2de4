"""A store with something in it, to be copied and looked through."""

from __future__ import annotations

from eventlab.store import (
    MemoryStore,
    PortableStore,
)
from eventlab.testing.stores.vocabulary import Counted, Noted


async def filled(store: PortableStore | None = None, events: int = 3) -> PortableStore:
    store = store or MemoryStore("source")
    for number in range(events):
        await store.append([("a-1", Noted(str(number))), ("b-1", Counted(number))], command_id=f"c-{number}")
    return store
