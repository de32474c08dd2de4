"""What every store does, whatever it is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from .metadata import Metadata
from .model import Expectation, Receipt, StoredEvent


class EventStore(Protocol):
    """Streams of events in one log. What is written is never changed."""

    @property
    def name(self) -> str:
        """Whose store it is, as errors and hooks call it."""

    async def append(
        self,
        events: Sequence[tuple[str, object]],
        *,
        expect: Mapping[str, Expectation] | None = None,
        command_id: str | None = None,
        metadata: Metadata | None = None,
    ) -> Receipt:
        """Write all *events*, each to its stream, or none of them.

        *expect* may name streams that are only read; all are checked, also
        when *events* is empty. A written stream that it leaves out is ANY.
        Raises VersionConflict that names every stale stream. The same
        *command_id* again gives the first receipt back and writes nothing;
        with other events it raises CommandIdReused.
        """

    async def read(self, stream: str, *, after: int = 0, limit: int | None = None) -> list[StoredEvent]:
        """The events of *stream* after version *after*; none for a stream that does not exist."""

    async def read_many(self, streams: Sequence[str]) -> dict[str, list[StoredEvent]]:
        """The events of several streams as they were at one moment; a missing stream is empty."""

    async def read_all(
        self,
        after: int = 0,
        *,
        categories: Sequence[str] | None = None,
        types: Sequence[str] | None = None,
        limit: int = 1000,
    ) -> list[StoredEvent]:
        """One page of the log after position *after*. The limit counts what the filters let through.

        Who goes on after the last position of a page misses nothing: no event
        comes later at an earlier position.
        """

    async def receipt(self, command_id: str) -> Receipt | None:
        """The receipt of a command id that was written, marked as repeated; None for one that was not."""

    async def close(self) -> None:
        """Finish what waits, then let go of files and threads."""
