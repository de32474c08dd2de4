"""Streams, what an append may expect of them, and what it gives back."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from enum import Enum
from functools import lru_cache
from typing import Any, ClassVar, Final, TypeAlias
from uuid import UUID

import msgspec

from ..codec import EVENTS
from ..errors import InvalidStreamId
from .metadata import NO_METADATA, Metadata

STREAM_ID_CHARACTERS_MAX = 255
_GLOB_CHARACTERS = "*?[]"


class StreamId(str):
    """The name of a stream: 1 to 255 characters, without spaces around it and without ``* ? [ ]``.

    What stands before the first ``-`` is its category: ``order-17`` is of category ``order``.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> StreamId:
        if type(text) is cls:
            return text
        if type(text) is str and cls is StreamId:
            return _stream_id(text)
        return super().__new__(cls, _checked(text))

    @property
    def category(self) -> str:
        return category_of(self)


@lru_cache(maxsize=1024)  # the streams of an order, or of a saga, are named again and again while it is under way
def _stream_id(text: str) -> StreamId:
    return str.__new__(StreamId, _checked(text))


def _checked(text: str) -> str:
    if not isinstance(text, str):
        raise InvalidStreamId(repr(text), "a name is text")
    name = text.strip()
    if not name:
        raise InvalidStreamId(text, "it is empty")
    if len(name) > STREAM_ID_CHARACTERS_MAX:
        raise InvalidStreamId(text, f"it has {len(name)} characters, at most {STREAM_ID_CHARACTERS_MAX} are allowed")
    for character in _GLOB_CHARACTERS:
        if character in name:
            raise InvalidStreamId(text, f"{character!r} is reserved for patterns")
    if not name.isprintable() and any(unicodedata.category(character) in ("Cc", "Cs") for character in name):
        raise InvalidStreamId(text, "it has a character that cannot be printed")
    return name


def category_of(stream: str) -> str:
    """What stands before the first ``-``; the whole name where there is none."""
    return str(stream.partition("-")[0])


class Expect(Enum):
    """What an append may expect of a stream, besides an exact version."""

    NONE = "NONE"
    """No event yet."""
    ANY = "ANY"
    """Whatever its version."""
    EXISTS = "EXISTS"
    """At least one event."""


NONE: Final = Expect.NONE
ANY: Final = Expect.ANY
EXISTS: Final = Expect.EXISTS

Expectation: TypeAlias = int | Expect


class _Decoded:
    """Decodes the event of a `StoredEvent` when it is first asked for, and leaves it there.

    It does what ``functools.cached_property`` does, without the lock that this holds before Python 3.12.
    """

    def __get__(self, stored: StoredEvent | None, _owner: type) -> Any:
        if stored is None:
            return self
        decoder = EVENTS.decoder((stored.type, stored.schema_version))
        if decoder is not None:
            try:
                event = stored.__dict__["event"] = decoder(stored.data)
                return event
            except Exception:
                pass  # once more, to say where: to have that at hand each time would cost half as much as decoding
        where = f"position {stored.position}, stream {stored.stream!r} version {stored.version}"
        event = stored.__dict__["event"] = EVENTS.decode(stored.type, stored.schema_version, stored.data, where)
        return event


class StoredEvent(msgspec.Struct, frozen=True, dict=True):
    """An event with its place in the log (*position*) and in its stream (*version*), both from 1 on.

    Its *event* is the event itself, decoded when it is first asked for. Asking raises
    UnknownEventType, or UndecodableEvent, with its place.
    """

    position: int
    stream: str
    version: int
    id: UUID
    type: str
    schema_version: int
    data: bytes
    metadata: Metadata
    occurred_at: datetime

    event: ClassVar[Any] = _Decoded()


class Receipt(msgspec.Struct, frozen=True):
    """What an append wrote: the position of each event, and the new version of each written stream.

    *repeated* says that the same command id had been written before; the rest is then the first answer.
    """

    positions: tuple[int, ...] = ()
    versions: dict[str, int] = {}
    repeated: bool = False


class KeptReceipt(msgspec.Struct, frozen=True):
    """A receipt as a store keeps it: for which command id, and what stands for the content of that command."""

    command_id: str
    fingerprint: bytes
    receipt: Receipt


__all__ = [
    "ANY",
    "EXISTS",
    "NONE",
    "NO_METADATA",
    "Expect",
    "Expectation",
    "KeptReceipt",
    "Metadata",
    "Receipt",
    "StoredEvent",
    "StreamId",
    "category_of",
]
