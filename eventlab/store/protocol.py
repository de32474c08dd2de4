"""What every store does, whatever it is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from .closing import Closing
from .filters import EVERYTHING, Filter
from .metadata import Metadata
from .model import Expectation, KeptReceipt, Receipt, StoredEvent
from .records import Records


class EventStore(Closing, Protocol):
    """Streams of events in one log. What is written is never changed. ``async with`` closes it."""

    @property
    def name(self) -> str:
        """Whose store it is, as errors and hooks call it."""

    @property
    def records(self) -> Records:
        """What is kept beside the log, and does change."""

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
        Raises VersionConflict that names every stale stream, and
        ArchivedStreamError. The same *command_id* again gives the first
        receipt back and writes nothing; with other events it raises
        CommandIdReused. AppendUnknown says that the connection was lost while
        committing: nothing is repeated, and `receipt` tells which it was.

        An event may also be an `Encoded`, which is stored as it is.
        """

    async def read(
        self,
        stream: str,
        *,
        after: int = 0,
        to: int | None = None,
        at: datetime | None = None,
        backwards: bool = False,
        limit: int | None = None,
    ) -> list[StoredEvent]:
        """The events of *stream* after version *after*; none for a stream that does not exist.

        Only up to version *to*, and only those before the first one that
        occurred after the moment *at* (aware): the stream as it was then. The
        latest first if *backwards*; the limit counts from where reading begins.
        """

    async def read_many(
        self, streams: Sequence[str], *, after: Mapping[str, int] | None = None
    ) -> dict[str, list[StoredEvent]]:
        """The events of several streams as they were at one moment; a missing stream is empty.

        *after* gives, for some of them, the version after which to begin.
        """

    async def read_all(self, after: int = 0, *, where: Filter = EVERYTHING, limit: int = 1000) -> list[StoredEvent]:
        """One page of the log after position *after*. The limit counts what the filter lets through.

        Who goes on after the last position of a page misses nothing: no event
        comes later at an earlier position.
        """

    async def head(self) -> int:
        """The position up to which the log is complete; 0 if it is empty. What comes later, comes after it."""

    async def changed(self, after: int) -> None:
        """Return when the log may have grown beyond position *after*; at once if it has. It may return for nothing."""

    async def receipt(self, command_id: str) -> Receipt | None:
        """The receipt of a command id that was written, marked as repeated; None for one that was not."""

    async def close(self) -> None:
        """Finish what waits, then let go of files and threads."""


class PortableStore(EventStore, Protocol):
    """A store whose whole content can be taken out and put into another one."""

    async def receipts(self, after: str = "", *, limit: int = 1000) -> list[KeptReceipt]:
        """One page of the receipts, in the order of their command ids, after that id."""

    async def restore(self, events: Sequence[StoredEvent], receipts: Sequence[KeptReceipt] = ()) -> None:
        """Write *events* exactly as they are, with their positions, versions, ids and times; all or nothing.

        Their positions must lie beyond the head of this store, in growing
        order, and their versions must follow those of their streams. Raises
        InvalidValue, with the first that does not fit.
        """
