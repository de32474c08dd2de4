"""What travels with an event besides its content, and how it gets there without being handed through.

Whoever handles a call or a message opens ``carrying(correlation_id=…)``;
every append inside stores what is carried, unless it is told otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import Any

import msgspec

from .errors import InvalidValue


class Metadata(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which conversation an event belongs to, what caused it, who asked, and its trace.

    *traceparent* and *tracestate* are the two headers of W3C Trace Context, as they came.
    """

    correlation_id: str | None = None
    causation_id: str | None = None
    actor: str | None = None
    traceparent: str | None = None
    headers: dict[str, str] = {}
    tracestate: str | None = None


NO_METADATA = Metadata()

_CARRIED: ContextVar[Metadata] = ContextVar("eventlab_metadata", default=NO_METADATA)


def current() -> Metadata:
    """What is carried here; empty where nobody carries anything."""
    return _CARRIED.get()


def stored_with(metadata: Metadata | None) -> Metadata:
    """What an append stores with its events: *metadata*, or what is carried here where nothing is said."""
    return _CARRIED.get() if metadata is None else _checked(metadata)


def _checked(metadata: Metadata) -> Metadata:
    if not isinstance(metadata, Metadata):
        raise InvalidValue("metadata", metadata, "Metadata, as Metadata(actor=…)")
    return metadata


def added(metadata: Metadata) -> Metadata:
    """What is carried here, and over it what *metadata* says. Headers are merged."""
    _checked(metadata)
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
    if "headers" in fields:
        fields["headers"] = {**before.headers, **fields["headers"]}
    carried = msgspec.structs.replace(before, **fields)
    token = _CARRIED.set(carried)
    try:
        yield carried
    finally:
        _CARRIED.reset(token)
