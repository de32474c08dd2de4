"""Which fields of an event tell about a person, and about whom.

::

    @event("CustomerMoved")
    @dataclass(frozen=True, slots=True)
    class CustomerMoved:
        customer: str
        address: Annotated[Address, Personal("customer", erased=Address("(erased)"))]
        phone: Annotated[str | None, Personal("customer")] = None

The declaration alone seals nothing: a `SealedStore` does, and other stores refuse the event. Marks may also stand
inside lists, mappings and other dataclasses. Everything that could not work is
refused when the event is registered.
"""

from __future__ import annotations

import dataclasses
import enum
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Annotated, Any, TypeAlias, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec

from ..errors import InvalidValue

SEALED = "eventlab.sealed"
"""Beside the fields of an event in the log: the list of its sealed values."""


class Personal:
    """The field tells about the person whose id stands in the field *subject* of the same class, or of one around it.

    *erased* is what readers find once the key of that person is gone: a value
    of the field's type. It may be left out where the type allows None.
    """

    __slots__ = ("erased", "subject")

    def __init__(self, subject: str, *, erased: object = None) -> None:
        self.subject, self.erased = subject, erased

    def __repr__(self) -> str:
        return f"Personal({self.subject!r}, erased={self.erased!r})"


class Spot(msgspec.Struct, frozen=True):
    """A personal value in the plain data of an event: in *holder* under *key*, at *path* from the top."""

    holder: Any
    key: str | int
    path: tuple[str | int, ...]
    subject: object
    erased: Any


class Leaf(msgspec.Struct, frozen=True):
    """A marked value: its subject is in the field *subject*, *up* classes further out; *erased* is plain data."""

    subject: str
    up: int
    erased: Any


class Inside(msgspec.Struct, frozen=True):
    """Marked values in some fields or places of a value; in all of them, if the only key is None."""

    parts: dict[str | int | None, Plan]
    is_class: bool = False


Plan: TypeAlias = Leaf | Inside
ToPlain = Callable[[Any, Any], Any]
"""Turns a value into the plain data of a type; raises ValueError or TypeError if it is none of that type."""


def spots(plan: Plan, plain: Any) -> Iterator[Spot]:
    """Every personal value in the plain data of an event."""
    return _spots(plan, plain, None, "", (), ())


def names_in(plan: Plan, name: str = "") -> Iterator[str]:
    """The name of every field that holds personal values, at any depth; that of the container, for its elements."""
    if isinstance(plan, Leaf):
        yield name
        return
    for part, inner in plan.parts.items():
        yield from names_in(inner, part if isinstance(part, str) else name)


def _spots(
    plan: Plan, plain: Any, holder: Any, key: str | int, path: tuple[str | int, ...], around: tuple[Any, ...]
) -> Iterator[Spot]:
    if isinstance(plan, Leaf):
        yield Spot(holder, key, path, around[plan.up].get(plan.subject), plan.erased)
        return
    if plan.is_class and isinstance(plain, dict):
        around = (plain, *around)
    for part, inner in plan.parts.items():
        for each in _keys(plain) if part is None else (part,):
            if _has(plain, each):
                yield from _spots(inner, plain[each], plain, each, (*path, each), around)


def _keys(plain: Any) -> Sequence[str | int]:
    """None for what is null: an optional field that is empty."""
    return list(plain) if isinstance(plain, dict) else range(len(plain)) if isinstance(plain, list) else ()


def _has(plain: Any, key: str | int) -> bool:
    return key in plain if isinstance(plain, dict) else isinstance(plain, list) and int(key) < len(plain)


def plan_of(cls: type, to_plain: ToPlain) -> Plan | None:
    """Where *cls* holds personal values; None if it holds none. Raises InvalidValue for a mark that could not work.

    NameError says that an annotation names what is not defined yet.
    """
    plan = _Planner(to_plain).of_class(cls, ())
    if plan is not None and SEALED in (name for name, _ in _fields(cls)):
        raise InvalidValue("event class", cls.__qualname__, f"no field named {SEALED!r} beside personal ones")
    return plan


