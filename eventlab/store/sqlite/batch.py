"""What the appends of one transaction amount to: each is checked, and all of them are written in a few statements."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from ...errors import ArchivedStreamError, CommandIdReused, EventlabError
from .. import expectations
from ..archive import ARCHIVED
from ..model import Expectation, Receipt
from . import rows
from .append import Append, Outcome
from .seen import Seen


class Batch:
    """Appends of one transaction, which has begun: what one of them writes, the next one finds.

    Each stream is looked up once, or not at all where it was *seen* at the version that is expected of it.
    Had it grown since, its next version is there already, and `write` raises IntegrityError for all of them:
    then they are to be tried once more, *trusting* nothing that was seen.
    """

    def __init__(self, connection: sqlite3.Connection, seen: Seen, trusting: bool) -> None:
        self._connection, self._seen, self._trusting = connection, seen, trusting
        self._values: list[object] = []
        self._receipts: dict[str, tuple[bytes, Receipt]] = {}
        self._versions: dict[str, int] = {}
        self._archived: set[str] = set()
        self._last = int(connection.execute(rows.HEAD).fetchone()[0] or 0)

    def add(self, append: Append) -> Outcome:
        """Check one append, and number its events. Errors of the database are raised: they concern all appends."""
        try:
            if append.command_id is not None and (earlier := self._earlier(append)) is not None:
                return earlier
            as_seen = self._trusting and self._is_as_seen(append)
            if append.expect and not as_seen:
                expectations.check(append.expect, self._version)
            return self._numbered(append, append.expect if as_seen else {})
        except EventlabError as error:
            return error  # nothing is written for it, and the others go on

    def write(self) -> None:
        """Write the events and receipts of all appends."""
        last = rows.insert_events(self._connection, self._values)
        if self._values and last != self._last:
            raise sqlite3.DataError("the log has no positions left")  # SQLite takes any free number then
        if self._receipts:
            kept = ((id_, print_, rows.receipt_to_row(each)) for id_, (print_, each) in self._receipts.items())
            self._connection.executemany(rows.KEEP_RECEIPT, kept)

    def remember(self) -> None:
        """Once it is committed: where the streams are now."""
        for stream, version in self._versions.items():
            if version:  # who asked for a stream that is not there learnt nothing that is worth a place
                self._seen.remember(stream, version, ARCHIVED if stream in self._archived else "")

    def _is_as_seen(self, append: Append) -> bool:
        """Whether all that is expected are versions that were seen, of streams that it writes: writing checks those."""
        written = [each[0] for each in append.events]
        for stream, expected in append.expect.items():
            known = self._versions.get(stream)
            if known is None:
                known = self._seen.version(stream) or 0
            if known != expected or stream not in written:
                return False
        return True

    def _version(self, stream: str) -> int:
        known = self._versions.get(stream)
        if known is None:
            last = self._connection.execute(rows.LAST, (stream,)).fetchone()
            known, type_ = (0, "") if last is None else last
            self._versions[stream] = known
            if type_ == ARCHIVED:
                self._archived.add(stream)
        return known

    def _numbered(self, append: Append, known: Mapping[str, Expectation]) -> Receipt:
        """The receipt of an append that is as expected; of *known* streams, the version is not looked up.

        Raises ArchivedStreamError if an event comes after the one that archived its stream, and
        VersionConflict if it was not as expected after all.
        """
        values: list[object] = []
        written: dict[str, int] = {}
        closed: set[str] = set()
        metadata, occurred_at, archived = append.metadata, append.occurred_at, self._archived
        for stream, id_, type_, schema_version, data in append.events:
            version = written.get(stream)
            if version is None:
                expected = known.get(stream)
                version = expected if type(expected) is int else self._version(stream)
            if (closed or archived) and (stream in closed or stream in archived):
                # Known streams too: nothing is written that would check them.
                expectations.check(append.expect, self._version)
                raise ArchivedStreamError(stream, self._version(stream))
            if type_ == ARCHIVED:
                closed.add(stream)
            written[stream] = version = version + 1
            values += (stream, version, id_, type_, schema_version, data, metadata, occurred_at)
        # The only writer appends them one after the other, so their positions have no gap.
        first = self._last + 1
        self._last += len(append.events)
        receipt = Receipt(tuple(range(first, self._last + 1)), written)
        self._values += values
        self._versions |= written
        self._archived |= closed
        if append.command_id is not None:
            self._receipts[append.command_id] = append.fingerprint, receipt
        return receipt

    def _earlier(self, append: Append) -> Receipt | None:
        pending = self._receipts.get(str(append.command_id))
        if pending is not None:
            fingerprint, receipt = pending
            found: Receipt | None = Receipt(receipt.positions, receipt.versions, repeated=True)
        else:
            row = self._connection.execute(rows.FIND_RECEIPT, (append.command_id,)).fetchone()
            if row is None:
                return None
            fingerprint, found = row[0], rows.receipt_from_row(str(append.command_id), row[1])
        if fingerprint != append.fingerprint:
            raise CommandIdReused(str(append.command_id))
        return found
