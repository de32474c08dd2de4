"""Taking events in exactly as they were elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..errors import InvalidValue
from .model import StoredEvent


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
