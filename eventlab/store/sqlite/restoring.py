"""Taking events and receipts in exactly as they were elsewhere."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import partial

from ..model import KeptReceipt, StoredEvent
from ..restoring import check_restored
from . import rows


def restore(connection: sqlite3.Connection, events: Sequence[StoredEvent], receipts: Sequence[KeptReceipt]) -> None:
    """All of them, or an InvalidValue and nothing, if the caller rolls back then."""
    head = int(connection.execute(rows.HEAD).fetchone()[0] or 0)
    check_restored(events, head, partial(rows.version_of, connection))
    connection.executemany(rows.RESTORE, map(rows.row_of, events))
    connection.executemany(
        rows.KEEP_RECEIPT,
        ((kept.command_id, kept.fingerprint, rows.receipt_to_row(kept.receipt)) for kept in receipts),
    )
