"""What a type annotation of the model means, for whoever reads files by it or describes it to editors."""

from __future__ import annotations

import types
from functools import cache, reduce
from operator import or_
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

import msgspec

from .kinds import Kind


class Field(NamedTuple):
    """One key of a mapping: how it is written, which field it fills, what it may be."""

    key: str
    name: str
    hint: Any
    required: bool
    default: Any


@cache
def fields_of(struct: type[msgspec.Struct]) -> dict[str, Field]:
    """The keys of a section in the file, in order."""
    hints = get_type_hints(struct, include_extras=True)
    return {
        field.encode_name: Field(
            field.encode_name, field.name, hints[field.name], field.required, None if field.required else field.default
        )
        for field in msgspec.structs.fields(struct)
    }


def kind_of(hint: Any) -> Kind | None:
    """The kind that reads this value, if the annotation names one."""
    if get_origin(hint) is Annotated:
        kind: Kind = get_args(hint)[1]
        return kind
    return None


def choices_of(hint: Any) -> tuple[Any, ...]:
    """The texts of a Literal; nothing for anything else."""
    return get_args(hint) if get_origin(hint) is Literal else ()


def members_of(hint: Any) -> tuple[Any, ...]:
    """The members of a union without None; the hint itself if it is no union."""
    if get_origin(hint) in (Union, types.UnionType):
        return tuple(member for member in get_args(hint) if member is not types.NoneType)
    return (hint,)


def may_be_none(hint: Any) -> bool:
    return get_origin(hint) in (Union, types.UnionType) and types.NoneType in get_args(hint)


def without_none(hint: Any) -> Any:
    """The same, for a key whose value may not be left empty."""
    return reduce(or_, members_of(hint))


def is_section(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, msgspec.Struct)


def telling_key(struct: type[msgspec.Struct]) -> str:
    """The key by which a section is told from its alternatives: its first."""
    return next(iter(fields_of(struct)))
