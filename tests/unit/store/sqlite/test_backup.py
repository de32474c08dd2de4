"""A copy while the store is in use: of one moment, whole or not there, and over nobody's file."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest

from eventlab.errors import InvalidValue, StoreFailed
from eventlab.simulation import World
from eventlab.store import NONE, EventStore, backup, open_store
from eventlab.store.sqlite import backups
from eventlab.testing import run

from .notes import Jotted, store_at, texts

BOTH = pytest.mark.parametrize("synchronous", ["FULL", "NORMAL"])


async def paired(store: EventStore, pairs: int, first: int = 0) -> None:
    """Each append writes to two streams: a copy that has one of them without the other is of no moment."""
    for number in range(first, first + pairs):
        await store.append([("a-1", Jotted("x" * 400)), ("b-1", Jotted(str(number)))])


@BOTH
def test_a_backup_holds_everything_and_opens_as_a_store(tmp_path: Path, synchronous: str) -> None:
    async def main() -> None:
        async with store_at(tmp_path / "a.db", synchronous) as store:
            receipt = await store.append([("a-1", Jotted("1"))], command_id="c", expect={"a-1": NONE})
            await store.records.put("lease", "k", b"v", version=0)
            await store.backup(str(tmp_path / "copy.db"))
            async with store_at(tmp_path / "copy.db") as copy:
                assert await copy.read_all() == await store.read_all()
                again = await copy.receipt("c")
                assert again is not None and again.positions == receipt.positions
                assert await copy.records.get("lease", "k") == await store.records.get("lease", "k")
                await copy.append([("a-1", Jotted("2"))], expect={"a-1": 1})
            assert await texts(store) == ["1"]

    run(main())
    assert sorted(os.listdir(tmp_path)) == ["a.db", "copy.db"]


@BOTH
def test_a_backup_is_of_one_moment_while_appends_go_on(
    tmp_path: Path, synchronous: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backups, "PAGES_PER_STEP", 2)

    async def main() -> None:
        async with store_at(tmp_path / "a.db", synchronous) as store:
            await paired(store, 300)
            copying = asyncio.create_task(store.backup(str(tmp_path / "copy.db")))
            written = 300
            while not copying.done():
                await paired(store, 1, written)
                written += 1
                await asyncio.sleep(0)
            await copying
            async with store_at(tmp_path / "copy.db") as copy:
                found = await copy.read_many(["a-1", "b-1"])
                assert len(found["a-1"]) == len(found["b-1"])
                assert 300 <= len(found["b-1"]) <= written
                assert await copy.read_all(limit=10_000) == (await store.read_all(limit=2 * len(found["a-1"])))
                assert await copy.damage() == []

    run(main())


def test_a_backup_overwrites_no_file(tmp_path: Path) -> None:
    async def main() -> None:
        async with store_at(tmp_path / "a.db") as store:
            (tmp_path / "copy.db").write_text("dear diary")
            for target in ("copy.db", "a.db"):
                with pytest.raises(InvalidValue, match="a file that is not there yet"):
                    await store.backup(str(tmp_path / target))

    run(main())
    assert (tmp_path / "copy.db").read_text() == "dear diary"
    assert sorted(os.listdir(tmp_path)) == ["a.db", "copy.db"]


def test_of_two_backups_to_one_name_at_once_one_gets_it_and_both_write_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copying, both, copied = backups._copy, threading.Barrier(2), []

    def together(source: str, partial: Path, *rest: Any) -> None:
        copied.append(partial.name)
        if len(copied) < 3:
            both.wait(60)
        copying(source, partial, *rest)

    async def main() -> None:
        async with store_at(tmp_path / "a.db") as store:
            await paired(store, 3)
            monkeypatch.setattr(backups, "_copy", together)
            target = str(tmp_path / "copy.db")
            done = await asyncio.gather(store.backup(target), store.backup(target), return_exceptions=True)
            (refused,) = (each for each in done if each is not None)
            assert str(refused) == f"backup file is {target!r}; expected a file that is not there yet"
            os.remove(target)
            await store.backup(target)  # while one that was given up may still be tidied away

    run(main())
    assert len(set(copied)) == 3
    assert sorted(os.listdir(tmp_path)) == ["a.db", "copy.db"]


def test_a_backup_into_a_folder_that_there_is_not_names_the_file_that_was_asked_for(tmp_path: Path) -> None:
    async def main() -> None:
        store = open_store(f"sqlite:///{tmp_path}/shop.db")
        with pytest.raises(StoreFailed) as failed:
            await backup(store, f"{tmp_path}/missing/copy.db")
        await store.close()
        assert failed.value.args[0] == f"sqlite:///{tmp_path}/missing/copy.db"
        assert "does its folder exist" in str(failed.value)

    run(main())


def test_nothing_stays_behind_of_a_backup_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, *_: Any) -> None:
        raise OSError(28, "No space left on device")

    async def main() -> None:
        async with store_at(tmp_path / "a.db") as store:
            await paired(store, 3)
            monkeypatch.setattr(backups, "_flush", full)
            with pytest.raises(StoreFailed, match="the backup was not made: No space left on device"):
                await store.backup(str(tmp_path / "copy.db"))
            for nowhere in (tmp_path / "nowhere", tmp_path / "a.db"):
                with pytest.raises(StoreFailed, match="cannot be opened; does its folder exist"):
                    await store.backup(str(nowhere / "copy.db"))
            with pytest.raises(StoreFailed, match=f"{'x' * 300}: the backup was not made: File name too long"):
                await store.backup(str(tmp_path / ("x" * 300)))
            await paired(store, 1, 3)

    run(main())
    assert os.listdir(tmp_path) == ["a.db"]


def test_a_backup_that_nobody_waits_for_any_more_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copied, goes_on = threading.Event(), threading.Event()

    def flush(path: Path) -> None:
        copied.set()
        goes_on.wait(5)

    monkeypatch.setattr(backups, "_flush", flush)

    async def main() -> None:
        async with store_at(tmp_path / "a.db") as store:
            await paired(store, 3)
            copying = asyncio.create_task(store.backup(str(tmp_path / "copy.db")))
            await asyncio.to_thread(copied.wait, 5)
            copying.cancel()
            with pytest.raises(asyncio.CancelledError):
                await copying
            goes_on.set()

    run(main())  # the loop waits for its threads when it ends
    assert os.listdir(tmp_path) == ["a.db"]


def test_a_backup_works_in_a_world(tmp_path: Path) -> None:
    async def main() -> list[str]:
        async with store_at(tmp_path / "a.db") as store:
            await store.append([("a-1", Jotted("1"))])
            await store.backup(str(tmp_path / "copy.db"))
            assert await store.damage() == []
        async with store_at(tmp_path / "copy.db") as copy:
            return await texts(copy)

    assert World(seed=1).run(main()) == ["1"]


def test_damage_is_found_and_a_sound_file_has_none(tmp_path: Path) -> None:
    path = tmp_path / "a.db"

    async def write() -> None:
        async with store_at(path) as store:
            await paired(store, 100)
            assert await store.damage() == []

    run(write())
    with sqlite3.connect(path) as meddler:
        (root,) = meddler.execute(
            "SELECT rootpage FROM sqlite_master WHERE type = 'index' AND tbl_name = 'events'"
        ).fetchone()
    meddler.close()
    content = bytearray(path.read_bytes())
    content[(root - 1) * 4096 + 8 : root * 4096] = bytes(4096 - 8)
    path.write_bytes(content)

    async def look() -> list[str]:
        async with store_at(path) as store:
            return await store.damage()

    assert run(look()) != []
