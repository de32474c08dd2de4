"""Which fields of a command class are its streams, read from the annotations when the class is defined.

`StreamId` is one stream, `tuple[StreamId, ...]` any number of them. Any other
way of holding stream ids is refused: a set has no order, and an optional
stream could not be told from a forgotten one.
"""

from __future__ import annotations

import inspect
import re
import sys
from typing import Any, ClassVar, get_origin

from ..errors import CommandMisdeclared
from ..store import StreamId

_ONE = re.compile(r"(\w+\.)*StreamId")
_MANY = re.compile(r"(\w+\.)*[tT]uple\[\s*(\w+\.)*StreamId\s*,\s*\.\.\.\s*,?\s*\]")
_MENTIONED = re.compile(r"\bStreamId\b")


def stream_fields(cls: type) -> tuple[str, ...]:
    """The names of the fields that declare streams, base classes first. Raises CommandMisdeclared."""
    fields: dict[str, None] = {}
    for base in reversed(cls.__mro__):
        for name, annotation in inspect.get_annotations(base).items():
            if _declares_stream(cls, base, name, annotation):
                fields[name] = None
    return tuple(fields)


def _declares_stream(cls: type, base: type, name: str, annotation: Any) -> bool:
    resolved = _resolved(base, annotation)
    if resolved is ClassVar or get_origin(resolved) is ClassVar:
        return False
    if resolved is StreamId or resolved == tuple[StreamId, ...]:
        return True
    # Names from inside a function cannot be resolved here: then the text itself has to do.
    text = resolved if isinstance(resolved, str) else repr(resolved)
    if isinstance(resolved, str) and (_ONE.fullmatch(text) or _MANY.fullmatch(text)):
        return True
    if _MENTIONED.search(text):
        raise CommandMisdeclared(
            cls.__qualname__,
            f"field {name!r} is a {text}; streams are declared as StreamId or tuple[StreamId, ...]",
        )
    return False


def _resolved(base: type, annotation: Any) -> Any:
    """What an annotation means; its text where its names are not known yet, or not from here."""
    if not isinstance(annotation, str):
        return annotation
    module = sys.modules.get(base.__module__)
    try:
        return eval(annotation, dict(vars(module)) if module else {}, dict(vars(base)))
    except Exception:
        return annotation
