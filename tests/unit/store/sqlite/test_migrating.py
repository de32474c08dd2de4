"""Files of earlier programs are brought up to date with everything in them; those of later ones are refused."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from eventlab.errors import ArchivedStreamError, SchemaTooNew, StoreBusy, StoreFailed, VersionConflict
from eventlab.store import archive, open_store
from eventlab.store.sqlite import connections
from eventlab.store.sqlite.schema import SCHEMA_VERSION
from eventlab.testing import run

from .notes import Jotted, store_at, texts

VERSION_1 = """
CREATE TABLE eventlab_schema (room TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT;
CREATE TABLE events (
    position INTEGER PRIMARY KEY,
    stream TEXT NOT NULL,
    version INTEGER NOT NULL,
    id BLOB NOT NULL,
    type TEXT NOT NULL,
    schema_version INTEGER NOT NULL,
    data BLOB NOT NULL,
    metadata BLOB NOT NULL,
    occurred_at TEXT NOT NULL,
    UNIQUE (stream, version)
) STRICT;
CREATE TABLE receipts (command_id TEXT PRIMARY KEY, fingerprint BLOB NOT NULL, receipt BLOB NOT NULL) STRICT;
CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'stored events are never changed'); END;
CREATE TRIGGER events_are_never_deleted BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'stored events are never deleted'); END;
INSERT INTO eventlab_schema VALUES ('store', 1);
"""


def written_by_the_first_release(path: Path, events: int = 50) -> None:
    """A file as version 0.1 left it: two streams, and a receipt."""
    with closing(sqlite3.connect(path, isolation_level=None)) as old:
        old.execute("PRAGMA journal_mode = WAL")
        old.executescript(VERSION_1)
        for position in range(1, events + 1):
            stream, version = f"a-{position % 2}", (position + 1) // 2
            data = json.dumps({"text": str(position)}).encode()
            moment = f"2026-01-01T00:00:00.{position:06d}+00:00"
            old.execute(
                "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (position, stream, version, bytes([position] * 16), "tests.sqlite.Jotted", 1, data, b"{}", moment),
            )
        receipt = b'{"positions":[1],"versions":{"a-1":1},"repeated":false}'
        old.execute("INSERT INTO receipts VALUES ('c', x'00', ?)", (receipt,))


def rows_of(path: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as reader:
        return reader.execute("SELECT * FROM events ORDER BY position").fetchall()


def test_a_file_of_the_first_release_keeps_every_event(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    written_by_the_first_release(path)
    before = rows_of(path)

    async def main() -> None:
        async with store_at(path) as store:
            assert await texts(store) == [str(position) for position in range(1, 51)]
            assert (await store.append([("a-1", Jotted("51"))], expect={"a-1": 25})).positions == (51,)
            kept = await store.receipt("c")
            assert kept is not None and kept.versions == {"a-1": 1}
            await store.records.put("lease", "k", b"v", version=0)

    run(main())
    assert rows_of(path)[:50] == before
    with closing(sqlite3.connect(path)) as reader:
        assert reader.execute("SELECT version FROM eventlab_schema").fetchall() == [(SCHEMA_VERSION,)]


def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    written_by_the_first_release(path)
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE records (somebody TEXT)")
    before = rows_of(path)
    with pytest.raises(StoreFailed, match="records already exists"):
        open_store(f"sqlite:///{path}")
    assert rows_of(path) == before
    with closing(sqlite3.connect(path)) as reader:
        assert reader.execute("SELECT version FROM eventlab_schema").fetchall() == [(1,)]


def test_a_migration_that_finds_the_file_locked_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "OPENING_PATIENCE_S", 0.01)
    path = tmp_path / "a.db"
    written_by_the_first_release(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy, match="nothing was written"):
            open_store(f"sqlite:///{path}")
    run(open_store(f"sqlite:///{path}").close())


def test_a_file_of_a_later_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    written_by_the_first_release(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as later:
        later.execute("UPDATE eventlab_schema SET version = ?", (SCHEMA_VERSION + 1,))
    before = rows_of(path)
    with pytest.raises(SchemaTooNew, match=f"version {SCHEMA_VERSION + 1}, newer than {SCHEMA_VERSION}"):
        open_store(f"sqlite:///{path}")
    assert rows_of(path) == before


def test_an_old_stream_can_be_archived_and_stays_so(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    written_by_the_first_release(path)

    async def main() -> None:
        async with store_at(path) as store:
            await store.append([("a-1", Jotted("51"))])
            with pytest.raises(VersionConflict):
                await archive(store, "a-1", expect=25)
            await archive(store, "a-1", expect=26)
            for expect in ({"a-1": 27}, {"a-1": 26}, None):
                with pytest.raises((ArchivedStreamError, VersionConflict)):
                    await store.append([("a-1", Jotted("late"))], expect=expect)

    run(main())
