"""Moving what was written ahead into the database file, off the loop's thread."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Sequence

from ...runtime import in_simulation
from .append import Append

CHECKPOINT_BYTES = 16_000_000
"""Roughly so much is written ahead before a checkpoint: some 4,000 pages, which SQLite finds through one table."""

_PAGES_PER_TRANSACTION_BYTES = 3 * 4096
_RESTART_PAGES = 16_000

NO_AUTOMATIC_CHECKPOINTS = "PRAGMA wal_autocheckpoint = 0"


class Checkpointer:
    """Starts a short-lived thread whenever enough was written. At most one runs at a time."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._connect = connect
        self._written_bytes = 0
        self._thread: threading.Thread | None = None

    def note(self, appends: Sequence[Append]) -> None:
        """Count a transaction of *appends*."""
        written = self._written_bytes + _PAGES_PER_TRANSACTION_BYTES
        for append in appends:
            for event in append.events:
                written += 200 + len(event[4])
        self._written_bytes = written
        if written < CHECKPOINT_BYTES or in_simulation():
            return
        if self._thread is None or not self._thread.is_alive():
            self._written_bytes = 0
            self._thread = threading.Thread(target=self._run, name="eventlab checkpoint", daemon=True)
            self._thread.start()

    def finish(self) -> None:
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            connection = self._connect()
            _, pages, _ = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            if pages > _RESTART_PAGES:
                # Writers that never pause keep the log from starting over. After the passive run little
                # is left to move, so the next append finds the database busy for a moment only.
                connection.execute("PRAGMA wal_checkpoint(RESTART)")
            connection.close()
        except sqlite3.Error:
            return  # nothing is lost: the next one, or closing, moves it
