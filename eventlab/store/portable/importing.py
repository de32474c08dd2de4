"""Taking an export in: exactly as it was, in batches, each of them as a whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b

import msgspec

from ...errors import EventlabError, ExportInvalid, GiveUp, InvalidStreamId, InvalidValue
from ..model import KeptReceipt, StoredEvent
from ..protocol import PortableStore
from .lines import FORMAT, EventLine, Foot, Head, Line, ReceiptLine, decoded, kept_receipt, stored_event

BATCH = 1000


class Imported(msgspec.Struct, frozen=True):
    """How much was taken in, and how much was there already, from a time that was interrupted."""

    events: int
    receipts: int
    present: int


async def import_(store: PortableStore, lines: Iterable[bytes], *, source: str = "export") -> Imported:
    """Take the lines of an export into *store*, with their positions, versions, ids and times.

    The store has to be empty, or to hold the beginning of the same export: what
    is there already is compared and left, so that an interrupted import can be
    repeated. Raises ExportInvalid with the line that does not fit; lines
    before it may have been taken in by then, and no later one. To know before
    anything is written, `check` the lines first.
    """
    taking = _Taking(store, source)
    try:
        for number, line in _checked(lines, source):
            if isinstance(line, EventLine):
                await taking.event(number, stored_event(line))
            elif isinstance(line, ReceiptLine):
                await taking.receipt(number, kept_receipt(line))
        return await taking.end()
    except _CutShort as error:
        taken = taking.events_in()
        raise ExportInvalid(
            source,
            error.line,
            f"{error.reason}; {taken:,} events are in the store, and importing it again, whole, goes on from there",
        ) from None


def check(lines: Iterable[bytes], *, source: str = "export") -> None:
    """Read an export to its end. Raises ExportInvalid if it is none, is damaged, or was cut short."""
    for _ in _checked(lines, source):
        pass


class _CutShort(ExportInvalid):
    """All lines that came are good, and then no more came."""


class _Taking:
    """Collects batches and restores them."""

    def __init__(self, store: PortableStore, source: str) -> None:
        self._store, self._source = store, source
        self._events: list[tuple[int, StoredEvent]] = []
        self._receipts: list[tuple[int, KeptReceipt]] = []
        self._taken = [0, 0, 0]

    async def event(self, number: int, stored: StoredEvent) -> None:
        self._events.append((number, stored))
        if len(self._events) == BATCH:
            await self._take_events()

    async def receipt(self, number: int, kept: KeptReceipt) -> None:
        if self._events:
            await self._take_events()
        self._receipts.append((number, kept))
        if len(self._receipts) == BATCH:
            await self._take_receipts()

    async def end(self) -> Imported:
        await self._take_events()
        await self._take_receipts()
        return Imported(*self._taken)

    def events_in(self) -> int:
        """How many events of the export are in the store by now, from this time or from before."""
        return self._taken[0] + self._taken[2]

    async def _take_events(self) -> None:
        due: Sequence[tuple[int, StoredEvent]]
        due, self._events = self._events, []
        refused: GiveUp | None = None
        while due:
            fresh = await self._fresh(due)
            self._taken[2] += len(due) - len(fresh)
            if refused is not None and len(fresh) == len(due):
                raise await self._refusal(fresh, refused)
            due = fresh
            try:
                await self._store.restore([stored for _, stored in due])
            except (InvalidValue, InvalidStreamId) as error:
                refused = error  # by what another import took in meanwhile? then that is there when looked for
                continue
            self._taken[0] += len(due)
            return

    async def _fresh(self, batch: Sequence[tuple[int, StoredEvent]]) -> Sequence[tuple[int, StoredEvent]]:
        """Without what is in the store already, which must be the same."""
        head = await self._store.head()
        known = [(number, stored) for number, stored in batch if stored.position <= head]
        if not known:
            return batch
        there = await self._store.read_all(known[0][1].position - 1, limit=len(known))
        for (number, stored), other in zip(known, there, strict=False):
            if stored != other:
                raise ExportInvalid(
                    self._source,
                    number,
                    f"position {stored.position} holds another event already; import into an empty store",
                )
        return batch[len(known) :]

    async def _refusal(self, batch: Sequence[tuple[int, StoredEvent]], error: GiveUp) -> ExportInvalid:
        """Which line it was: found by trying them one after the other."""
        for number, stored in batch:
            try:
                await self._store.restore([stored])
            except (InvalidValue, InvalidStreamId) as single:
                if not await self._fresh([(number, stored)]):
                    continue
                return ExportInvalid(self._source, number, str(single))
        return ExportInvalid(self._source, batch[0][0], str(error))

    async def _take_receipts(self) -> None:
        due: Sequence[tuple[int, KeptReceipt]]
        due, self._receipts = self._receipts, []
        before = len(due) + 1
        while due := [one for one in due if not await self._is_kept(*one)]:
            try:
                await self._store.restore([], [kept for _, kept in due])
            except EventlabError:
                if len(due) == before:
                    raise
                before = len(due)  # another import may have been faster: look once more what is there
                continue
            self._taken[1] += len(due)
            return

    async def _is_kept(self, number: int, kept: KeptReceipt) -> bool:
        """Whether the receipt is in the store already; it must be the same."""
        found = await self._store.receipt(kept.command_id)
        if found is not None and (found.positions, found.versions) != (kept.receipt.positions, kept.receipt.versions):
            raise ExportInvalid(
                self._source,
                number,
                f"command id {kept.command_id!r} has another receipt already; import into an empty store",
            )
        return found is not None


def _checked(lines: Iterable[bytes], source: str) -> Iterator[tuple[int, Line]]:
    """Each line with its number; raises ExportInvalid for a file that is none, is damaged, or was cut short."""
    whole: object = lines
    if isinstance(whole, bytes | str):
        raise InvalidValue("lines of an export", whole[:40], "its lines, as open(path, 'rb') gives them")
    digest = blake2b(digest_size=16)
    number = events = receipts = 0
    foot: Foot | None = None
    for number, text in enumerate(lines, 1):
        line = _line(text, source, number)
        if foot is not None:
            raise ExportInvalid(source, number, "there are lines after the end of the export")
        if (number == 1) != isinstance(line, Head):
            raise ExportInvalid(
                source, number, "an export begins with one line of its own, and this is none of eventlab"
            )
        if isinstance(line, Head) and line.format > FORMAT:
            raise ExportInvalid(source, number, f"format {line.format} is newer than {FORMAT}; update this program")
        if isinstance(line, Foot):
            foot = line
            if (line.events, line.receipts, line.digest) != (events, receipts, digest.hexdigest()):
                raise ExportInvalid(source, number, "the lines before are not those that were exported")
        digest.update(text if text.endswith(b"\n") else text + b"\n")
        events += isinstance(line, EventLine)
        receipts += isinstance(line, ReceiptLine)
        yield number, line
    if foot is None:
        raise _CutShort(source, number, "the export ends too early: its last line is missing")


def _line(text: bytes, source: str, number: int) -> Line:
    try:
        return decoded(text)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        if number > 1 and not text.endswith(b"\n"):
            raise _CutShort(source, number, "the export ends too early, within this line") from None
        raise ExportInvalid(source, number, f"no line of an export: {error}") from None