class _Planner:
    def __init__(self, to_plain: ToPlain) -> None:
        self._to_plain = to_plain

    def of_class(self, cls: type, around: tuple[type, ...]) -> Inside | None:
        if cls in around:
            return None  # a class within itself: looked through where it stands first
        parts: dict[str | int | None, Plan] = {}
        for name, hint in _fields(cls):
            if (plan := self._of(hint, f"{cls.__qualname__}.{name}", (cls, *around))) is not None:
                parts[name] = plan
        if not parts:
            return None
        if issubclass(cls, msgspec.Struct) and cls.__struct_config__.array_like:
            raise InvalidValue("event class", cls.__qualname__, "fields by name, not array_like, around personal ones")
        if issubclass(cls, msgspec.Struct) and cls.__struct_config__.forbid_unknown_fields:
            raise InvalidValue(
                "event class", cls.__qualname__, "unknown fields allowed around personal ones: seals are"
            )
        if any(_mentions(hint, cls) for _, hint in _fields(cls)):
            raise InvalidValue("event class", cls.__qualname__, "no personal fields in a class that holds itself")
        return Inside(parts, is_class=True)

    def _of(self, hint: Any, where: str, around: tuple[type, ...]) -> Plan | None:
        origin, arguments = get_origin(hint), get_args(hint)
        if origin is Annotated:
            marks = [each for each in hint.__metadata__ if isinstance(each, Personal) or each is Personal]
            return self._leaf(marks, hint.__origin__, where, around) if marks else self._of(arguments[0], where, around)
        if origin in (Union, types.UnionType):
            return self._of_union(arguments, where, around)
        if isinstance(origin, type):
            return self._of_container(origin, arguments, where, around)
        if isinstance(hint, type) and (dataclasses.is_dataclass(hint) or issubclass(hint, msgspec.Struct)):
            return self.of_class(hint, around)
        under = getattr(hint, "__supertype__", None) or getattr(hint, "__value__", None)  # NewType, or ``type X = …``
        return None if under is None else self._of(under, where, around)

    def _of_union(self, members: Sequence[Any], where: str, around: tuple[type, ...]) -> Plan | None:
        plans = [self._of(member, where, around) for member in members if member is not type(None)]
        if len(plans) > 1 and any(plans):
            raise InvalidValue(
                "personal field", where, "the mark around the whole union, not inside one of its members"
            )
        return plans[0] if plans else None

    def _of_container(
        self, origin: type, arguments: Sequence[Any], where: str, around: tuple[type, ...]
    ) -> Plan | None:
        if dataclasses.is_dataclass(origin) or issubclass(origin, msgspec.Struct):
            return self.of_class(origin, around)
        plans = [None if each is ... else self._of(each, where, around) for each in arguments]
        if issubclass(origin, Mapping):
            if plans[0] is not None:
                raise InvalidValue("personal field", where, "personal values, not keys, in a mapping")
            return None if plans[1] is None else Inside({None: plans[1]})
        if issubclass(origin, tuple) and ... not in arguments:
            places: dict[str | int | None, Plan] = {at: plan for at, plan in enumerate(plans) if plan is not None}
            return Inside(places) if places else None
        if not any(plans):
            return None
        if issubclass(origin, AbstractSet) or not issubclass(origin, Sequence) or plans[0] is None:
            raise InvalidValue("personal field", where, "the mark around the whole field: its elements have no place")
        return Inside({None: plans[0]})

    def _leaf(self, marks: Sequence[Any], hint: Any, where: str, around: tuple[type, ...]) -> Leaf:
        mark = marks[0]
        if len(marks) > 1 or not isinstance(mark, Personal) or not isinstance(mark.subject, str):
            raise InvalidValue("personal field", where, 'one mark, as Personal("customer")')
        up, subject = _subject(mark.subject, where, around)
        try:
            erased = self._to_plain(mark.erased, hint)
        except (ValueError, TypeError, NotImplementedError) as error:
            wanted = f"what its type allows in place of an erased value, as erased=… ({error})"
            raise InvalidValue(f"personal field {where}: erased", mark.erased, wanted) from None
        return Leaf(subject, up, erased)


def _subject(name: str, where: str, around: tuple[type, ...]) -> tuple[int, str]:
    """How many classes further out, and under which name, the id of the subject is stored."""
    for up, cls in enumerate(around):
        hints = get_type_hints(cls, include_extras=True)
        if name not in hints:
            continue
        kind = hints[name]
        while get_origin(kind) is Annotated and not any(isinstance(each, Personal) for each in kind.__metadata__):
            kind = kind.__origin__
        kind = getattr(kind, "__supertype__", kind)
        if not (
            isinstance(kind, type) and issubclass(kind, (str, int, UUID)) and not issubclass(kind, (bool, enum.Enum))
        ):
            raise InvalidValue(f"subject of personal field {where}", name, "a field that is a str, an int or a UUID")
        return up, dict(zip(_names(cls), _encoded_names(cls), strict=True)).get(name, name)
    raise InvalidValue(f"subject of personal field {where}", name, "the name of a field of its class, or of one around")


def _names(cls: Any) -> tuple[str, ...]:
    if issubclass(cls, msgspec.Struct):
        names: tuple[str, ...] = cls.__struct_fields__
        return names
    return tuple(field.name for field in dataclasses.fields(cls))


def _encoded_names(cls: Any) -> tuple[str, ...]:
    names: tuple[str, ...] = cls.__struct_encode_fields__ if issubclass(cls, msgspec.Struct) else _names(cls)
    return names


def _fields(cls: type) -> list[tuple[str, Any]]:
    """Each field as it is called in JSON, with its type."""
    hints = get_type_hints(cls, include_extras=True)
    return [(encoded, hints[name]) for name, encoded in zip(_names(cls), _encoded_names(cls), strict=True)]


def _mentions(hint: Any, cls: type) -> bool:
    return hint is cls or any(_mentions(each, cls) for each in get_args(hint))
