"""One transaction for all appends that wait: each is checked and written, or answered with its own error."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from ...errors import ArchivedStreamError, CommandIdReused, EventlabError
from .. import expectations
from ..archive import ARCHIVED
from ..model import Receipt
from . import rows
from .append import Append, Busy, Outcome
from .trouble import explained, is_busy


def commit(connection: sqlite3.Connection, url: str, appends: Sequence[Append]) -> list[Outcome]:
    """Write *appends* in one transaction; an outcome for each, in their order. Never raises because of one of them."""
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.Error as error:
        return [Busy() if is_busy(error) else explained(url, error) for _ in appends]
    committing = False
    try:
        streams = _Streams(connection)
        outcomes = [_outcome(connection, append, streams) for append in appends]
        committing = True
        connection.execute("COMMIT")
        return outcomes
    except Exception as error:
        rollback(connection)
        return _failed(connection, url, appends, error, committing)
    except BaseException:  # an interrupt on the loop's thread
        rollback(connection)
        raise


class _Streams:
    """Where the streams are, as this transaction sees them: each is looked up once."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.versions: dict[str, int] = {}
        self.archived: set[str] = set()

    def version(self, stream: str) -> int:
        known = self.versions.get(stream)
        if known is None:
            last = self._connection.execute(rows.LAST, (stream,)).fetchone()
            known, type_ = (0, "") if last is None else last
            self.versions[stream] = known
            if type_ == ARCHIVED:
                self.archived.add(stream)
        return known


def _outcome(connection: sqlite3.Connection, append: Append, streams: _Streams) -> Outcome:
    """Check and write one append. Errors of the database are raised: they concern the whole transaction."""
    try:
        if append.command_id is not None and (earlier := find_receipt(connection, append)) is not None:
            return earlier
        expectations.check(append.expect, streams.version)
        inserted, written, archived = _numbered(append, streams)
    except EventlabError as error:
        return error  # nothing was written for it yet, so the others go on
    receipt = Receipt(_inserted(connection, inserted), written)
    if append.command_id is not None:
        connection.execute(rows.KEEP_RECEIPT, (append.command_id, append.fingerprint, rows.receipt_to_row(receipt)))
    streams.versions |= written
    streams.archived |= archived
    return receipt


def _inserted(connection: sqlite3.Connection, inserted: list[rows.Row]) -> tuple[int, ...]:
    """Write the rows; their positions."""
    if not inserted:
        return ()
    if len(inserted) == 1:
        last = connection.execute(rows.INSERT, inserted[0]).lastrowid or 0
    else:
        connection.executemany(rows.INSERT, inserted)
        last = connection.execute(rows.LAST_POSITION).fetchone()[0]
    # The only writer appended them one after the other, so their positions have no gap.
    return tuple(range(last - len(inserted) + 1, last + 1))


def _numbered(append: Append, streams: _Streams) -> tuple[list[rows.Row], dict[str, int], set[str]]:
    """The rows of an append, the new versions of its streams, and those of them that it archives.

    Raises ArchivedStreamError if an event comes after the one that archived its stream.
    """
    inserted: list[rows.Row] = []
    written: dict[str, int] = {}
    archived: set[str] = set()
    metadata, occurred_at = append.metadata, append.occurred_at
    for stream, id_, type_, schema_version, data in append.events:
        version = written.get(stream)
        if version is None:
            version = streams.version(stream)
        if (archived or streams.archived) and (stream in archived or stream in streams.archived):
            raise ArchivedStreamError(stream, streams.version(stream))
        if type_ == ARCHIVED:
            archived.add(stream)
        written[stream] = version = version + 1
        inserted.append((stream, version, id_, type_, schema_version, data, metadata, occurred_at))
    return inserted, written, archived


def find_receipt(connection: sqlite3.Connection, append: Append) -> Receipt | None:
    found = connection.execute(rows.FIND_RECEIPT, (append.command_id,)).fetchone()
    if found is None:
        return None
    if found[0] != append.fingerprint:
        raise CommandIdReused(str(append.command_id))
    return rows.receipt_from_row(found[1])


def _failed(
    connection: sqlite3.Connection, url: str, appends: Sequence[Append], error: Exception, committing: bool
) -> list[Outcome]:
    """The transaction was rolled back. One append may have spoiled it for all, so each is tried alone."""
    if isinstance(error, sqlite3.Error) and is_busy(error):
        return [Busy() for _ in appends]
    if len(appends) > 1 and not committing:
        return [commit(connection, url, [append])[0] for append in appends]
    if not isinstance(error, sqlite3.Error):
        return [error]
    return [explained(url, error, committing=committing) for _ in appends]


def rollback(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:  # some errors have rolled it back already
        connection.execute("ROLLBACK")
