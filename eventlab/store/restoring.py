"""Taking events in exactly as they were elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..errors import InvalidValue
from .model import KeptReceipt, StoredEvent


def check_restorable(
    events: Sequence[StoredEvent], receipts: Sequence[KeptReceipt], plain: Callable[[str], str]
) -> list[str]:
    """The *plain* name of each event's stream. Raises InvalidValue for what is no stored event, and no kept receipt."""
    for what, given, kind in (("events", events, StoredEvent), ("receipts", receipts, KeptReceipt)):
        if not isinstance(given, Sequence):
            raise InvalidValue(f"{what} to restore", given, f"a sequence of {kind.__name__}s")
        for each in given:
            if not isinstance(each, kind):
                raise InvalidValue(f"one of the {what} to restore", each, f"a {kind.__name__}, as a store gives it")
    return [plain(stored.stream) for stored in events]


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
