"""A store that seals personal fields as they are written, and opens them as they are read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NoReturn

from msgspec.structs import replace

from ..codec import EVENTS, Encoded
from ..errors import InvalidValue, KeyMissing, SubjectErased, UndecodableEvent
from .filters import EVERYTHING, Filter
from .keys import Keys, open_keys
from .keys.belonging import Belonging
from .metadata import Metadata
from .model import Expectation, KeptReceipt, Receipt, StoredEvent
from .pairs import encoded_pairs
from .passing import PassingStore
from .protocol import PortableStore
from .restoring import check_restorable
from .seals import BrokenSeal, SealedValue, check_cipher, opened, sealed_values, sealing_of


def sealed(store: PortableStore, keys: Keys | str) -> SealedStore:
    """*store* with personal fields sealed by *keys*, or by the keys at that URL."""
    if isinstance(keys, str):
        return SealedStore(store, open_keys(keys))
    if not all(hasattr(keys, verb) for verb in ("find", "make", "erase")):
        raise InvalidValue("keys", keys, "keys, or their URL: memory: or sqlite:///PATH")
    return SealedStore(store, keys)


class SealedStore(PassingStore):
    """*store*, in which fields marked `Personal` are sealed with a key of their subject's own, from *keys*.

    Every way of reading opens them again. Once ``keys.erase(subject)`` has
    returned, readers find what the field declares for it instead, and appends
    with personal data of that subject raise SubjectErased, but for a command id
    that was written before, which gives its receipt. Keys are looked up
    each time: an erasure by another process counts at once.

    The store remembers which keys it is sealed with: others raise WrongKeys,
    on reading sealed events as on sealing. An event about somebody whose key
    is neither there nor erased raises KeyMissing when it is looked at.

    Records, metadata, stream names and the subjects' ids are not sealed. An
    event that was read while it could not be opened keeps its sealed values,
    so that a copy of it loses nothing. Closing it closes the store and the keys.
    """

    _store: PortableStore

    def __init__(self, store: PortableStore, keys: Keys) -> None:
        check_cipher()
        super().__init__(store)
        self.keys = keys
        self._belonging = Belonging(store.name, store.records, keys)

    async def append(
        self,
        events: Sequence[tuple[str, object]],
        *,
        expect: Mapping[str, Expectation] | None = None,
        command_id: str | None = None,
        metadata: Metadata | None = None,
    ) -> Receipt:
        pairs = encoded_pairs(_as_it_is, events, partial(EVENTS.encode, to_seal=True))
        try:
            encoded = await self._sealed([event for _, event in pairs])
        except SubjectErased:
            # What a command wrote before the erasure cannot be sealed, and so not compared, again: its id alone tells.
            earlier = None if command_id is None else await self._store.receipt(command_id)
            if earlier is None:
                raise
            return earlier
        named = [(stream, each) for (stream, _), each in zip(pairs, encoded, strict=True)]
        return await self._store.append(named, expect=expect, command_id=command_id, metadata=metadata)

    async def read(
        self,
        stream: str,
        *,
        after: int = 0,
        to: int | None = None,
        at: datetime | None = None,
        backwards: bool = False,
        limit: int | None = None,
    ) -> list[StoredEvent]:
        return await self._opened(
            await super().read(stream, after=after, to=to, at=at, backwards=backwards, limit=limit)
        )

    async def read_many(
        self, streams: Sequence[str], *, after: Mapping[str, int] | None = None
    ) -> dict[str, list[StoredEvent]]:
        found = await self._store.read_many(streams, after=after)
        opened_events = iter(await self._opened([stored for events in found.values() for stored in events]))
        return {name: [next(opened_events) for _ in events] for name, events in found.items()}

    async def read_all(self, after: int = 0, *, where: Filter = EVERYTHING, limit: int = 1000) -> list[StoredEvent]:
        return await self._opened(await self._store.read_all(after, where=where, limit=limit))

    async def receipts(self, after: str = "", *, limit: int = 1000) -> list[KeptReceipt]:
        return await self._store.receipts(after, limit=limit)

    async def restore(self, events: Sequence[StoredEvent], receipts: Sequence[KeptReceipt] = ()) -> None:
        """As any store does. What comes open is sealed; what comes sealed is taken as it is."""
        check_restorable(events, receipts, _as_it_is)
        encoded = await self._sealed([Encoded(each.type, each.schema_version, each.data) for each in events])
        changed = (
            stored if stored.data == each.data else replace(stored, data=each.data)
            for stored, each in zip(events, encoded, strict=True)
        )
        await self._store.restore(list(changed), receipts)

    async def close(self) -> None:
        try:
            await self._store.close()
        finally:
            await self.keys.close()

    async def _sealed(self, encoded: list[Encoded]) -> list[Encoded]:
        plans = [sealing_of(each) for each in encoded]
        subjects = _each_once(subject for plan in plans if plan is not None for subject in sorted(plan.subjects))
        if not subjects:
            return encoded
        await self._belonging.settle()
        keys = await self.keys.make(subjects)
        return [each if plan is None else plan.sealed(keys) for each, plan in zip(encoded, plans, strict=True)]

    async def _opened(self, events: list[StoredEvent]) -> list[StoredEvent]:
        found = [sealed_values(stored.data) for stored in events]
        subjects = _each_once(value.subject for values in found for value in values)
        if not subjects:
            return events
        await self._belonging.check()
        keys = await self.keys.find(subjects)
        unknown = set(subjects).difference(keys)
        if unknown:
            unknown -= await self.keys.erased(unknown)
        return [
            _opened(stored, values, keys, unknown) if values else stored
            for stored, values in zip(events, found, strict=True)
        ]


class Unopened(StoredEvent, frozen=True):
    """An event that the keys do not open: somebody changed it, or the key of its subject is another's, or *missing*."""

    reason: str = ""
    missing: str | None = None

    @property
    def event(self) -> NoReturn:
        where = f"position {self.position}, stream {self.stream!r} version {self.version}"
        if self.missing is not None:
            raise KeyMissing(self.type, self.missing, where)
        raise UndecodableEvent(self.type, self.reason, where)


def _as_it_is(stream: str) -> str:
    return stream  # the store that is sealed checks it


def _each_once(subjects: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(subjects))


def _fields(stored: StoredEvent) -> dict[str, Any]:
    return {name: getattr(stored, name) for name in StoredEvent.__struct_fields__}


def _opened(
    stored: StoredEvent, values: list[SealedValue], keys: Mapping[str, bytes], unknown: Collection[str]
) -> StoredEvent:
    missing = next((value.subject for value in values if value.subject in unknown), None)
    if missing is not None:
        return Unopened(**_fields(stored), missing=missing)
    try:
        return replace(stored, data=opened(stored.type, stored.data, values, keys))
    except BrokenSeal as error:
        return Unopened(**_fields(stored), reason=str(error))
