"""Taking events in exactly as they were elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from ..codec.encoded import is_name, is_storable, is_version
from ..errors import InvalidValue
from .asking import is_moment
from .metadata import Metadata
from .model import KeptReceipt, Receipt, StoredEvent
from .naming import NUMBER_MAX, check_command_id


def check_restorable(
    events: Sequence[StoredEvent], receipts: Sequence[KeptReceipt], plain: Callable[[str], str]
) -> list[str]:
    """The *plain* name of each event's stream.

    Raises InvalidValue for what is no stored event, or no kept receipt, as an append leaves them: one store would
    keep it, and another would not.
    """
    for what, given, kind in (("events", events, StoredEvent), ("receipts", receipts, KeptReceipt)):
        if not isinstance(given, Sequence):
            raise InvalidValue(f"{what} to restore", given, f"a sequence of {kind.__name__}s")
        for each in given:
            if not isinstance(each, kind):
                raise InvalidValue(f"one of the {what} to restore", each, f"a {kind.__name__}, as a store gives it")
    names = [plain(stored.stream) for stored in events]
    for name, stored in zip(names, events, strict=True):
        if stored.stream != name:
            where = f"stream of the event at position {stored.position}"
            raise InvalidValue(where, stored.stream, "a name without spaces around it")
        _check_event(stored)
    for kept in receipts:
        _check_receipt(kept)
    if len({kept.command_id for kept in receipts}) < len(receipts):
        raise InvalidValue("receipts to restore", f"{len(receipts)} receipts", "each command id once")
    return names


def check_restored(events: Sequence[StoredEvent], head: int, version_of: Callable[[str], int]) -> None:
    """Refuse events whose positions do not lie beyond *head*, or whose versions do not follow their streams'."""
    versions: dict[str, int] = {}
    for stored in events:
        if stored.position <= head:
            raise InvalidValue(f"position of stream {stored.stream!r}", stored.position, f"more than {head}")
        head = stored.position
        due = versions.get(stored.stream, version_of(stored.stream)) + 1
        if stored.version != due:
            raise InvalidValue(
                f"version at position {stored.position} of stream {stored.stream!r}", stored.version, f"{due}"
            )
        versions[stored.stream] = due


def _is_a(kind: type, value: object) -> bool:
    return isinstance(value, kind)


def _is_number(number: object) -> bool:
    return type(number) is int and abs(number) <= NUMBER_MAX


_FIELDS: tuple[tuple[str, Callable[[Any], bool], str], ...] = (
    ("position", _is_number, "a number that a database can hold"),
    ("version", _is_number, "a number that a database can hold"),
    ("id", lambda id_: isinstance(id_, UUID), "a UUID"),
    ("type", is_name, "the name of an event"),
    ("schema_version", is_version, "1 or more"),
    ("data", lambda data: type(data) is bytes, "bytes"),
    ("metadata", lambda metadata: isinstance(metadata, Metadata), "Metadata"),
    ("occurred_at", is_moment, "an aware moment, as datetime(…, tzinfo=UTC)"),
)


def _check_event(stored: StoredEvent) -> None:
    for field, is_good, expected in _FIELDS:
        value = getattr(stored, field)
        if not is_good(value):
            raise InvalidValue(f"{field} of the event at position {stored.position}", value, expected)


def _check_receipt(kept: KeptReceipt) -> None:
    check_command_id(kept.command_id)
    receipt = kept.receipt
    is_good = (
        _is_a(bytes, kept.fingerprint)
        and _is_a(Receipt, receipt)
        and all(_is_number(number) for number in (*receipt.positions, *receipt.versions.values()))
        and all(_is_a(str, name) and is_storable(name) for name in receipt.versions)
    )
    if not is_good:
        raise InvalidValue(f"receipt of command id {kept.command_id!r}", kept, "one as a store gives it")
