"""A store in memory: the reference, and the one to read first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from .. import hooks
from ..codec import EVENTS, Encoded
from ..errors import CommandIdReused
from ..runtime import current as current_runtime
from . import expectations
from .fingerprint import fingerprint
from .metadata import Metadata
from .metadata import current as carried_metadata
from .model import Expectation, Receipt, StoredEvent, category_of
from .naming import StreamNames, check_page


class MemoryStore:
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

    async def append(
        self,
        events: Sequence[tuple[str, object]],
        *,
        expect: Mapping[str, Expectation] | None = None,
        command_id: str | None = None,
        metadata: Metadata | None = None,
    ) -> Receipt:
        encoded = [(self._plain(stream), EVENTS.encode(event)) for stream, event in events]
        if command_id is not None and (earlier := self._repeated(command_id, encoded)) is not None:
            return earlier
        if expect and not self._all_met(expect):
            wanted = {self._plain(name): expectations.validated(name, value) for name, value in expect.items()}
            expectations.check(wanted, self._version)
        # Everything that can fail has been done: from here on the append happens as a whole.
        receipt, lines = self._write(encoded, carried_metadata() if metadata is None else metadata)
        if command_id is not None:
            self._receipts[command_id] = (fingerprint(encoded), receipt)
        if hooks.listening and lines:
            hooks.emit(hooks.EventsAppended(self.name, receipt.positions[-1], tuple(lines)))
        return receipt

    async def read(self, stream: str, *, after: int = 0, limit: int | None = None) -> list[StoredEvent]:
        check_page(after, limit)
        events = self._streams.get(self._plain(stream), ())
        return list(events[after : None if limit is None else after + limit])

    async def read_many(self, streams: Sequence[str]) -> dict[str, list[StoredEvent]]:
        return {name: list(self._streams.get(name, ())) for name in map(self._plain, streams)}

    async def read_all(
        self,
        after: int = 0,
        *,
        categories: Sequence[str] | None = None,
        types: Sequence[str] | None = None,
        limit: int = 1000,
    ) -> list[StoredEvent]:
        check_page(after, limit)
        if categories is None and types is None:
            return self._log[after : after + limit]
        wanted = _filter(categories, types)
        page: list[StoredEvent] = []
        for index in range(after, len(self._log)):
            if wanted(self._log[index]):
                page.append(self._log[index])
                if len(page) == limit:
                    break
        return page

    async def receipt(self, command_id: str) -> Receipt | None:
        found = self._receipts.get(command_id)
        return None if found is None else _again(found[1])

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

    def _repeated(self, command_id: str, encoded: list[tuple[str, Encoded]]) -> Receipt | None:
        earlier = self._receipts.get(command_id)
        if earlier is None:
            return None
        if earlier[0] != fingerprint(encoded):
            raise CommandIdReused(command_id)
        return _again(earlier[1])

    def _write(
        self, encoded: list[tuple[str, Encoded]], metadata: Metadata
    ) -> tuple[Receipt, list[tuple[str, int, str]]]:
        """What was written, for the writer and for the listeners."""
        runtime = current_runtime()
        occurred_at, new_id = runtime.now(), runtime.new_id
        log, streams = self._log, self._streams
        position = before = len(log)
        versions: dict[str, int] = {}
        lines: list[tuple[str, int, str]] = []
        for name, content in encoded:
            position += 1
            stream = streams.get(name)
            if stream is None:
                stream = streams[name] = []
            version = versions[name] = len(stream) + 1
            type_ = content.type
            stored = StoredEvent(
                position, name, version, new_id(), type_, content.schema_version, content.data, metadata, occurred_at
            )
            log.append(stored)
            stream.append(stored)
            lines.append((name, version, type_))
        return Receipt(tuple(range(before + 1, position + 1)), versions), lines


def _again(receipt: Receipt) -> Receipt:
    return Receipt(receipt.positions, receipt.versions, repeated=True)


def _filter(categories: Sequence[str] | None, types: Sequence[str] | None) -> Callable[[StoredEvent], bool]:
    kept_categories = None if categories is None else frozenset(categories)
    kept_types = None if types is None else frozenset(types)

    def wanted(stored: StoredEvent) -> bool:
        return (kept_types is None or stored.type in kept_types) and (
            kept_categories is None or category_of(stored.stream) in kept_categories
        )

    return wanted
