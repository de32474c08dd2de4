"""What a command class declares, read from the annotations when the class is defined.

`StreamId` is one stream, `tuple[StreamId, ...]` any number of them. Any other
way of holding stream ids is refused: a set has no order, and an optional
stream could not be told from a forgotten one.
"""

from __future__ import annotations

import inspect
import re
import sys
from typing import Any, ClassVar, Literal, TypeVar, get_args, get_origin

from ..errors import CommandMisdeclared
from ..store import StreamId

HowMany = Literal["one", "many"]

_ONE = re.compile(r"(\w+\.)*StreamId")
_MANY = re.compile(r"(\w+\.)*[tT]uple\[\s*(\w+\.)*StreamId\s*,\s*\.\.\.\s*,?\s*\]")
_MENTIONED = re.compile(r"\bStreamId\b")


def stream_fields(cls: type, reserved: frozenset[str] = frozenset()) -> dict[str, HowMany]:
    """The fields that declare streams, base classes first. Raises CommandMisdeclared.

    A field with a *reserved* name is refused: what the class says of itself would become its default.
    """
    fields: dict[str, HowMany] = {}
    for base in reversed(cls.__mro__):
        for name, annotation in inspect.get_annotations(base).items():
            resolved = _resolved(base, annotation)
            if _is_class_variable(resolved):
                continue
            if name in reserved:
                raise CommandMisdeclared(
                    cls.__qualname__, f"a field {name!r} would hide what Command means by it; call it otherwise"
                )
            how_many = _declared(resolved)
            if how_many is not None:
                fields[name] = how_many
            elif _MENTIONED.search(text := _told(resolved)):
                raise CommandMisdeclared(
                    cls.__qualname__,
                    f"field {name!r} is a {text}; streams are declared as StreamId or tuple[StreamId, ...]",
                )
    return fields


def type_argument(cls: type, root: type) -> Any:
    """What stands in the brackets of *root* where *cls* is derived from it, directly or not; None if nothing does."""
    for base in cls.__dict__.get("__orig_bases__", cls.__bases__):
        origin = get_origin(base) or base
        if origin is root:
            return next(map(_named_type(cls), get_args(base)), None)
        if isinstance(origin, type) and issubclass(origin, root):
            given = dict(zip(getattr(origin, "__parameters__", ()), get_args(base), strict=False))
            found = type_argument(origin, root)
            if isinstance(found, TypeVar):
                return given.get(found, found)
            inner = getattr(found, "__parameters__", ())
            return found[tuple(given.get(each, each) for each in inner)] if inner else found
    return None


def _named_type(cls: type) -> Any:
    """What a type in the brackets means that was written as text."""
    return lambda hint: _resolved(cls, getattr(hint, "__forward_arg__", hint))


def _declared(resolved: Any) -> HowMany | None:
    if isinstance(resolved, str):
        # Names from inside a function cannot be resolved: then the text itself has to do.
        return "one" if _ONE.fullmatch(resolved) else "many" if _MANY.fullmatch(resolved) else None
    if _is_stream(resolved):
        return "one"
    arguments = get_args(resolved)
    if get_origin(resolved) is tuple and len(arguments) == 2 and arguments[1] is ... and _is_stream(arguments[0]):
        return "many"
    return None


def _is_stream(kind: Any) -> bool:
    return isinstance(kind, type) and get_origin(kind) is None and issubclass(kind, StreamId)


def _is_class_variable(resolved: Any) -> bool:
    if isinstance(resolved, str):
        return re.match(r"(\w+\.)*ClassVar\b", resolved) is not None
    return resolved is ClassVar or get_origin(resolved) is ClassVar


def _told(resolved: Any) -> str:
    return resolved if isinstance(resolved, str) else repr(resolved)


def _resolved(base: type, annotation: Any) -> Any:
    """What an annotation means; its text where its names are not known yet, or not from here."""
    if not isinstance(annotation, str):
        return annotation
    module = sys.modules.get(base.__module__)
    try:
        return eval(annotation, dict(vars(module)) if module else {}, dict(vars(base)))
    except Exception:
        return annotation
