"""Where an index of sagas was, among the records of its store: in pieces of bounded size, behind one head.

The pieces of a writing are written first, under names of their own. Then the head, by compare-and-set, makes them
the index; then what was there before is swept away. A crash in between leaves the earlier index, and pieces of which
nobody knows, which the next writing sweeps away.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from itertools import islice
from typing import Final

import msgspec

from eventlab import runtime
from eventlab.errors import VersionConflict
from eventlab.store import EventStore, Record

KIND: Final = "saga-index"
PIECE: Final = 1000
"""So many sagas are kept in one record."""

_HEAD: Final = "head"


class Entry(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """A saga that has not ended, and *since* when it stands so. Only one that is stuck has a *reason*."""

    saga_id: str
    since: datetime
    reason: str | None = None


class _Head(msgspec.Struct, frozen=True):
    position: int
    pieces: tuple[str, ...]


class Kept:
    """The index as it was last written to *store*, and the way to write it anew."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._version = 0
        self._damaged = 0
        self.pieces: list[str] = []
        """The keys of the pieces that are still to be read, the last one first."""

    async def begin(self) -> int:
        """The position in the log that the index stands for; its pieces come next. 0 where nothing is kept."""
        head, self._version = await self._head()
        if head.position and head.position > await self._store.head():
            self._damaged = self._version  # it is of another log
        if self._version == self._damaged:
            head = _Head(0, ())  # whatever it says, read the log
        self.pieces = list(reversed(head.pieces))
        return head.position

    async def next_piece(self) -> list[Entry] | None:
        """One more piece. None if it is there no more: then everything is to be read again, from `begin` on."""
        record = await self._store.records.get(KIND, self.pieces[-1])
        if record is not None:
            self.pieces.pop()
            return msgspec.json.decode(record.value, type=list[Entry])
        if (await self._head())[1] == self._version:
            self._damaged = self._version
        return None

    async def write(self, position: int, *parts: Iterable[Entry]) -> None:
        """Make these entries, as of *position*, the index; nothing, if somebody has come as far, or writes just now."""
        head, version = await self._head()
        if head.position >= position and version != self._damaged:
            return
        generation = version + 1
        mine = f"{generation:012}/{runtime.new_id().hex}/"
        keys: list[str] = []
        for entries in _cut(parts):
            key = f"{mine}{len(keys):06}"
            await self._store.records.put(KIND, key, msgspec.json.encode(entries), version=0)
            keys.append(key)
        try:
            written = msgspec.json.encode(_Head(position, tuple(keys)))
            await self._store.records.put(KIND, _HEAD, written, version=version)
        except VersionConflict:
            await self._remove(mine)
        else:
            await self._sweep(generation, mine)

    async def _head(self) -> tuple[_Head, int]:
        record = await self._store.records.get(KIND, _HEAD)
        if record is None:
            return _Head(0, ()), 0
        return msgspec.json.decode(record.value, type=_Head), record.version

    async def _sweep(self, generation: int, mine: str) -> None:
        """Remove what is of this generation or an earlier one, and not mine. Of later ones somebody may write now."""
        for record in await self._store.records.list(KIND):
            if record.key != _HEAD and int(record.key[:12]) <= generation and not record.key.startswith(mine):
                await self._delete(record)

    async def _remove(self, mine: str) -> None:
        for record in await self._store.records.list(KIND, prefix=mine):
            await self._delete(record)

    async def _delete(self, record: Record) -> None:
        with suppress(VersionConflict):
            await self._store.records.delete(KIND, record.key, version=record.version)


def _cut(parts: Iterable[Iterable[Entry]]) -> Iterator[list[Entry]]:
    for entries in parts:
        rest = iter(entries)
        while piece := list(islice(rest, PIECE)):
            yield piece
