"""The events of an append, as every store takes them: pairs of a plain name and what is encoded."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..codec import EVENTS, Encoded
from ..errors import EventlabError, InvalidValue, UnknownEventType


def encoded_pairs(
    plain: Callable[[str], str],
    events: Sequence[tuple[str, object]],
    encode: Callable[[object], Encoded] = EVENTS.encode,
) -> list[tuple[str, Encoded]]:
    """*events* encoded, each with its *plain* stream. Raises InvalidValue for what is no sequence of pairs."""
    try:
        return [(plain(stream), encode(event)) for stream, event in events]
    except (TypeError, ValueError, UnknownEventType) as error:
        # Looked at only now, so that what is well formed pays nothing for it. A name of two letters is unpacked, too.
        if isinstance(error, EventlabError) and not _holds_text(events):
            raise
        raise InvalidValue(
            "what to append", events, "a sequence of pairs of stream and event, as [(stream, event)]"
        ) from None


def _holds_text(events: Sequence[object]) -> bool:
    return any(isinstance(each, str) for each in events)
