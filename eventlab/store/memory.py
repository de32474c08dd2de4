"""A store in memory: the reference, and the one to read first."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import islice, takewhile

from .. import hooks
from ..codec import Encoded
from ..errors import CommandIdReused
from ..runtime import current as current_runtime
from . import expectations
from .archive import ARCHIVED, check_open
from .asking import beginnings, check_page, check_position, check_receipts, plain_names, window_of
from .closing import Closing
from .filters import EVERYTHING, Filter, check_filter
from .fingerprint import fingerprint_of
from .metadata import Metadata, stored_with
from .model import Expectation, KeptReceipt, Receipt, StoredEvent
from .naming import StreamNames, check_command_id
from .pairs import encoded_pairs
from .records import MemoryRecords, Records
from .restoring import check_restorable, check_restored
from .wakeups import Wakeups


class MemoryStore(Closing):
    """Keeps events as long as the object lives. Nothing here ever suspends, so each call is one atomic step.

    Events are kept encoded, as every store keeps them, so that what cannot be
    stored fails here too.
    """

    def __init__(self, name: str = "memory", owns: Sequence[str] = ()) -> None:
        self.name = name
        self._plain = StreamNames(name, owns).plain
        self._log: list[StoredEvent] = []
        self._streams: dict[str, list[StoredEvent]] = {}
        self._receipts: dict[str, tuple[bytes, Receipt]] = {}
        self._archived: set[str] = set()
        self._wakeups = Wakeups()
        self.records: Records = MemoryRecords()

    async def append(
        self,
        events: Sequence[tuple[str, object]],
        *,
        expect: Mapping[str, Expectation] | None = None,
        command_id: str | None = None,
        metadata: Metadata | None = None,
    ) -> Receipt:
        encoded = encoded_pairs(self._plain, events)
        mark = b"" if command_id is None else fingerprint_of(command_id, encoded)
        if command_id is not None and (earlier := self._repeated(command_id, mark)) is not None:
            return earlier
        if expect and not (type(expect) is dict and self._all_met(expect)):
            expectations.check(expectations.by_plain_name(expect, self._plain), self._version)
        check_open(encoded, self._archived, self._version)
        said = stored_with(metadata)
        # Everything that can fail has been done: from here on the append happens as a whole.
        receipt, lines = self._write(encoded, said)
        if command_id is not None:
            self._receipts[command_id] = (mark, receipt)
        if hooks.listening and lines:
            hooks.emit(hooks.EventsAppended(self.name, receipt.positions[-1], tuple(lines)))
        self._wakeups.wake()
        return receipt

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
        name = window_of(self._plain, stream, after, to, at, backwards, limit)
        events = self._streams.get(name, [])
        if at is not None:
            events = list(takewhile(lambda stored: stored.occurred_at <= at, events))
        events = events[after:to]
        if backwards:
            events.reverse()
        return events if limit is None else events[:limit]

    async def read_many(
        self, streams: Sequence[str], *, after: Mapping[str, int] | None = None
    ) -> dict[str, list[StoredEvent]]:
        begin = beginnings(after, self._plain)
        return {name: self._streams.get(name, [])[begin.get(name, 0) :] for name in plain_names(streams, self._plain)}

    async def read_all(self, after: int = 0, *, where: Filter = EVERYTHING, limit: int = 1000) -> list[StoredEvent]:
        check_page(after, limit)
        begin = bisect_right(self._log, after, key=_position)  # positions have gaps where a log was taken in
        if where is EVERYTHING:
            return self._log[begin : begin + limit]
        check_filter(where)
        wanted = filter(where.lets_through, islice(self._log, begin, None))
        return list(islice(wanted, limit))

    async def head(self) -> int:
        return self._log[-1].position if self._log else 0

    async def changed(self, after: int) -> None:
        check_position(after)
        future = self._wakeups.register()
        try:
            if await self.head() <= after:
                await future
        finally:
            self._wakeups.forget(future)

    async def receipt(self, command_id: str) -> Receipt | None:
        check_command_id(command_id)
        found = self._receipts.get(command_id)
        return None if found is None else _again(found[1])

    async def receipts(self, after: str = "", *, limit: int = 1000) -> list[KeptReceipt]:
        check_receipts(after, limit)
        ids = sorted(command_id for command_id in self._receipts if command_id > after)[:limit]
        return [KeptReceipt(command_id, *self._receipts[command_id]) for command_id in ids]

    async def restore(self, events: Sequence[StoredEvent], receipts: Sequence[KeptReceipt] = ()) -> None:
        names = check_restorable(events, receipts, self._plain)
        check_restored(events, await self.head(), self._version)
        for name, stored in zip(names, events, strict=True):
            self._keep(name, stored)
        self._receipts |= {kept.command_id: (kept.fingerprint, kept.receipt) for kept in receipts}
        self._wakeups.wake()

    async def close(self) -> None:
        """Nothing to let go of: a node that comes back finds its events where they were."""

    def _all_met(self, expect: Mapping[str, Expectation]) -> bool:
        """Whether plain versions are expected, and found: so it is nearly always, and nothing is left to be said."""
        streams, plain = self._streams, self._plain
        for name, expected in expect.items():
            if type(expected) is not int or expected != len(streams.get(plain(name), ())):
                return False
        return True

    def _version(self, stream: str) -> int:
        return len(self._streams.get(stream, ()))

    def _repeated(self, command_id: str, mark: bytes) -> Receipt | None:
        earlier = self._receipts.get(command_id)
        if earlier is None:
            return None
        if earlier[0] != mark:
            raise CommandIdReused(command_id)
        return _again(earlier[1])

    def _keep(self, name: str, stored: StoredEvent) -> None:
        self._log.append(stored)
        self._streams.setdefault(name, []).append(stored)
        if stored.type == ARCHIVED:
            self._archived.add(name)

    def _write(
        self, encoded: list[tuple[str, Encoded]], metadata: Metadata
    ) -> tuple[Receipt, list[tuple[str, int, str]]]:
        """What was written, for the writer and for the listeners."""
        runtime = current_runtime()
        occurred_at, new_id = runtime.now(), runtime.new_id
        position = before = self._log[-1].position if self._log else 0
        versions: dict[str, int] = {}
        lines: list[tuple[str, int, str]] = []
        for name, content in encoded:
            position += 1
            version = versions[name] = len(self._streams.get(name, ())) + 1
            type_ = content.type
            self._keep(
                name,
                StoredEvent(
                    position,
                    name,
                    version,
                    new_id(),
                    type_,
                    content.schema_version,
                    content.data,
                    metadata,
                    occurred_at,
                ),
            )
            lines.append((name, version, type_))
        return Receipt(tuple(range(before + 1, position + 1)), versions), lines


def _again(receipt: Receipt) -> Receipt:
    return Receipt(receipt.positions, receipt.versions, repeated=True)


def _position(stored: StoredEvent) -> int:
    return stored.position
