"""Reading everything once, and saying what is not as it must be."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections import Counter
from operator import itemgetter

import msgspec

from ...codec import EVENTS
from ...errors import EventlabError, InvalidStreamId, UnknownEventType
from ..archive import ARCHIVED
from ..infile import file_store
from ..model import KeptReceipt, StoredEvent, StreamId
from ..protocol import PortableStore
from ..sealing import Unopened
from .walking import NO_DAMAGE, PAGE, Unreadable, reason_of, walk

SHOWN_MAX = 100
"""So many findings are told one by one; the others are counted."""


class Finding(msgspec.Struct, frozen=True):
    """Something that is not as it must be, at a *position* of the log; 0 for the store as a whole."""

    position: int
    what: str


class Findings(msgspec.Struct, frozen=True):
    """What was read, and what was found. *unknown* counts events of each type that is not registered here.

    *gaps* counts where positions were left out between events. That is no finding: PostgreSQL leaves out
    those of appends that failed, and an import keeps the positions it finds.
    """

    events: int
    streams: int
    receipts: int
    head: int
    count: int
    shown: tuple[Finding, ...]
    unknown: dict[str, int]
    gaps: int = 0


async def verify(store: PortableStore) -> Findings:
    """Read the whole log and every receipt.

    Looks for events that cannot be read or decoded, sealed values that the
    keys of a sealed store do not open, positions that do not
    grow, versions with gaps or twice, event ids that are there twice, names
    that are none, events after the one that archived their stream, receipts
    of events that are not there; and, of a store in a file, for damage below
    that. What cannot be read is a finding, and reading goes
    on after it, without a second finding where the versions that it may have had
    are missing; only receipts end at the first one that cannot be read.
    Events of types that are not registered in this process cannot be decoded,
    and are counted.

    What it cannot see: that the last events of the log, or of a stream, are
    missing, if no receipt names them; and content that was replaced by other
    valid content. It remembers the id of every event, in about 100 bytes each.
    """
    looking = _Looking()
    for what in await _damage(store):
        looking.note(0, what)
    async for part in walk(store):
        if isinstance(part, Unreadable):
            looking.unreadable(part)
            continue
        for stored in part:
            looking.at(stored)
    await _receipts(store, looking)
    return looking.result()


class _Looking:
    """What was seen so far."""

    def __init__(self) -> None:
        self.head = self.events = self.receipts = self._count = 0
        self._last: dict[str, tuple[int, int]] = {}
        """Of each stream, the version and the position of the event that was seen last."""
        self._unread: list[tuple[int, int]] = []
        self._stood_for = 0
        """So many missing versions are those of events that could not be read."""
        self._archived: set[str] = set()
        self._unknown: Counter[str] = Counter()
        self._shown: list[Finding] = []
        self._ids: set[int] = set()
        self._gaps: list[tuple[int, int]] = []

    def note(self, position: int, what: str) -> None:
        self._count += 1
        if len(self._shown) < SHOWN_MAX:
            self._shown.append(Finding(position, what))

    def at(self, stored: StoredEvent) -> None:
        self.events += 1
        where = f"stream {stored.stream!r} version {stored.version}"
        if stored.position <= self.head:
            self.note(stored.position, f"{where} stands after position {self.head}")
        self._reach(stored.position)
        if stored.id.int in self._ids:
            self.note(stored.position, f"{where} has the id {stored.id}, as another event before it")
        self._ids.add(stored.id.int)
        self._version(stored, where)
        self._name(stored)
        if stored.stream in self._archived:
            self.note(stored.position, f"{where} was written after its stream was archived")
        if stored.type == ARCHIVED:
            self._archived.add(stored.stream)
        self._content(stored)

    def unreadable(self, part: Unreadable) -> None:
        if not part.last:
            self.note(part.first, f"from here on nothing can be read: {part.reason}")
            return
        there = "cannot be read" if part.first == part.last else f"this and all since {part.first} cannot be read"
        self.note(part.last, f"{there}: {part.reason}")
        self._unread.append((part.first, part.last))
        self._reach(part.first)
        self.head = part.last  # what a receipt says of these is not known to be missing

    def _reach(self, position: int) -> None:
        if position > self.head + 1:
            self._gaps.append((self.head + 1, position - 1))
        self.head = max(self.head, position)

    def lacks(self, position: int) -> bool:
        """Whether no event is at *position*, up to the head."""
        index = bisect_right(self._gaps, position, key=itemgetter(0)) - 1
        return position < 1 or (index >= 0 and position <= self._gaps[index][1])

    def _version(self, stored: StoredEvent, where: str) -> None:
        version, position = self._last.get(stored.stream, (0, 0))
        missing = stored.version - version - 1
        if missing < 0 or (missing and not self._are_unread(missing, position)):
            self.note(stored.position, f"{where} stands where version {version + 1} is due")
        self._last[stored.stream] = stored.version, stored.position

    def _are_unread(self, missing: int, position: int) -> bool:
        """Whether the *missing* versions after *position* may be events that could not be read, each of them once."""
        sizes = [(first, last - first + 1) for first, last in self._unread]
        after = sum(size for first, size in sizes if first > position)
        if missing > min(after, sum(size for _, size in sizes) - self._stood_for):
            return False
        self._stood_for += missing
        return True

    def _name(self, stored: StoredEvent) -> None:
        try:
            if stored.stream != str(StreamId(stored.stream)):
                self.note(stored.position, f"stream name {stored.stream!r} has spaces around it")
        except InvalidStreamId as error:
            self.note(stored.position, str(error))

    def _content(self, stored: StoredEvent) -> None:
        try:
            if isinstance(stored, Unopened):
                stored.event  # noqa: B018  # says which key is missing, or does not fit
            EVENTS.decode(stored.type, stored.schema_version, stored.data)
        except UnknownEventType:
            self._unknown[f"{stored.type} version {stored.schema_version}"] += 1
            if not _is_json(stored.data):
                self.note(
                    stored.position, f"stream {stored.stream!r} version {stored.version} holds no JSON that can be read"
                )
        except EventlabError as error:
            self.note(stored.position, f"stream {stored.stream!r} version {stored.version}: {error}")

    def result(self) -> Findings:
        return Findings(
            self.events,
            len(self._last),
            self.receipts,
            self.head,
            self._count,
            tuple(self._shown),
            dict(sorted(self._unknown.items())),
            len(self._gaps),
        )


async def _receipts(store: PortableStore, looking: _Looking) -> None:
    after, limit = "", PAGE
    while True:
        await asyncio.sleep(0)
        try:
            page = await store.receipts(after, limit=limit)
        except NO_DAMAGE:
            raise
        except Exception as error:
            if limit > 1:
                limit = 1  # up to the one that cannot be read
                continue
            looking.note(0, f"receipts after command id {after!r} cannot be read: {reason_of(error)}")
            return
        for kept in page:
            looking.receipts += 1
            if await _is_of_nothing(store, looking, kept):
                looking.note(0, f"command id {kept.command_id!r} has a receipt for events that are not there")
        if not page or page[-1].command_id <= after:
            return
        after = page[-1].command_id


async def _is_of_nothing(store: PortableStore, looking: _Looking, kept: KeptReceipt) -> bool:
    positions = kept.receipt.positions
    if any(looking.lacks(position) for position in positions):
        return True
    if max(positions, default=0) <= looking.head:
        return False
    try:
        return await store.head() == looking.head  # else it may be of an append that came meanwhile
    except NO_DAMAGE:
        raise
    except Exception:
        return False  # that the end cannot be read is a finding already


async def _damage(store: PortableStore) -> list[str]:
    """What the database itself finds damaged, where it can look."""
    file = file_store(store)
    if file is None:
        return []
    try:
        return await file.damage()
    except NO_DAMAGE:
        raise
    except Exception as error:
        return [reason_of(error)]


def _is_json(data: bytes) -> bool:
    try:
        msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True
