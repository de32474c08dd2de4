"""Which streams a store holds."""

from __future__ import annotations

import asyncio
from datetime import datetime

import msgspec

from ..archive import ARCHIVED
from ..filters import EVERYTHING, Filter
from ..lazily import moment_of
from ..protocol import EventStore

PAGE = 1000


class StreamInfo(msgspec.Struct, frozen=True):
    """A stream from outside: how long it is, when it began, when it was last written to.

    *undated* counts events whose time somebody spoiled. The moments are those of the others; None if there are none.
    """

    stream: str
    version: int
    first_at: datetime | None
    last_at: datetime | None
    is_archived: bool = False
    undated: int = 0


async def survey(store: EventStore, where: Filter = EVERYTHING) -> list[StreamInfo]:
    """The streams of *store* in the order of their names. The whole log is read, page by page.

    Filter by category or by pattern; versions count what the filter lets through.
    """
    found: dict[str, StreamInfo] = {}
    after = 0
    while page := await store.read_all(after, where=where, limit=PAGE):
        for stored in page:
            before, moment = found.get(stored.stream), moment_of(stored)
            first_at, last_at, undated = (
                (None, None, 0) if before is None else (before.first_at, before.last_at, before.undated)
            )
            found[stored.stream] = StreamInfo(
                stored.stream,
                stored.version,
                first_at or moment,
                moment or last_at,
                stored.type == ARCHIVED,
                undated + (moment is None),
            )
        after = page[-1].position
        await asyncio.sleep(0)  # others of this loop have their turn
    return [found[stream] for stream in sorted(found)]
