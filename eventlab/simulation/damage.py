"""Bits that flip where events are kept, and the checksum that finds them."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from .. import hooks
from ..errors import EventDamaged, InvalidValue
from ..runtime import random_stream
from ..store import EventStore, PassingStore, StoredEvent

_encoder = msgspec.msgpack.Encoder()


def checksum_of(stored: StoredEvent) -> int:
    """CRC-32 of an event and its place. It finds every single flipped bit, and all but one in 2³² of other damage."""
    place = (stored.position, stored.stream, stored.version, stored.id, stored.type, stored.schema_version)
    return zlib.crc32(stored.data, zlib.crc32(_encoder.encode(place)))


class DamagedStore(PassingStore):
    """Gives events of *store* back with the bits that were flipped in them.

    With *checksums* each event is kept with its own, which is compared whenever the event is read:
    EventDamaged names the first that does not fit. Without, wrong bytes are given out as if they were right.
    """

    def __init__(self, store: EventStore, *, checksums: bool) -> None:
        super().__init__(store)
        self._checksums = checksums
        self._flipped: dict[int, tuple[UUID, int]] = {}
        """By position: of which event, for another one may come to stand there, and which bit."""

    async def flip(self, position: int, bit: int | None) -> None:
        stored = await self._at(position)
        bits = len(stored.data) * 8
        if bit is None:
            bit = random_stream(f"storage/{self.name}/bits").randrange(bits)
        if not 0 <= bit < bits:
            raise InvalidValue(f"bit of the event at position {position}", bit, f"one from 0 to {bits - 1}")
        if position in self._flipped:
            self.mend(position)
        self._flipped[position] = stored.id, bit
        self._tell(position, on=True)

    async def flip_one(self, stream: str | None) -> int | None:
        """Flip a bit of some event, of *stream* if that is named, and say where. None if no sound one is there.

        The draws are two, whatever is there: of the event, and of its bit.
        """
        chance = random_stream(f"storage/{self.name}/bits")
        share, of_bits = chance.random(), chance.random()
        sound = [stored for stored in await self._kept(stream) if self._is_sound(stored)]
        if not sound:
            return None
        stored = sound[int(share * len(sound))]
        await self.flip(stored.position, int(of_bits * len(stored.data) * 8))
        return stored.position

    def _is_sound(self, stored: StoredEvent) -> bool:
        return stored.position not in self._flipped and len(stored.data) > 0

    @property
    def damaged(self) -> tuple[int, ...]:
        """The positions at which a bit is wrong, in the order in which they were struck."""
        return tuple(self._flipped)

    def mend(self, position: int) -> None:
        """Put the right bytes back, as from a replica."""
        if position not in self._flipped:
            raise InvalidValue("position to mend", position, f"one that is damaged, of {sorted(self._flipped)}")
        self._tell(position, on=False)
        del self._flipped[position]

    async def read(self, stream: str, **options: Any) -> list[StoredEvent]:
        return self._found(await self._store.read(stream, **options))

    async def read_many(
        self, streams: Sequence[str], *, after: Mapping[str, int] | None = None
    ) -> dict[str, list[StoredEvent]]:
        found = await self._store.read_many(streams, after=after)
        return {stream: self._found(events) for stream, events in found.items()}

    async def read_all(self, after: int = 0, **options: Any) -> list[StoredEvent]:
        return self._found(await self._store.read_all(after, **options))

    async def _kept(self, stream: str | None) -> list[StoredEvent]:
        if stream is not None:
            return await self._store.read(stream)
        found: list[StoredEvent] = []
        while page := await self._store.read_all(found[-1].position if found else 0):
            found += page
        return found

    async def _at(self, position: int) -> StoredEvent:
        found = await self._store.read_all(position - 1, limit=1) if position > 0 else []
        if not found or found[0].position != position:
            raise InvalidValue(f"position in store {self.name!r}", position, "one at which an event stands")
        return found[0]

    def _found(self, events: list[StoredEvent]) -> list[StoredEvent]:
        if self._flipped.keys().isdisjoint(stored.position for stored in events):
            return events
        return [self._read(stored) if stored.position in self._flipped else stored for stored in events]

    def _read(self, stored: StoredEvent) -> StoredEvent:
        of_event, bit = self._flipped[stored.position]
        if of_event != stored.id:
            return stored  # the damaged one was lost, and its place was written over
        data = bytearray(stored.data)
        data[bit // 8] ^= 1 << bit % 8
        damaged = msgspec.structs.replace(stored, data=bytes(data))
        kept, found = checksum_of(stored), checksum_of(damaged)
        if self._checksums and found != kept:
            raise EventDamaged(self.name, stored.position, stored.stream, stored.version, kept, found)
        return damaged

    def _tell(self, position: int, *, on: bool) -> None:
        if hooks.listening:
            detail = f"bit {self._flipped[position][1]} at position {position}"
            hooks.emit(hooks.StorageChanged(self.name, "bit flip", on, detail))
