"""Events that hold sets, written the same by every process: a set has another order in each."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable
from copy import copy
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


def in_order(to_json: Callable[[object], bytes]) -> Callable[[object], bytes]:
    """As *to_json*, with the elements of sets in the order of what is written of them: that they always have."""

    def write(event: object) -> bytes:
        return to_json(listed(event))

    def listed(value: Any) -> Any:
        """*value* with lists in the place of its sets."""
        if value is None or isinstance(value, str | int | float | enum.Enum):
            return value
        if isinstance(value, set | frozenset):
            return sorted(map(listed, value), key=to_json)
        if isinstance(value, list | tuple):
            return [listed(each) for each in value]
        if isinstance(value, dict):
            return {key: listed(each) for key, each in value.items()}
        if isinstance(value, msgspec.Struct):
            copied: Any = copy(value)
            for name in value.__struct_fields__:
                msgspec.structs.force_setattr(copied, name, listed(getattr(value, name)))
            return copied
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            copied = object.__new__(type(value))
            for field in dataclasses.fields(value):
                if hasattr(value, field.name):
                    object.__setattr__(copied, field.name, listed(getattr(value, field.name)))
            return copied
        return value

    return write
