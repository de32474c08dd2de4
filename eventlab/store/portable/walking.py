"""Going through a log that may be damaged: what cannot be read is told, and then it goes on after it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec

from ...errors import EventlabError, Retriable, SchemaOutdated, SchemaTooNew
from ..lazily import make_all
from ..model import StoredEvent
from ..protocol import PortableStore

PAGE = 1000
GIVE_UP_AFTER = 10_000
"""Where the head cannot be read either, so many positions in a row that cannot be read are the end."""

NO_DAMAGE = (Retriable, SchemaOutdated, SchemaTooNew)
"""What is raised as ever: the store is away, or was never readable by this program."""


class Unreadable(msgspec.Struct, frozen=True):
    """Positions from *first* to *last* of which none can be read, all for the same *reason*; *last* 0: to the end.

    An event stands at *last*. Before it there may be gaps in the positions, which nobody can tell from it.
    """

    first: int
    last: int
    reason: str


async def walk(store: PortableStore) -> AsyncIterator[list[StoredEvent] | Unreadable]:
    """The log in pages; where a page cannot be read, event by event."""
    end = await _end(store)
    after = singly = failures = 0
    run: Unreadable | None = None
    while True:
        if singly % PAGE == 0:
            await asyncio.sleep(0)  # others of this loop have their turn
        try:
            page = await store.read_all(after, limit=1 if singly else PAGE)
            for stored in page:
                make_all(stored)
        except NO_DAMAGE:
            raise
        except Exception as error:  # whatever the database, its driver, or decoding makes of it
            if not singly:
                singly = PAGE
                continue
            after, failures = after + 1, failures + 1
            if run is not None and run.reason != reason_of(error):
                yield run
                run = None
            run = Unreadable(after if run is None else run.first, after, reason_of(error))
            if after == end or (end is None and failures == GIVE_UP_AFTER):
                yield run if end else Unreadable(run.first, 0, run.reason)
                return
            continue
        if run is not None:
            yield run
            run, failures = None, 0
        if not page:
            return
        yield page
        if page[-1].position <= after:
            return  # it would never end; the finding says why
        after, singly = page[-1].position, max(0, singly - 1)


async def _end(store: PortableStore) -> int | None:
    try:
        return await store.head()
    except NO_DAMAGE:
        raise
    except Exception:
        return None  # reading will say why


def reason_of(error: Exception) -> str:
    return str(error) if isinstance(error, EventlabError) else f"{type(error).__name__}: {error}"
