"""Reading everything once, and saying what is not as it must be."""

from __future__ import annotations

from collections import Counter

import msgspec

from ...codec import EVENTS
from ...errors import EventlabError, InvalidStreamId, UnknownEventType
from ..archive import ARCHIVED
from ..model import StoredEvent, StreamId
from ..protocol import PortableStore

PAGE = 1000
SHOWN_MAX = 100
"""So many findings are told one by one; the others are counted."""


class Finding(msgspec.Struct, frozen=True):
    """Something that is not as it must be, at a *position* of the log; 0 for the store as a whole."""

    position: int
    what: str


class Findings(msgspec.Struct, frozen=True):
    """What was read, and what was found. *unknown* counts events of each type that is not registered here."""

    events: int
    streams: int
    receipts: int
    head: int
    count: int
    shown: tuple[Finding, ...]
    unknown: dict[str, int]


async def verify(store: PortableStore) -> Findings:
    """Read the whole log and every receipt.

    Looks for positions that do not grow, versions with gaps or twice, names
    that are none, events that cannot be decoded, events after the one that
    archived their stream, receipts of events that are not there; and, if the
    store can tell (``damage()``), for damage below that. Events of types that
    are not registered in this process cannot be decoded, and are counted.
    """
    looking = _Looking()
    for what in await _damage(store):
        looking.note(0, what)
    after = 0
    while page := await store.read_all(after, limit=PAGE):
        for stored in page:
            looking.at(stored)
        if page[-1].position <= after:
            break  # it would never end; the finding says why
        after = page[-1].position
    await _receipts(store, looking)
    return looking.result()


class _Looking:
    """What was seen so far."""

    def __init__(self) -> None:
        self.head = self.events = self.receipts = self._count = 0
        self._versions: dict[str, int] = {}
        self._archived: set[str] = set()
        self._unknown: Counter[str] = Counter()
        self._shown: list[Finding] = []

    def note(self, position: int, what: str) -> None:
        self._count += 1
        if len(self._shown) < SHOWN_MAX:
            self._shown.append(Finding(position, what))

    def at(self, stored: StoredEvent) -> None:
        self.events += 1
        where = f"stream {stored.stream!r} version {stored.version}"
        if stored.position <= self.head:
            self.note(stored.position, f"{where} stands after position {self.head}")
        self.head = max(self.head, stored.position)
        self._version(stored, where)
        self._name(stored)
        if stored.stream in self._archived:
            self.note(stored.position, f"{where} was written after its stream was archived")
        if stored.type == ARCHIVED:
            self._archived.add(stored.stream)
        self._content(stored)

    def _version(self, stored: StoredEvent, where: str) -> None:
        due = self._versions.get(stored.stream, 0) + 1
        if stored.version != due:
            self.note(stored.position, f"{where} stands where version {due} is due")
        self._versions[stored.stream] = stored.version

    def _name(self, stored: StoredEvent) -> None:
        try:
            if stored.stream != str(StreamId(stored.stream)):
                self.note(stored.position, f"stream name {stored.stream!r} has spaces around it")
        except InvalidStreamId as error:
            self.note(stored.position, str(error))

    def _content(self, stored: StoredEvent) -> None:
        try:
            EVENTS.decode(stored.type, stored.schema_version, stored.data)
        except UnknownEventType:
            self._unknown[f"{stored.type} version {stored.schema_version}"] += 1
            if not _is_json(stored.data):
                self.note(stored.position, f"stream {stored.stream!r} version {stored.version} holds no JSON")
        except EventlabError as error:
            self.note(stored.position, f"stream {stored.stream!r} version {stored.version}: {error}")

    def result(self) -> Findings:
        return Findings(
            self.events,
            len(self._versions),
            self.receipts,
            self.head,
            self._count,
            tuple(self._shown),
            dict(sorted(self._unknown.items())),
        )


async def _receipts(store: PortableStore, looking: _Looking) -> None:
    after = ""
    while page := await store.receipts(after, limit=PAGE):
        for kept in page:
            looking.receipts += 1
            if max(kept.receipt.positions, default=0) > looking.head and await store.head() == looking.head:
                looking.note(0, f"command id {kept.command_id!r} has a receipt for events that are not there")
        after = page[-1].command_id


async def _damage(store: PortableStore) -> list[str]:
    """What the database itself finds damaged, where it can look."""
    look = getattr(store, "damage", None)
    return [] if look is None else list(await look())


def _is_json(data: bytes) -> bool:
    try:
        msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True
