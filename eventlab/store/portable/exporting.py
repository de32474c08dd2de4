"""Writing a store out as JSON Lines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from hashlib import blake2b

import msgspec

from ..protocol import PortableStore
from .lines import FORMAT, Foot, Head, Line, encoded, event_line, receipt_line

PAGE = 1000


class Exported(msgspec.Struct, frozen=True):
    """How much was written out, and up to which position."""

    events: int
    receipts: int
    head: int


async def export(store: PortableStore, write: Callable[[bytes], object]) -> Exported:
    """Hand every line of an export of *store* to *write*: all that was there when it began, in its order.

    The store may be written to meanwhile. What it keeps beside the log
    (leases, checkpoints, snapshots) is not part of it.
    """
    lines = _Lines(write)
    head = await store.head()
    lines.put(Head(FORMAT, head))
    events = await _events(store, head, lines)
    receipts = await _receipts(store, head, lines)
    lines.put(Foot(events, receipts, lines.digest()))
    return Exported(events, receipts, head)


class _Lines:
    """Lines on their way out, and the digest of them all."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._digest = blake2b(digest_size=16)

    def put(self, line: Line) -> None:
        text = encoded(line)
        self._digest.update(text)
        self._write(text)

    def digest(self) -> str:
        return self._digest.hexdigest()


async def _events(store: PortableStore, head: int, lines: _Lines) -> int:
    after = count = 0
    while after < head and (page := await store.read_all(after, limit=PAGE)):
        for stored in page:
            if stored.position > head:
                return count
            lines.put(event_line(stored))
            count += 1
        after = page[-1].position
        await asyncio.sleep(0)  # others of this loop have their turn
    return count


async def _receipts(store: PortableStore, head: int, lines: _Lines) -> int:
    after, count = "", 0
    while page := await store.receipts(after, limit=PAGE):
        for kept in page:
            if max(kept.receipt.positions, default=0) <= head:  # not of an append that came meanwhile
                lines.put(receipt_line(kept))
                count += 1
        after = page[-1].command_id
        await asyncio.sleep(0)
    return count
