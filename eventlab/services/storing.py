"""Whether a service's store takes what is written to it: a full disk goes on being read."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from ..errors import AppendUnknown, EventlabError, RecordConflict, StoreFailed
from ..store import EventStore

TROUBLE: Final = (StoreFailed, AppendUnknown)
"""What a store raises whose disk fails, or is full: the next who asks may fare no better."""

KIND: Final = "service"


class Writing:
    """What a service knows of writing to *store*. Nothing is asked, and nothing written, before anything has failed."""

    def __init__(self, store: EventStore, name: str) -> None:
        self._store, self._name = store, name
        self._failure: EventlabError | None = None

    def failed(self, error: EventlabError) -> None:
        """Somebody could not write, or does not know."""
        self._failure = error

    async def check(self) -> None:
        """After a failure, write a small record of the service's own. Raises what the store then raises."""
        if self._failure is None:
            return
        found = await self._store.records.get(KIND, self._name)
        with suppress(RecordConflict):  # somebody else has written it meanwhile, so it can be written
            await self._store.records.put(KIND, self._name, b"", version=found.version if found else 0)
        self._failure = None
