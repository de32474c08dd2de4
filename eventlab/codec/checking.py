"""What may stand for an event, and what may turn old data into new; refused where it is declared."""

from __future__ import annotations

import inspect
from functools import partial

import msgspec

from ..errors import InvalidValue
from .encoded import is_name, is_version


def check_name(name: str, version: int) -> None:
    if not is_name(name) or name != name.strip():
        raise InvalidValue("event name", name, "a name without spaces around it")
    if not is_version(version):
        raise InvalidValue("event version", version, "1 or more")


def check_upcast(upcast: object) -> None:
    if not callable(upcast):
        raise InvalidValue("upcaster", upcast, "a function from the data of one version to that of the next")
    if inspect.iscoroutinefunction(upcast):
        raise InvalidValue("upcaster", called(upcast), "a plain function; nobody would wait for an async one")


def check_class(cls: type, name: str, version: int) -> None:
    check_name(name, version)
    if not isinstance(cls, type):
        raise InvalidValue("event class", cls, "a frozen dataclass, with @event above @dataclass")
    if not (_is_frozen_dataclass(cls) or _is_frozen_struct(cls)):
        raise InvalidValue("event class", cls.__qualname__, "a frozen dataclass, with @event above @dataclass")


def _is_frozen_dataclass(cls: type) -> bool:
    parameters = cls.__dict__.get("__dataclass_params__")
    return parameters is not None and bool(parameters.frozen)


def _is_frozen_struct(cls: type) -> bool:
    return issubclass(cls, msgspec.Struct) and cls.__struct_config__.frozen


def same_place(one: object, other: object) -> bool:
    return (called(one), getattr(one, "__module__", "")) == (called(other), getattr(other, "__module__", ""))


def called(named: object) -> str:
    """What the source calls it, or what it is made of."""
    if isinstance(named, partial):
        return called(named.func)
    return str(getattr(named, "__qualname__", type(named).__qualname__))
