"""A full disk, a read-only file, a lock held by somebody else: clear words, and nothing lost."""

from __future__ import annotations

import asyncio
import resource
import shutil
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec import structs

from eventlab.errors import AppendUnknown, StoreBusy, StoreFailed, VersionConflict
from eventlab.simulation import World
from eventlab.store import EventStore, MemoryStore, StoredEvent
from eventlab.store.sqlite import SqliteStore, patience
from eventlab.store.sqlite.trouble import explained
from eventlab.testing import run

from .notes import Jotted, store_at, texts

BOTH = pytest.mark.parametrize("synchronous", ["FULL", "NORMAL"])


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Somebody else is writing."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


@BOTH
def test_a_full_disk_stops_an_append_and_loses_nothing(tmp_path: Path, synchronous: str) -> None:
    async def main() -> None:
        async with store_at(tmp_path / "a.db", synchronous) as store:
            await store.append([("a-1", Jotted("before"))])
            pragma = store._connection.driver.execute
            (pages,) = pragma("PRAGMA page_count").fetchone()
            pragma(f"PRAGMA max_page_count = {pages}")
            with pytest.raises(StoreFailed, match="disk is full; nothing was written"):
                await store.append([("a-1", Jotted("x" * 10_000)), ("b-1", Jotted("y"))])
            assert await texts(store) == ["before"]
            pragma("PRAGMA max_page_count = 100000")
            await store.append([("a-1", Jotted("after"))], expect={"a-1": 1})
            assert await texts(store) == ["before", "after"]

    run(main())


async def changes(store: SqliteStore) -> list[Callable[[], Awaitable[object]]]:
    """Every way of writing: one event, several, a record, and events from elsewhere."""
    reference = MemoryStore()
    await reference.append([("r-1", Jotted("x" * 9_000))])
    (stored,) = await reference.read_all()
    beyond = structs.replace(stored, position=1_000)
    return [
        lambda: store.append([("a-1", Jotted("x" * 9_000))]),
        lambda: store.append([("a-1", Jotted("x" * 9_000)), ("b-1", Jotted("y"))]),
        lambda: store.append([("a-1", Jotted("x" * 9_000))], command_id="c"),
        lambda: store.records.put("kind", "key", b"x" * 9_000, version=0),
        lambda: store.restore([beyond]),
    ]


@BOTH
def test_every_way_of_writing_says_that_the_disk_is_full_and_works_when_it_is_not(
    tmp_path: Path, synchronous: str
) -> None:
    async def main() -> None:
        async with store_at(tmp_path / "a.db", synchronous) as store:
            await store.append([("a-1", Jotted("before"))])
            pragma = store._connection.driver.execute
            for write in await changes(store):
                (pages,) = pragma("PRAGMA page_count").fetchone()
                pragma(f"PRAGMA max_page_count = {pages}")
                before = await store.read_all()
                with pytest.raises(StoreFailed, match="disk is full; nothing was written"):
                    await write()
                assert await store.read_all() == before
                pragma("PRAGMA max_page_count = 100000")
                await write()

    run(main())


