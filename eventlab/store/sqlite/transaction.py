"""One transaction for all appends that wait: each is checked and written, or answered with its own error."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ...errors import ArchivedStreamError, CommandIdReused, EventlabError
from .. import expectations
from ..archive import ARCHIVED
from ..model import Expectation, Receipt
from . import rows
from .trouble import explained, is_busy


@dataclass(slots=True)
class Append:
    """An append as it waits: everything is encoded, checked and stamped, but not yet compared with the streams.

    *events* are ``(stream, id, type, schema version, data)``.
    """

    events: list[tuple[str, bytes, str, int, bytes]]
    expect: dict[str, Expectation]
    metadata: bytes
    occurred_at: str
    command_id: str | None
    fingerprint: bytes


class Busy(EventlabError):
    """Another connection is writing. Nothing happened; the store tries again, and nobody else sees this."""


Outcome: TypeAlias = Receipt | Exception
Commit: TypeAlias = Callable[[Sequence[Append]], list[Outcome]]


def commit(connection: sqlite3.Connection, url: str, appends: Sequence[Append]) -> list[Outcome]:
    """Write *appends* in one transaction; an outcome for each, in their order. Never raises because of one of them."""
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.Error as error:
        return [Busy() if is_busy(error) else explained(url, error) for _ in appends]
    committing = False
    try:
        versions: dict[str, int] = {}
        outcomes = [_outcome(connection, append, versions) for append in appends]
        committing = True
        connection.execute("COMMIT")
        return outcomes
    except Exception as error:
        rollback(connection)
        return _failed(connection, url, appends, error, committing)
    except BaseException:  # an interrupt on the loop's thread
        rollback(connection)
        raise


def _outcome(connection: sqlite3.Connection, append: Append, versions: dict[str, int]) -> Outcome:
    """Check and write one append. Errors of the database are raised: they concern the whole transaction."""
    try:
        if append.command_id is not None and (earlier := find_receipt(connection, append)) is not None:
            return earlier

        def version(stream: str) -> int:
            if stream not in versions:
                versions[stream] = rows.version_of(connection, stream)
            return versions[stream]

        expectations.check(append.expect, version)
        _check_open(connection, append, version)
    except EventlabError as error:
        return error  # nothing was written for it yet, so the others go on
    receipt = _insert(connection, append, version, versions)
    if append.command_id is not None:
        connection.execute(rows.KEEP_RECEIPT, (append.command_id, append.fingerprint, rows.receipt_to_row(receipt)))
    return receipt


def _check_open(connection: sqlite3.Connection, append: Append, version_of: Callable[[str], int]) -> None:
    """Raise ArchivedStreamError if an event comes after the one that archived its stream."""
    types = {stream: type_ for stream, _, type_, _, _ in append.events}
    for stream in types:
        if version_of(stream) and rows.is_archived(connection, stream):
            raise ArchivedStreamError(stream, version_of(stream))
    closed: set[str] = set()
    for stream, _, type_, _, _ in append.events:
        if stream in closed:
            raise ArchivedStreamError(stream, version_of(stream))
        if type_ == ARCHIVED:
            closed.add(stream)


def find_receipt(connection: sqlite3.Connection, append: Append) -> Receipt | None:
    found = connection.execute(rows.FIND_RECEIPT, (append.command_id,)).fetchone()
    if found is None:
        return None
    if found[0] != append.fingerprint:
        raise CommandIdReused(str(append.command_id))
    return rows.receipt_from_row(found[1])


def _insert(
    connection: sqlite3.Connection, append: Append, version_of: Callable[[str], int], versions: dict[str, int]
) -> Receipt:
    if not append.events:
        return Receipt()
    written: dict[str, int] = {}
    inserted = []
    for stream, id_, type_, schema_version, data in append.events:
        written[stream] = versions[stream] = version = version_of(stream) + 1
        inserted.append((stream, version, id_, type_, schema_version, data, append.metadata, append.occurred_at))
    if len(inserted) == 1:
        last = connection.execute(rows.INSERT, inserted[0]).lastrowid or 0
    else:
        connection.executemany(rows.INSERT, inserted)
        last = connection.execute(rows.LAST_POSITION).fetchone()[0]
    # The only writer appended them one after the other, so their positions have no gap.
    return Receipt(tuple(range(last - len(inserted) + 1, last + 1)), written)


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
