"""The saga's stream: loaded, and appended to under the fence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from eventlab import hooks
from eventlab.errors import UndecodableEvent, UnknownEventType, UnknownSaga, VersionConflict
from eventlab.sagas import events as e
from eventlab.sagas import locks
from eventlab.sagas.announcing import announce
from eventlab.sagas.definition import Saga
from eventlab.sagas.folding import fold
from eventlab.sagas.state import SagaState, Status
from eventlab.store import EventStore, Metadata, StoredEvent, StreamId

CATEGORY = "saga"

UNREADABLE = (UnknownEventType, UndecodableEvent)
"""What reading a log raises where an event's class was not imported, or its bytes are damaged."""

_to_json = msgspec.json.Encoder().encode
_from_json = msgspec.json.Decoder().decode


class Overtaken(Exception):
    """The stream has moved on: somebody else drives this saga. Never leaves the room."""


def plain(value: Any) -> Any:
    """*value* as the log gives it back: before a restart as after it, a tuple is a list and a struct a dict."""
    return None if value is None else _from_json(_to_json(value))


def stream_of(saga_id: str) -> StreamId:
    return StreamId(f"{CATEGORY}-{saga_id}")


async def load(store: EventStore, saga_id: str, to: int | None = None) -> SagaState:
    """The state of one saga, as it was at its version *to*. Raises UnknownSaga when it was never started."""
    return fold(each.event for each in await history(store, saga_id, to))


async def history(store: EventStore, saga_id: str, to: int | None = None) -> list[StoredEvent]:
    """The log of one saga, up to its version *to*. Raises UnknownSaga when it was never started."""
    stored = await store.read(stream_of(saga_id), to=to)
    if not stored:
        raise UnknownSaga(f"no saga {saga_id!r} was started in store {store.name!r}")
    return stored


async def is_begun(store: EventStore, saga_id: str) -> bool:
    """Whether anything was written about the saga."""
    return bool(await store.read(stream_of(saga_id), limit=1))


async def append(
    store: EventStore,
    before: SagaState,
    after: SagaState,
    events: Sequence[e.SagaEvent],
    *,
    saga: Saga | None = None,
    metadata: Metadata | None = None,
    expect: Mapping[str, int] | None = None,
) -> None:
    """Write *events*, which lead from *before* to *after*, and what follows for the saga's locks.

    The version of *before* is the fence: raises Overtaken. *expect* is what else has to stand as it was: raises
    VersionConflict when only that has moved.
    """
    stream = stream_of(after.saga_id)
    written: list[tuple[str, object]] = [(stream, event) for event in events]
    if after.locks:
        written += locks.writes(before, after)
    try:
        await store.append(written, expect={stream: before.version, **(expect or {})}, metadata=metadata)
    except VersionConflict as conflict:
        if all(stale != stream for stale, _, _ in conflict.conflicts):
            raise
        raise Overtaken from conflict
    if hooks.listening:
        announce(before, events, saga)


def drives_on(state: SagaState) -> bool:
    """Whether a driver has anything to do."""
    return state.status in (Status.RUNNING, Status.COMPENSATING)