@contextmanager
def no_file_beyond(most_bytes: int) -> Iterator[None]:
    """The system lets this process write no file further; Python has it say so as an error."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def after_a_crash(folder: Path) -> list[StoredEvent]:
    """What another process finds, which has nothing but the files."""
    (folder / "crashed").mkdir(exist_ok=True)
    for name in ("a.db", "a.db-wal"):
        shutil.copy(folder / name, folder / "crashed" / name)
    async with store_at(folder / "crashed" / "a.db") as store:
        return await store.read_all()


@BOTH
@pytest.mark.parametrize("room_bytes", [0, 10, 24, 5_000])
def test_every_way_of_writing_says_that_no_file_may_grow_and_works_when_it_may(
    tmp_path: Path, synchronous: str, room_bytes: int
) -> None:
    """SQLite tells of it as of a disk that failed while committing, of which one could not know what it kept."""

    async def main() -> None:
        async with store_at(tmp_path / "a.db", synchronous) as store:
            await store.append([("a-1", Jotted("before"))])
            for write in await changes(store):
                most_bytes = (tmp_path / "a.db-wal").stat().st_size + room_bytes
                before = await store.read_all()
                with no_file_beyond(most_bytes), pytest.raises(StoreFailed) as failed:
                    await write()
                said = f"no file of yours may grow beyond {most_bytes:,} bytes; nothing was written"
                assert failed.value.reason == said
                assert await store.read_all() == before == await after_a_crash(tmp_path)
                await write()

    run(main())


@BOTH
def test_every_way_of_writing_says_that_the_file_is_read_only(tmp_path: Path, synchronous: str) -> None:
    async def main() -> None:
        async with store_at(tmp_path / "a.db", synchronous) as store:
            store._connection.driver.execute("PRAGMA query_only = 1")
            for write in await changes(store):
                with pytest.raises(StoreFailed, match="may not be written by you; nothing was written"):
                    await write()

    run(main())


@BOTH
def test_every_way_of_writing_waits_for_a_lock_and_says_so_when_it_is_held_too_long(
    tmp_path: Path, synchronous: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "BUSY_LIMIT_S", 0.01)

    async def main() -> None:
        async with store_at(tmp_path / "a.db", synchronous) as store:
            for write in await changes(store):
                with locked(tmp_path / "a.db"), pytest.raises(StoreBusy, match="nothing was written"):
                    await write()
                await write()

    run(main())


@BOTH
def test_an_append_that_is_too_large_spoils_it_for_no_other(tmp_path: Path, synchronous: str) -> None:
    async def main() -> None:
        async with store_at(tmp_path / "a.db", synchronous) as store:
            await store.append([("a-1", Jotted("before"))])
            store._connection.driver.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 10_000)
            appends = [store.append([(f"a-{n}", Jotted("x" * (20_000 if n == 7 else n)))]) for n in range(1, 12)]
            outcomes = await asyncio.gather(*appends, return_exceptions=True)
            failed = {n: outcome for n, outcome in enumerate(outcomes, 1) if isinstance(outcome, BaseException)}
            assert list(failed) == [7]
            assert isinstance(failed[7], StoreFailed)
            assert len(await texts(store)) == 11

    run(main())


@BOTH
def test_a_conflict_fails_its_own_caller_only(tmp_path: Path, synchronous: str) -> None:
    async def main() -> None:
        async with store_at(tmp_path / "a.db", synchronous) as store:
            appends = [store.append([("a-1", Jotted(str(n)))], expect={"a-1": n if n != 3 else 99}) for n in range(6)]
            outcomes = await asyncio.gather(*appends, return_exceptions=True)
            conflicts = [outcome.conflicts for outcome in outcomes if isinstance(outcome, VersionConflict)]
            assert conflicts == [(("a-1", 99, 3),), (("a-1", 4, 3),), (("a-1", 5, 3),)]
            assert await texts(store) == ["0", "1", "2"]

    run(main())


@BOTH
def test_a_read_only_file_stops_an_append(tmp_path: Path, synchronous: str) -> None:
    async def main() -> None:
        async with store_at(tmp_path / "a.db", synchronous) as store:
            store._connection.driver.execute("PRAGMA query_only = 1")
            with pytest.raises(StoreFailed, match="may not be written by you; nothing was written"):
                await store.append([("a-1", Jotted("1"))])
            assert await store.read_all() == []

    run(main())


@BOTH
def test_an_append_waits_for_another_writer_without_holding_up_the_loop(tmp_path: Path, synchronous: str) -> None:
    async def main() -> None:
        async with store_at(tmp_path / "a.db", synchronous) as store:
            with locked(tmp_path / "a.db"):
                waiting = asyncio.create_task(store.append([("a-1", Jotted("1"))]))
                await asyncio.sleep(0.01)
                assert not waiting.done()
                assert await store.read_all() == []  # readers need no lock
            assert (await waiting).versions == {"a-1": 1}

    run(main())


@BOTH
def test_a_lock_that_is_held_too_long_ends_in_busy(
    tmp_path: Path, synchronous: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "BUSY_LIMIT_S", 0.02)

    async def main() -> None:
        async with store_at(tmp_path / "a.db", synchronous) as store:
            with locked(tmp_path / "a.db"):
                with pytest.raises(StoreBusy, match="nothing was written"):
                    await store.append([("a-1", Jotted("1"))])
            await store.append([("a-1", Jotted("2"))])
            assert await texts(store) == ["2"]

    run(main())


def test_two_stores_on_one_file_give_way_to_each_other(tmp_path: Path) -> None:
    async def main() -> None:
        path = tmp_path / "a.db"
        async with store_at(path, "FULL") as one, store_at(path, "NORMAL") as other:

            async def count(store: EventStore, times: int) -> None:
                while times:
                    version = len(await store.read("a-1"))
                    try:
                        await store.append([("a-1", Jotted(str(version)))], expect={"a-1": version})
                    except VersionConflict:
                        continue
                    times -= 1

            await asyncio.gather(*(count(store, 10) for store in (one, other, one, other)))
            assert await texts(one) == await texts(other) == [str(n) for n in range(40)]

    run(main())


def test_in_virtual_time_the_waiting_takes_virtual_time(tmp_path: Path) -> None:
    async def main() -> float:
        async with store_at(tmp_path / "a.db", "FULL") as store:
            began_s = asyncio.get_running_loop().time()
            with locked(tmp_path / "a.db"):
                with pytest.raises(StoreBusy):
                    await store.append([("a-1", Jotted("1"))])
            return asyncio.get_running_loop().time() - began_s

    assert 5.0 <= World(seed=1).run(main()) < 5.2


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    async def main() -> None:
        async with store_at(tmp_path / "a.db") as store:
            await store.append([("a-1", Jotted("1"))])
        await store.close()
        for asked in (store.append([("a-1", Jotted("2"))]), store.read("a-1"), store.read_all(), store.receipt("c")):
            with pytest.raises(StoreFailed, match="the store was closed"):
                await asked

    run(main())


@pytest.mark.parametrize("log_bytes", [99, 100])
@pytest.mark.parametrize("code", [sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE])
def test_a_disk_that_fails_while_committing_leaves_the_outcome_open(tmp_path: Path, code: int, log_bytes: int) -> None:
    """But for a log that could not be written any further, which has no commit at its end."""
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = code
    (tmp_path / "a.db-wal").write_bytes(b"x" * log_bytes)
    url = f"sqlite:///{tmp_path}/a.db"
    assert isinstance(explained(url, error, committing=True), AppendUnknown)
    with no_file_beyond(100):
        known = code == sqlite3.SQLITE_IOERR_WRITE and log_bytes == 100
        assert isinstance(explained(url, error, committing=True), StoreFailed if known else AppendUnknown)
    assert isinstance(explained(url, error), StoreFailed)
