"""A store in memory for a test's own events, whatever they are: personal fields are sealed under keys of its own."""

from __future__ import annotations

from collections.abc import Iterable

from eventlab.codec import EVENTS, Encoded
from eventlab.errors import UnknownEventType
from eventlab.store import EventStore, MemoryKeys, MemoryStore, sealed


def store_for(events: Iterable[tuple[str, object]], name: str = "memory") -> EventStore:
    """An empty store that takes *events*."""
    store = MemoryStore(name)
    return sealed(store, MemoryKeys()) if any(_is_personal(event) for _, event in events) else store


def _is_personal(event: object) -> bool:
    try:
        name = event.type if isinstance(event, Encoded) else EVENTS.name_of(type(event))[0]
    except UnknownEventType:
        return False  # the append will say so
    return EVENTS.is_personal(name)
