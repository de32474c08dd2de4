"""Committing on the one connection that writes."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence

from .append import Append, Outcome
from .checkpoints import Checkpointer
from .transaction import commit


class Committer:
    """One transaction at a time: a world may commit inline while the thread of the store is still at work."""

    def __init__(self, connection: sqlite3.Connection, url: str, checkpointer: Checkpointer | None) -> None:
        self.lock = threading.Lock()
        self._connection, self._url, self._checkpointer = connection, url, checkpointer

    def __call__(self, appends: Sequence[Append]) -> list[Outcome]:
        with self.lock:
            outcomes = commit(self._connection, self._url, appends)
        if self._checkpointer is not None:
            self._checkpointer.note(appends)
        return outcomes
