"""An event as it is stored, and what every store can hold of it."""

from __future__ import annotations

import msgspec

from ..errors import InvalidValue

SCHEMA_VERSION_MAX = 2**31 - 1


class Encoded(msgspec.Struct, frozen=True):
    """An event as it is stored: the name and schema version of its type, and its JSON."""

    type: str
    schema_version: int
    data: bytes


def checked(encoded: Encoded) -> Encoded:
    """*encoded*, if every store can hold it. Raises InvalidValue for what one would keep, and another would not."""
    if not is_name(encoded.type):
        raise InvalidValue("encoded event type", encoded.type, "the name of an event")
    if not is_version(encoded.schema_version):
        raise InvalidValue(f"schema version of {encoded.type}", encoded.schema_version, "1 or more")
    if type(encoded.data) is not bytes:
        raise InvalidValue(f"data of {encoded.type}", encoded.data, "bytes")
    return encoded


def is_name(name: object) -> bool:
    return isinstance(name, str) and name != "" and is_storable(name)


def is_version(version: object) -> bool:
    return type(version) is int and 1 <= version <= SCHEMA_VERSION_MAX


def is_storable(text: str) -> bool:
    """Whether every database can hold *text*: without NUL, and without halves of characters."""
    if text.isascii():
        return "\0" not in text
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False
