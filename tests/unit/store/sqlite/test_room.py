"""A store that flushes makes room in its log, and nobody else notices."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from eventlab.store import Receipt
from eventlab.store.sqlite.append import Append
from eventlab.store.sqlite.committing import Committer
from eventlab.store.sqlite.room import FLUSHES, ROOM_BYTES, CommitterWithRoom, make_room
from eventlab.testing import run

from .notes import Jotted, store_at


def content(path: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as other:
        tables = other.execute("SELECT name, sql FROM sqlite_master").fetchall()
        return [*tables, *other.execute("SELECT * FROM events"), *other.execute("PRAGMA integrity_check")]


async def flush(path: Path, count: int) -> tuple[int, list[tuple[object, ...]]]:
    """How long the log is after so many appends, one after the other, and what another program finds."""
    async with store_at(path, "FULL") as store:
        for version in range(count):
            await store.append([("a-1", Jotted("1"))], expect={"a-1": version})
        return os.path.getsize(f"{path}-wal"), content(path)


def test_a_log_that_is_flushed_again_and_again_is_as_long_as_it_gets(tmp_path: Path) -> None:
    few, _ = run(flush(tmp_path / "few.db", FLUSHES - 1))
    many, found = run(flush(tmp_path / "many.db", FLUSHES + 5))
    assert few < ROOM_BYTES / 10
    assert ROOM_BYTES < many < ROOM_BYTES * 1.1
    assert found == content(tmp_path / "many.db")
    assert "eventlab_room" not in str(found)
    assert [row[2] for row in found if "a-1" in row] == list(range(1, FLUSHES + 6))


@pytest.mark.parametrize("trouble", ["the connection fails", "the log is gone"])
def test_what_was_committed_is_told_whatever_comes_of_the_room(tmp_path: Path, trouble: str) -> None:
    path = tmp_path / "x.db"
    run(flush(path, 2))
    failing = sqlite3.connect(path)
    failing.close()
    log_of = path if trouble == "the connection fails" else tmp_path / "nowhere.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        commit = CommitterWithRoom(Committer(connection, "sqlite:///x.db", None), failing, str(log_of))
        for version in range(FLUSHES + 1):
            append = Append([("b-1", bytes([version]) * 16, "tests.sqlite.Jotted", 1, b"{}")], {}, b"{}", "", None, b"")
            (outcome,) = commit([append])
            assert isinstance(outcome, Receipt) and outcome.versions == {"b-1": version + 1}


@pytest.mark.parametrize("trouble", ["another program writes", "the disk is full"])
def test_where_no_room_can_be_made_nothing_happens(tmp_path: Path, trouble: str) -> None:
    run(flush(tmp_path / "x.db", 2))
    before = content(tmp_path / "x.db")
    with (
        closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None, timeout=0)) as connection,
        closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None)) as other,
    ):
        if trouble == "the disk is full":
            connection.execute("PRAGMA max_page_count = 100")
        else:
            other.execute("BEGIN IMMEDIATE")
        make_room(connection)
        assert not connection.in_transaction
        assert connection.execute("PRAGMA cache_size").fetchone() == other.execute("PRAGMA cache_size").fetchone()
    assert content(tmp_path / "x.db") == before
