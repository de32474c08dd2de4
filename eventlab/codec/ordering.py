"""Events that hold sets, written the same by every process: a set has another order in each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import inspect


def holds_sets(cls: type) -> bool:
    """Whether there is a set somewhere in what *cls* declares."""
    pending: list[Any] = [inspect.type_info(cls)]
    seen: set[int] = set()
    while pending:
        found = pending.pop()
        if isinstance(found, inspect.SetType | inspect.FrozenSetType):
            return True
        if isinstance(found, tuple):
            pending += found
        elif isinstance(found, inspect.Type | inspect.Field) and id(found) not in seen:
            seen.add(id(found))
            pending += [getattr(found, name) for name in found.__struct_fields__]
    return False


def in_order(as_plain: Callable[[Any], Any], to_json: Callable[[object], bytes]) -> Callable[[object], bytes]:
    """As *to_json*, with the elements of sets in their order; as they come where these have none, or other keys."""
    ordered = msgspec.json.Encoder(enc_hook=as_plain, order="deterministic").encode

    def write(event: object) -> bytes:
        try:
            return ordered(event)
        except TypeError:
            return to_json(event)

    return write
