"""Whether a history tells of every operation from its beginning: a record that begins late does not."""

from __future__ import annotations

from collections.abc import Iterable

from ..history import Entry
from ..hooks import OperationEnded, OperationInvoked
from .result import CheckResult, undecided


def begun_unseen(name: str, entries: Iterable[Entry]) -> CheckResult | None:
    """Unknown, where operations ended of which nobody knows what they did; None where there are none."""
    begun: set[int] = set()
    unseen: list[str] = []
    for place, entry in enumerate(entries, start=1):
        if isinstance(entry.what, OperationInvoked):
            begun.add(entry.what.id)
        elif isinstance(entry.what, OperationEnded) and entry.what.id not in begun:
            unseen.append(f"entry {place}: operation {entry.what.id} ended at {entry.at:g} s, {entry.what.outcome}")
    if not unseen:
        return None
    count = "an operation" if len(unseen) == 1 else f"{len(unseen):,} operations"
    return undecided(name, f"the history has the end of {count} and not the beginning", unseen)
