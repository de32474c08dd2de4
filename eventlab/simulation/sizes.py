"""How many bytes a message has: counted where a link or a rule asks for it, and nowhere else."""

from __future__ import annotations

import msgspec

_encode = msgspec.json.Encoder().encode


class OfSize(msgspec.Struct, frozen=True):
    """A body of which only the size was told."""

    count: int


def size_of(body: object) -> int | None:
    """The bytes of *body*, or of the JSON that stands for it; None for what JSON cannot hold."""
    if isinstance(body, bytes | bytearray):
        return len(body)
    if isinstance(body, OfSize):
        return body.count
    if body is None:
        return 0
    try:
        return len(_encode(body))
    except (TypeError, ValueError, OverflowError, RecursionError):
        return None
