"""Archiving: the last event of a stream says that none comes after it."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..codec import Encoded, event
from ..errors import ArchivedStreamError
from .model import Expectation, Receipt

if TYPE_CHECKING:
    from .protocol import EventStore

ARCHIVED = "eventlab.StreamArchived"


@event(ARCHIVED)
@dataclass(frozen=True, slots=True)
class StreamArchived:
    """The stream is closed for good: it can be read, and is never written again."""

    reason: str = ""


async def archive(store: EventStore, stream: str, *, reason: str = "", expect: Expectation | None = None) -> Receipt:
    """Close *stream* for good. It stays readable; every later append to it raises ArchivedStreamError.

    With *expect*, only if the stream is at that version, as for any append.
    """
    return await store.append([(stream, StreamArchived(reason))], expect=None if expect is None else {stream: expect})


def check_open(
    events: Sequence[tuple[str, Encoded]], archived: Container[str], version_of: Callable[[str], int]
) -> None:
    """Raise ArchivedStreamError for the first of *events* that comes too late: after a stream was *archived*,
    also by an earlier event of the same append."""
    closed: set[str] = set()
    for stream, encoded in events:
        if stream in closed or stream in archived:
            raise ArchivedStreamError(stream, version_of(stream))
        if encoded.type == ARCHIVED:
            closed.add(stream)
