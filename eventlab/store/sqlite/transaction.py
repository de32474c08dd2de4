"""One transaction for all appends that wait: each is checked and written, or answered with its own error."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence

from .append import Append, Busy, Outcome
from .batch import Batch
from .seen import Seen
from .trouble import explained, is_busy


def commit(
    connection: sqlite3.Connection,
    url: str,
    appends: Sequence[Append],
    seen: Seen,
    *,
    trusting: bool = True,
    flushing: Callable[[], None] | None = None,
) -> list[Outcome]:
    """Write *appends* in one transaction; an outcome for each, in their order. Never raises because of one of them.

    What was *seen* of the streams spares looking at them, if it is to be trusted, and is brought up to date.
    *flushing* is called when all is written, before it is committed.
    """
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.Error as error:
        return [Busy() if is_busy(error) else explained(url, error) for _ in appends]
    committing = False
    try:
        batch = Batch(connection, seen, trusting)
        outcomes = [batch.add(append) for append in appends]
        batch.write()
        if flushing is not None:
            flushing()
        committing = True
        connection.execute("COMMIT")
    except sqlite3.IntegrityError as error:
        rollback(connection)
        if trusting:  # another program wrote since, it seems: look everything up
            return commit(connection, url, appends, seen, trusting=False, flushing=flushing)
        return _failed(connection, url, appends, seen, error, committing)
    except Exception as error:
        rollback(connection)
        return _failed(connection, url, appends, seen, error, committing)
    except BaseException:  # an interrupt on the loop's thread
        rollback(connection)
        raise
    batch.remember()
    return outcomes


def _failed(
    connection: sqlite3.Connection,
    url: str,
    appends: Sequence[Append],
    seen: Seen,
    error: Exception,
    committing: bool,
) -> list[Outcome]:
    """The transaction was rolled back. One append may have spoiled it for all, so each is tried alone."""
    if isinstance(error, sqlite3.Error) and is_busy(error):
        return [Busy() for _ in appends]
    if len(appends) > 1 and not committing:
        return [commit(connection, url, [append], seen, trusting=False)[0] for append in appends]
    if not isinstance(error, sqlite3.Error):
        return [error for _ in appends]
    return [explained(url, error, committing=committing) for _ in appends]


def rollback(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:  # some errors have rolled it back already
        connection.execute("ROLLBACK")
