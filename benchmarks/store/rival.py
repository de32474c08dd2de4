"""The same accounts in `eventsourcing` 9.5: an aggregate, loaded and saved by an application."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.sqlite import SQLiteConnectionPool


class Account(Aggregate):
    """An account that was opened, and moved since."""

    @event("Opened")
    def __init__(self, note: str) -> None:
        self.cents = 0

    @event("Moved")
    def move(self, cents: int, note: str) -> None:
        self.cents += cents


@contextmanager
def application(path: Path | None = None, synchronous: str = "NORMAL") -> Iterator[Application[UUID]]:
    """In memory (plain Python objects), or in a SQLite file, with the same ``synchronous`` as ours."""
    if path is None:
        yield Application()
        return
    plain = SQLiteConnectionPool._create_connection

    def create(pool: Any) -> Any:
        made = plain(pool)
        connection: sqlite3.Connection = made._sqlite_conn
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        return made

    with patch.object(SQLiteConnectionPool, "_create_connection", create):
        made = Application[UUID](
            env={"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(path), "SQLITE_LOCK_TIMEOUT": "60"}
        )
        try:
            yield made
        finally:
            made.close()


def opened(app: Application[UUID], accounts: int, length: int, note: str) -> list[UUID]:
    """*accounts* accounts of *length* events each."""
    ids = []
    for first in range(0, accounts, 100):
        made = [Account(note) for _ in range(min(100, accounts - first))]
        for account in made:
            for _ in range(length - 1):
                account.move(1, note)
        app.save(*made)
        ids += [account.id for account in made]
    return ids


def deposit(app: Application[UUID], account_id: UUID, note: str) -> None:
    """Read the account, decide, and write one event."""
    account: Account = app.repository.get(account_id)
    account.move(1, note)
    app.save(account)


def transfer(app: Application[UUID], source_id: UUID, target_id: UUID, note: str) -> None:
    """Read both accounts, decide, and write an event to each, atomically."""
    source: Account = app.repository.get(source_id)
    target: Account = app.repository.get(target_id)
    if source.cents < 1:
        raise ValueError("too little")
    source.move(-1, note)
    target.move(1, note)
    app.save(source, target)
