"""A store that tells of attempts, for code that reads and appends by hand as the reader's own does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from eventlab import hooks
from eventlab.errors import VersionConflict
from eventlab.runtime import current_node, monotonic
from eventlab.shop.holding import HoldingStore
from eventlab.store import Expectation, Metadata, Receipt, StoredEvent


class Desk(HoldingStore):
    """Tells every read and append as an attempt, as `execute` would, so that figures can show it.

    An attempt begins with a read, or where nothing is read again with the failure of the one before:
    then it still rests on the versions read first. For one task per node at a time.
    """

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._seen: dict[str, dict[str, int]] = {}
        self._began: dict[str, float] = {}
        self._number: dict[str, int] = {}

    async def read(self, stream: str, **options: Any) -> list[StoredEvent]:
        events = await super().read(stream, **options)
        self._saw({stream: events[-1].version if events else 0})
        return events

    async def read_many(
        self, streams: Sequence[str], *, after: Mapping[str, int] | None = None
    ) -> dict[str, list[StoredEvent]]:
        found = await super().read_many(streams, after=after)
        self._saw({stream: events[-1].version if events else 0 for stream, events in found.items()})
        return found

    async def append(
        self,
        events: Sequence[tuple[str, object]],
        *,
        expect: Mapping[str, Expectation] | None = None,
        command_id: str | None = None,
        metadata: Metadata | None = None,
    ) -> Receipt:
        try:
            receipt = await super().append(events, expect=expect, command_id=command_id, metadata=metadata)
        except VersionConflict as error:
            self.tell("conflict", error.conflicts)
            raise
        self.tell("written")
        return receipt

    def tell(self, outcome: str, conflicts: tuple[tuple[str, int | str, int], ...] = ()) -> None:
        """How the attempt of this node ended."""
        node = current_node()
        number = self._number[node] = self._number.get(node, 0) + 1
        streams = tuple(sorted(self._seen.get(node, {}).items()))
        took_s = monotonic() - self._began.get(node, monotonic())
        hooks.emit(hooks.CommandAttempted("by hand", number, outcome, streams, conflicts, duration_s=took_s))
        self._began.pop(node, None)
        if outcome == "conflict":
            self._began[node] = monotonic()

    def _saw(self, versions: Mapping[str, int]) -> None:
        node = current_node()
        seen = self._seen.setdefault(node, {})
        if not versions.keys() - seen.keys():  # it reads again, and so begins again
            self._began[node] = monotonic()
        self._began.setdefault(node, monotonic())
        seen.update((str(stream), version) for stream, version in versions.items())
