"""The file: what is in it stays, as it was, and a file that is none of ours is refused."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from eventlab.errors import InvalidValue, StoreFailed
from eventlab.store import Metadata, open_store
from eventlab.store.sqlite.schema import SCHEMA_VERSION
from eventlab.testing import run

from .notes import Jotted, store_at, texts

BOTH = pytest.mark.parametrize("synchronous", ["FULL", "NORMAL"])


@BOTH
def test_what_was_written_is_there_when_opened_again(tmp_path: Path, synchronous: str) -> None:
    async def main() -> None:
        path = tmp_path / "a.db"
        async with store_at(path, synchronous) as store:
            events = [("a-1", Jotted("1")), ("b-1", Jotted("2"))]
            receipt = await store.append(events, command_id="c", metadata=Metadata(actor="clerk"))
            before = await store.read_all()
        async with store_at(path, synchronous) as store:
            assert await store.read_all() == before
            again = await store.append(events, command_id="c")
            assert (again.repeated, again.positions, again.versions) == (True, receipt.positions, receipt.versions)
            assert (await store.append([("a-1", Jotted("3"))], expect={"a-1": 1})).positions == (3,)

    run(main())


@pytest.mark.parametrize(
    "statement",
    ["UPDATE events SET data = x'00'", "UPDATE events SET stream = 'x' WHERE position = 1", "DELETE FROM events"],
)
def test_stored_events_are_immutable(tmp_path: Path, statement: str) -> None:
    async def main() -> None:
        async with store_at(tmp_path / "a.db") as store:
            await store.append([("a-1", Jotted("1"))])
            stranger = sqlite3.connect(tmp_path / "a.db")
            with pytest.raises(sqlite3.IntegrityError, match=r"stored events are never (changed|deleted)"):
                stranger.execute(statement)
            stranger.close()
            assert await texts(store) == ["1"]

    run(main())


def test_a_version_is_there_once_whoever_writes(tmp_path: Path) -> None:
    async def main() -> None:
        async with store_at(tmp_path / "a.db") as store:
            await store.append([("a-1", Jotted("1"))])
        stranger = sqlite3.connect(tmp_path / "a.db")
        columns = "stream, version, id, type, schema_version, data, metadata, occurred_at"
        with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
            stranger.execute(f"INSERT INTO events ({columns}) SELECT {columns} FROM events")
        stranger.close()

    run(main())


def test_vacuum_moves_no_position(tmp_path: Path) -> None:
    async def main() -> None:
        async with store_at(tmp_path / "a.db") as store:
            for number in range(9):
                await store.append([("a-1", Jotted(str(number)))])
            before = await store.read_all()
        with sqlite3.connect(tmp_path / "a.db") as stranger:
            stranger.execute("VACUUM")
        stranger.close()
        async with store_at(tmp_path / "a.db") as store:
            assert await store.read_all() == before

    run(main())


def test_the_file_is_written_ahead_and_flushed_as_asked(tmp_path: Path) -> None:
    async def main() -> None:
        for synchronous, flush in (("FULL", 2), ("NORMAL", 1)):
            async with store_at(tmp_path / f"{synchronous}.db", synchronous) as store:
                pragma = store._connection.driver.execute
                assert pragma("PRAGMA journal_mode").fetchone() == ("wal",)
                assert pragma("PRAGMA synchronous").fetchone() == (flush,)
                assert pragma("PRAGMA busy_timeout").fetchone() == (0,)

    run(main())


def test_times_are_stored_in_utc_so_that_texts_sort_as_moments_do(tmp_path: Path) -> None:
    async def main() -> None:
        async with store_at(tmp_path / "a.db") as store:
            await store.append([("a-1", Jotted("1"))])
            (stored,) = await store.read_all()
        with sqlite3.connect(tmp_path / "a.db") as reader:
            (text,) = reader.execute("SELECT occurred_at FROM events").fetchone()
        reader.close()
        assert text == stored.occurred_at.isoformat(timespec="microseconds")
        assert text.endswith("+00:00")

    run(main())


def test_a_file_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.db"

    async def write() -> None:
        async with store_at(path) as store:
            await store.append([("a-1", Jotted("1"))])

    run(write())
    with sqlite3.connect(path) as newer:
        newer.execute("UPDATE eventlab_schema SET version = ?", (SCHEMA_VERSION + 1,))
    newer.close()
    with pytest.raises(StoreFailed, match=f"version {SCHEMA_VERSION + 1}, newer than {SCHEMA_VERSION}"):
        open_store(f"sqlite:///{path}")


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear Sir or Madam, " * 100)
    with pytest.raises(StoreFailed, match="no SQLite database"):
        open_store(f"sqlite:///{path}")
    assert path.read_text() == "Dear Sir or Madam, " * 100
    assert os.listdir(tmp_path) == ["letter.txt"]


def test_tables_of_somebody_else_are_not_taken_for_ours(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "a.db") as other:
        other.execute("CREATE TABLE events (day TEXT)")
    other.close()
    with pytest.raises(InvalidValue, match="has 'events' already"):
        open_store(f"sqlite:///{tmp_path}/a.db")


@pytest.mark.parametrize(
    ("place", "says"),
    [("missing/a.db", "cannot be opened; does its folder exist"), ("", "it is a directory; name a file")],
)
def test_a_place_where_no_file_can_be_is_refused(tmp_path: Path, place: str, says: str) -> None:
    with pytest.raises(StoreFailed, match=says):
        open_store(f"sqlite:///{tmp_path}/{place}")


def test_closing_leaves_one_file_behind(tmp_path: Path) -> None:
    async def main() -> None:
        for synchronous in ("FULL", "NORMAL"):
            async with store_at(tmp_path / f"{synchronous}.db", synchronous) as store:
                await store.append([("a-1", Jotted("1"))])

    run(main())
    assert sorted(os.listdir(tmp_path)) == ["FULL.db", "NORMAL.db"]
