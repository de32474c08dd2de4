"""Values as PostgreSQL sends and takes them, where the driver's own adaptation would cost more than the query."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from struct import Struct
from typing import Final

TEXT, INTEGER, BIGINT, UUID, BYTEA = 25, 23, 20, 2950, 17
"""Numbers of types, the same on every server."""

_HEADER = Struct("!iiIii").pack
_LENGTH = Struct("!i").pack
_BIGINT = Struct("!q")
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

from_bigint = _BIGINT.unpack
to_bigint = _BIGINT.pack
to_integer = Struct("!i").pack


def to_array(kind: int, values: Sequence[bytes]) -> bytes:
    """An array of type *kind*, of values as they travel in binary."""
    if not values:
        return _HEADER(0, 0, kind, 0, 0)[:12]
    parts = [_HEADER(1, 0, kind, len(values), 1)]
    for value in values:
        parts.append(_LENGTH(len(value)))
        parts.append(value)
    return b"".join(parts)


def to_moment(moment: datetime) -> bytes:
    return to_bigint((moment - _EPOCH) // _MICROSECOND)


def from_moment(value: bytes) -> datetime:
    return _EPOCH + timedelta(microseconds=_BIGINT.unpack(value)[0])


def bigints_from(value: bytes) -> list[int]:
    """An array of bigints, as it travels in binary."""
    if len(value) < 20:
        return []
    return [int.from_bytes(value[at + 4 : at + 12], "big", signed=True) for at in range(20, len(value), 12)]


def texts_from(value: bytes) -> list[str]:
    """An array of texts, as it travels in binary."""
    texts, at = [], 20
    while at < len(value):
        end = at + 4 + int.from_bytes(value[at : at + 4], "big")
        texts.append(value[at + 4 : end].decode())
        at = end
    return texts
