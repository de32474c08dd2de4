"""What travels with an event besides its content, and how it gets there without being handed through.

Whoever handles a call or a message opens ``carrying(correlation_id=…)``;
every append inside stores what is carried, unless it is told otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import Any

import msgspec

from .errors import InvalidValue


class Metadata(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which conversation an event belongs to, what caused it, who asked, and its trace.

    *traceparent* and *tracestate* are the two headers of W3C Trace Context, as they came.
    All of it is text. What JSON turns into text, as a UUID, is stored as that; anything else is refused by
    the append, or by `carrying`: a log with metadata that cannot be read could not be read at all.
    """

    correlation_id: str | None = None
    causation_id: str | None = None
    actor: str | None = None
    traceparent: str | None = None
    headers: dict[str, str] = {}
    tracestate: str | None = None


NO_METADATA = Metadata()
EMPTY_JSON = b"{}"

_CARRIED: ContextVar[Metadata] = ContextVar("eventlab_metadata", default=NO_METADATA)


def current() -> Metadata:
    """What is carried here; empty where nobody carries anything."""
    return _CARRIED.get()


def stored_with(metadata: Metadata | None) -> Metadata:
    """What an append stores with its events: *metadata*, or what is carried here where nothing is said."""
    return _CARRIED.get() if metadata is None else _checked(metadata)


def _checked(metadata: Metadata) -> Metadata:
    """*metadata* as it will be read. Raises InvalidValue for what nobody could read: it would be written for good."""
    if metadata is NO_METADATA:
        return metadata
    if not isinstance(metadata, Metadata):
        raise InvalidValue("metadata", metadata, "Metadata, as Metadata(actor=…)")
    try:
        return _from_json(_to_json(metadata))
    except (msgspec.MsgspecError, TypeError, ValueError) as error:
        raise InvalidValue("metadata", metadata, f"texts, as Metadata(actor='17'): {error}") from None


def to_json(metadata: Metadata) -> bytes:
    """Metadata as it is stored."""
    return EMPTY_JSON if metadata is NO_METADATA else _to_json(metadata)


def from_json(data: bytes) -> Metadata:
    """Metadata as it was stored. A number that an earlier release let in is read as text."""
    if data == EMPTY_JSON:
        return NO_METADATA
    try:
        return _from_json(data)
    except msgspec.ValidationError:
        plain = msgspec.json.decode(data, type=dict[str, Any])
    headers = msgspec.convert(plain.pop("headers", None) or {}, dict[str, Any])
    said = {
        name: str(value) for name, value in plain.items() if name in Metadata.__struct_fields__ and value is not None
    }
    return Metadata(**said, headers={name: str(value) for name, value in headers.items()})


def _as_text(value: Any) -> str:
    """A text of a kind of its own, as a stream id is, is stored as plain text."""
    if isinstance(value, str):
        return str(value)
    raise TypeError(f"{value!r} is no text")


_to_json = msgspec.json.Encoder(enc_hook=_as_text).encode
_from_json = msgspec.json.Decoder(Metadata).decode


def added(metadata: Metadata) -> Metadata:
    """What is carried here, and over it what *metadata* says. Headers are merged."""
    metadata = _checked(metadata)
    carried = _CARRIED.get()
    if carried is NO_METADATA:
        return metadata
    said = {name: value for name in metadata.__struct_fields__ if (value := getattr(metadata, name)) is not None}
    return msgspec.structs.replace(carried, **{**said, "headers": {**carried.headers, **metadata.headers}})


def carry(traceparent: str | None, tracestate: str | None) -> None:
    """From here on, carry that trace beside whatever else is carried. Whoever says so says later what comes after."""
    carried = _CARRIED.get()
    _CARRIED.set(msgspec.structs.replace(carried, traceparent=traceparent, tracestate=tracestate))


class Carrying:
    """Carry exactly *metadata* in a ``with`` block: what came with a call, in the place of what is carried here."""

    __slots__ = ("_metadata", "_token")

    def __init__(self, metadata: Metadata) -> None:
        self._metadata = metadata

    def __enter__(self) -> Metadata:
        self._token: Token[Metadata] = _CARRIED.set(self._metadata)
        return self._metadata

    def __exit__(self, *exc: object) -> None:
        _CARRIED.reset(self._token)


@contextmanager
def carrying(**fields: Any) -> Iterator[Metadata]:
    """Add *fields* to what is carried, in the body and in the tasks that it starts. Headers are merged."""
    unknown = [name for name in fields if name not in Metadata.__struct_fields__]
    if unknown:
        raise InvalidValue("metadata field", unknown[0], f"one of {', '.join(Metadata.__struct_fields__)}")
    before = _CARRIED.get()
    if isinstance(fields.get("headers"), Mapping):  # what is none is refused below, in the words for all
        fields["headers"] = {**before.headers, **fields["headers"]}
    carried = _checked(msgspec.structs.replace(before, **fields))
    token = _CARRIED.set(carried)
    try:
        yield carried
    finally:
        _CARRIED.reset(token)
