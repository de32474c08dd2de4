"""Which sagas a store holds, oldest first: found by where they begin and end, so that few logs have to be read."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from eventlab.sagas.log import CATEGORY, PAGE
from eventlab.sagas.state import Status
from eventlab.sagas.timeline import Timeline, timeline
from eventlab.store import EventStore, Filter, StoredEvent
from eventlab.store.archive import ARCHIVED

TOGETHER = 50
"""So many sagas are read at once."""

_BEGINS = ("SagaStarted", "SagaCancelled")
_ENDS = ("SagaCompleted", "CompensationCompleted", "SagaAbandoned", "SagaCancelled")
_GOES_ON = ("SagaStuck", "SagaTurnedBack")
_BOUNDS = Filter(categories=(CATEGORY,), types=(*dict.fromkeys((*_BEGINS, *_ENDS, *_GOES_ON)), ARCHIVED))


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
    """The sagas that stand in one of the *wanted* ways, oldest first, at most *limit*. Those set aside are left out.

    A saga whose log cannot be told is among them in any case: nobody can say how it stands.
    """
    found: list[Listed] = []
    candidates = await _candidates(store, wanted, definition, started_before)
    for begin in range(0, len(candidates), TOGETHER):
        some = candidates[begin : begin + TOGETHER]
        logs = await store.read_many(some)
        for stream in some:
            each = _told(stream.removeprefix(f"{CATEGORY}-"), logs[stream])
            if each.story is None or each.story.status in wanted:
                found.append(each)
            if len(found) == limit:
                return found
    return found


async def _candidates(
    store: EventStore, wanted: Collection[Status], definition: str | None, started_before: datetime | None
) -> list[str]:
    """The streams of sagas that may be wanted, by the last bound that their logs tell."""
    last: dict[str, str] = {}
    after = 0
    while page := await store.read_all(after, where=_BOUNDS, limit=PAGE):
        for stored in page:
            if stored.type == ARCHIVED:
                last.pop(stored.stream, None)
            elif stored.stream in last or (stored.version == 1 and _may_be(stored, definition, started_before)):
                last[stored.stream] = stored.type
        after = page[-1].position
    ended_too = any(status.ended for status in wanted)
    open_too = any(not status.ended for status in wanted)
    return [stream for stream, type_ in last.items() if (ended_too if type_ in _ENDS else open_too)]


def _may_be(started: StoredEvent, definition: str | None, started_before: datetime | None) -> bool:
    if started_before is not None and started.occurred_at >= started_before:
        return False
    return definition is None or getattr(started.event, "definition", "") == definition


def _told(saga_id: str, events: Sequence[StoredEvent]) -> Listed:
    try:
        return Listed(saga_id, timeline(events))
    except Exception as error:  # what is scribbled into a log may break its fold in any way
        return Listed(saga_id, None, str(error))
