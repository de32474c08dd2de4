"""Which sagas a store holds: the open ones by their index, the others by where they begin and end."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from eventlab.sagas.index import ENDING, OPENING, PAGE, STICKING, SagaIndex
from eventlab.sagas.log import CATEGORY, stream_of
from eventlab.sagas.state import Status
from eventlab.sagas.timeline import Timeline, timeline
from eventlab.store import EventStore, Filter, StoredEvent
from eventlab.store.archive import ARCHIVED

TOGETHER = 50
"""So many sagas are read at once."""

_BOUNDS = Filter(categories=(CATEGORY,), types=(*OPENING, *STICKING, *ENDING, ARCHIVED))


class Listed(NamedTuple):
    """One saga of a list. Without a *story*, *trouble* says why its log cannot be told."""

    saga_id: str
    story: Timeline | None
    trouble: str = ""


async def listed(
    store: EventStore,
    *,
    wanted: Collection[Status] = tuple(Status),
    definition: str | None = None,
    started_before: datetime | None = None,
    limit: int | None = None,
) -> list[Listed]:
    """The sagas that stand in one of the *wanted* ways, at most *limit*. Those set aside are left out.

    The oldest come first; where none that has ended is wanted, those that have stood so for longest. A saga whose
    log cannot be told is among them if it may be wanted: nobody can say how it stands.
    """
    ended_too = any(status.ended for status in wanted)
    candidates = await (_ever_begun(store, wanted) if ended_too else _open(store, wanted))
    found: list[Listed] = []
    for begin in range(0, len(candidates), TOGETHER):
        some = candidates[begin : begin + TOGETHER]
        logs = await store.read_many(some)
        for stream in some:
            each = _told(stream.removeprefix(f"{CATEGORY}-"), logs[stream])
            if each.story is None or _is_wanted(each.story, wanted, definition, started_before):
                found.append(each)
            if len(found) == limit:
                return found
    return found


def _is_wanted(
    story: Timeline, wanted: Collection[Status], definition: str | None, started_before: datetime | None
) -> bool:
    return (
        story.status in wanted
        and not story.is_set_aside
        and (definition is None or story.state.definition == definition)
        and (started_before is None or story.started_at < started_before)
    )


async def _open(store: EventStore, wanted: Collection[Status]) -> list[str]:
    """The streams of sagas that have not ended, and may be wanted. The index is read, and not written."""
    index = SagaIndex(store, keep=False)
    await index.catch_up()
    entries = list(index.stuck.values()) if Status.STUCK in wanted else []
    if any(status is not Status.STUCK for status in wanted):
        entries += index.open.values()
    return [stream_of(entry.saga_id) for entry in sorted(entries, key=lambda entry: entry.since)]


async def _ever_begun(store: EventStore, wanted: Collection[Status]) -> list[str]:
    """The streams of sagas that may be wanted, by the last bound that their logs tell."""
    last: dict[str, str] = {}
    after = 0
    while page := await store.read_all(after, where=_BOUNDS, limit=PAGE):
        for stored in page:
            if stored.type == ARCHIVED:
                last.pop(stored.stream, None)
            elif stored.stream in last or stored.version == 1:
                last[stored.stream] = stored.type
        after = page[-1].position
    open_too = any(not status.ended for status in wanted)
    return [stream for stream, type_ in last.items() if open_too or type_ in ENDING]


def _told(saga_id: str, events: Sequence[StoredEvent]) -> Listed:
    try:
        return Listed(saga_id, timeline(events))
    except Exception as error:  # what is scribbled into a log may break its fold in any way
        return Listed(saga_id, None, str(error))
