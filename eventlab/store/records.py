"""Small things that a store keeps beside its log: leases, checkpoints, snapshots, what was set aside.

Unlike events, records change. Each has a version, which every change must
name, so that nobody overwrites what he has not seen.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from ..codec.encoded import is_storable
from ..errors import InvalidValue, RecordConflict
from .naming import NUMBER_MAX

RECORD_KEY_CHARACTERS_MAX = 600


class Record(msgspec.Struct, frozen=True):
    """The *value* under *key*, of a *kind*; *version* counts its changes from 1 on."""

    kind: str
    key: str
    version: int
    value: bytes


class Records(Protocol):
    """Values by kind and key, changed by compare-and-set."""

    async def get(self, kind: str, key: str) -> Record | None:
        """The record, or None where there is none."""

    async def put(self, kind: str, key: str, value: bytes, *, version: int) -> Record:
        """Write *value* over the record at *version*; 0 says that there is none yet.

        Raises RecordConflict, on ``kind/key``, if it has another version by now. Nothing is written then.
        """

    async def delete(self, kind: str, key: str, *, version: int) -> None:
        """Remove the record at *version*. Raises RecordConflict like `put`.

        A key that is used again begins at version 1 again: whoever needs versions that only grow, as
        fencing tokens do, writes an empty value instead.
        """

    async def list(self, kind: str, *, prefix: str = "") -> list[Record]:
        """All records of *kind* whose keys begin with *prefix*, in the order of their keys."""


def conflict(kind: str, key: str, expected: int, actual: int) -> RecordConflict:
    return RecordConflict([(f"{kind}/{key}", expected, actual)])


def check_record(kind: str, key: str, version: int, value: bytes = b"") -> None:
    """Refuse what one store would keep, and another would not."""
    if not _is_text(kind) or not kind or "/" in kind:
        raise InvalidValue("record kind", kind, "a name without '/'")
    if not _is_text(key) or not 0 < len(key) <= RECORD_KEY_CHARACTERS_MAX:
        raise InvalidValue("record key", key, f"1 to {RECORD_KEY_CHARACTERS_MAX} characters, without a NUL")
    if type(version) is not int or not 0 <= version <= NUMBER_MAX:
        raise InvalidValue("record version", version, "0 or more")
    if not isinstance(value, bytes):
        raise InvalidValue(f"value of record '{kind}/{key}'", value, "bytes")


def check_asked(kind: str, text: str) -> None:
    """Refuse what is no name of a kind, and no key or beginning of keys: no store could have it."""
    for name, value in (("record kind", kind), ("record key", text)):
        if not _is_text(value):
            raise InvalidValue(name, value, "text without a NUL")


def _is_text(text: object) -> bool:
    return isinstance(text, str) and is_storable(text)


class MemoryRecords:
    """Records as long as the object lives."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], Record] = {}

    async def get(self, kind: str, key: str) -> Record | None:
        check_asked(kind, key)
        return self._kept.get((kind, key))

    async def put(self, kind: str, key: str, value: bytes, *, version: int) -> Record:
        self._check(kind, key, version, value)
        record = self._kept[kind, key] = Record(kind, key, version + 1, value)
        return record

    async def delete(self, kind: str, key: str, *, version: int) -> None:
        self._check(kind, key, version)
        self._kept.pop((kind, key), None)

    async def list(self, kind: str, *, prefix: str = "") -> list[Record]:
        check_asked(kind, prefix)
        return [self._kept[each] for each in sorted(self._kept) if each[0] == kind and each[1].startswith(prefix)]

    def _check(self, kind: str, key: str, version: int, value: bytes = b"") -> None:
        check_record(kind, key, version, value)
        found = self._kept.get((kind, key))
        actual = 0 if found is None else found.version
        if actual != version:
            raise conflict(kind, key, version, actual)
