"""Committing on the one connection that writes."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Sequence

from .append import Append, Busy, Outcome
from .checkpoints import Checkpointer
from .seen import Seen
from .single import SingleInsert
from .transaction import commit
from .trouble import explained, is_busy


class Committer:
    """One transaction at a time: a world may commit inline while the thread of the store is still at work."""

    def __init__(self, connection: sqlite3.Connection, url: str, checkpointer: Checkpointer | None) -> None:
        self.lock = threading.Lock()
        self._connection, self._url, self._checkpointer = connection, url, checkpointer
        self._seen = Seen()
        self._insert_single = SingleInsert(connection, self._seen)
        self.remember = self._seen.remember

    def __call__(self, appends: Sequence[Append], flushing: Callable[[], None] | None = None) -> list[Outcome]:
        """An outcome for each of *appends*, in their order. Never raises because of one of them.

        *flushing* is called when a transaction of several has been written, and is about to be flushed.
        """
        with self.lock:
            outcome = self._single(appends[0]) if len(appends) == 1 else None
            outcomes = [outcome] if outcome is not None else self._together(appends, flushing)
        if self._checkpointer is not None:
            self._checkpointer.note(appends)
        return outcomes

    def _together(self, appends: Sequence[Append], flushing: Callable[[], None] | None) -> list[Outcome]:
        return commit(self._connection, self._url, appends, self._seen, flushing=flushing)

    def _single(self, append: Append) -> Outcome | None:
        """The outcome of an append that one statement can make; None if it needs a transaction."""
        if append.command_id is not None:
            return None
        try:
            return self._insert_single(append)
        except sqlite3.Error as error:
            # The statement is its own commit: where the disk failed, it may have failed while committing.
            return Busy() if is_busy(error) else explained(self._url, error, committing=True)
