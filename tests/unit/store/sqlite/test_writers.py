"""Who commits, when, and together with whom."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias, cast

import pytest

from eventlab.simulation import World
from eventlab.store import Receipt, open_store
from eventlab.store.sqlite import SqliteStore, checkpoints, rows
from eventlab.store.sqlite.append import Append, Outcome
from eventlab.store.sqlite.pacing import Pace
from eventlab.store.sqlite.threaded import Flushing, ThreadWriter
from eventlab.store.sqlite.writers import TickWriter, written
from eventlab.testing import run

from .notes import Jotted, store_at, texts


def append(number: int) -> Append:
    return Append([(str(number), b"", "", 1, b"")], {}, b"", "", None, b"")


class Log:
    """Commits that only remember what was committed together."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []

    def commit(self, appends: Sequence[Append]) -> list[Outcome]:
        self.batches.append([append.events[0][0] for append in appends])
        return [Receipt((1,)) for _ in appends]


Threads: TypeAlias = Callable[[], list[str]]


@pytest.fixture
def threads() -> Threads:
    """The names of our threads that have been started since: another test may have left a store to the collector."""
    before = set(threading.enumerate())
    return lambda: [
        thread.name for thread in threading.enumerate() if thread not in before and thread.name.startswith("eventlab")
    ]


def test_a_lone_append_commits_at_once() -> None:
    async def main() -> None:
        log = Log()
        writer = TickWriter(log.commit)
        for number in range(3):
            writing = written(writer, append(number))
            with pytest.raises(StopIteration):  # it ends without suspending
                writing.send(None)
            await asyncio.sleep(0)
        assert log.batches == [["0"], ["1"], ["2"]]

    run(main())


def test_appends_of_one_tick_share_a_transaction() -> None:
    async def main() -> None:
        log = Log()
        writer = TickWriter(log.commit)
        for _ in range(2):
            await asyncio.gather(*(written(writer, append(number)) for number in range(4)))
        assert log.batches == [["0"], ["1", "2", "3"], ["0", "1", "2", "3"]]
        for _ in range(2):
            await written(writer, append(9))
            await asyncio.sleep(0)
        assert log.batches[3:] == [["9"], ["9"]]

    run(main())


def test_whoever_is_cancelled_before_the_tick_has_written_nothing() -> None:
    async def main() -> None:
        log = Log()
        writer = TickWriter(log.commit)
        tasks = [asyncio.create_task(written(writer, append(number))) for number in range(3)]
        loop = asyncio.get_running_loop()
        loop.call_soon(tasks[1].cancel)
        await asyncio.gather(*tasks, return_exceptions=True)
        assert log.batches == [["0"], ["2"]]

    run(main())


def test_a_tick_writer_goes_on_in_another_loop() -> None:
    log = Log()
    writer = TickWriter(log.commit)
    for number in range(2):
        run(written(writer, append(number)))  # each loop ends before its tick
    assert log.batches == [["0"], ["1"]]


def test_what_comes_while_the_thread_flushes_is_flushed_together(threads: Threads) -> None:
    log, flushing, goes_on = Log(), threading.Event(), threading.Event()

    def commit(appends: Sequence[Append], _: Flushing) -> list[Outcome]:
        flushing.set()
        goes_on.wait(5)
        return log.commit(appends)

    async def main() -> None:
        writer = ThreadWriter(commit, "eventlab test")
        first = asyncio.create_task(written(writer, append(0)))
        await asyncio.sleep(0)
        flushing.wait(5)
        others = [asyncio.create_task(written(writer, append(number))) for number in range(1, 6)]
        await asyncio.sleep(0)
        goes_on.set()
        await asyncio.gather(first, *others)
        await writer.finish()

    run(main())
    assert log.batches == [["0"], ["1", "2", "3", "4", "5"]]
    assert threads() == []


class TwoHalves(Pace):
    """Finds a flush and a turn always equally long."""

    def __init__(self) -> None:
        super().__init__()
        self._flush_s = self._turn_s = 1.0

    def flushed(self) -> None: ...

    def turned(self, began_s: float) -> None: ...


def test_one_half_is_answered_while_the_other_is_flushed_and_not_before_its_own_flush() -> None:
    story: list[str] = []
    begun, queued, first_half = threading.Event(), threading.Event(), threading.Event()

    def commit(appends: Sequence[Append], flushing: Flushing) -> list[Outcome]:
        flushing()
        begun.set()
        queued.wait(5)
        if "flushed 16" in story:
            first_half.wait(5)
        story.append(f"flushed {len(appends)}")
        return [Receipt()] * len(appends)

    async def caller(writer: ThreadWriter, number: int) -> None:
        await written(writer, append(number))
        story.append("answered")
        if story.count("answered") == 16:
            first_half.set()

    async def main() -> None:
        writer = ThreadWriter(commit, "eventlab test", TwoHalves())
        alone = asyncio.create_task(written(writer, append(0)))
        await asyncio.sleep(0)
        begun.wait(5)
        callers = [asyncio.create_task(caller(writer, number)) for number in range(1, 33)]
        await asyncio.sleep(0)
        queued.set()
        await asyncio.gather(alone, *callers)
        await writer.finish()

    run(main())
    assert story == ["flushed 1", "flushed 16", *["answered"] * 16, "flushed 16", *["answered"] * 16]


def test_nobody_is_answered_later_for_the_sake_of_one_who_comes_alone() -> None:
    story: list[str] = []
    begun, queued, late, answered = (threading.Event() for _ in range(4))

    async def main() -> None:
        loop = asyncio.get_running_loop()
        writer = ThreadWriter(lambda appends, flushing: commit(appends, flushing), "eventlab test", TwoHalves())
        tasks: list[asyncio.Task[None]] = []

        def commit(appends: Sequence[Append], flushing: Flushing) -> list[Outcome]:
            begun.set()
            queued.wait(5)
            if len(appends) > 1:
                flushing()
            if len(appends) == 15:
                loop.call_soon_threadsafe(come_late)
                late.wait(5)
            if story.count("flushed"):
                answered.wait(5)
            story.append("flushed" if len(appends) == 15 else str(len(appends)))
            return [Receipt()] * len(appends)

        async def caller(number: int) -> None:
            await written(writer, append(number))
            story.append("answered")
            if story.count("answered") == 31:
                answered.set()

        def come_late() -> None:
            tasks.append(asyncio.create_task(caller(99)))
            loop.call_soon(late.set)

        alone = asyncio.create_task(written(writer, append(0)))
        await asyncio.sleep(0)
        begun.wait(5)
        tasks.extend(asyncio.create_task(caller(number)) for number in range(1, 32))
        await asyncio.sleep(0)
        queued.set()
        await asyncio.gather(alone, *tasks)
        await tasks[-1]
        await writer.finish()

    run(main())
    assert story == ["1", "16", *["answered"] * 16, "flushed", *["answered"] * 15, "1", "answered"]


def test_an_error_of_the_thread_reaches_every_caller() -> None:
    def commit(appends: Sequence[Append], _: Flushing) -> list[Outcome]:
        raise MemoryError("none left")

    async def main() -> None:
        writer = ThreadWriter(commit, "eventlab test")
        outcomes = await asyncio.gather(*(written(writer, append(number)) for number in range(3)))
        assert [str(outcome) for outcome in outcomes] == ["none left"] * 3
        await writer.finish()

    run(main())


def test_who_was_cancelled_while_closing_may_close_again(tmp_path: Path) -> None:
    async def main() -> None:
        async with store_at(tmp_path / "a.db", "FULL") as store:
            with store._commit.lock:
                writing = asyncio.ensure_future(store.append([("a-1", Jotted("last"))]))
                closing = asyncio.ensure_future(store.close())
                await asyncio.sleep(0)
                closing.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await closing
            assert (await writing).positions == (1,)
            await asyncio.gather(store.close(), store.close())
            assert os.listdir(tmp_path) == ["a.db"]

    run(main())


def test_closing_finishes_what_waits_and_ends_the_threads(tmp_path: Path, threads: Threads) -> None:
    async def main() -> None:
        for synchronous in ("FULL", "NORMAL"):
            async with store_at(tmp_path / f"{synchronous}.db", synchronous) as store:
                tasks = [asyncio.create_task(store.append([("a-1", Jotted(str(n)))])) for n in range(50)]
                await asyncio.sleep(0)
                await store.close()
                receipts = await asyncio.gather(*tasks)
                assert sorted(receipt.versions["a-1"] for receipt in receipts) == list(range(1, 51))

    run(main())
    assert threads() == []


@pytest.mark.parametrize("synchronous", ["FULL", "NORMAL"])
def test_a_cancelled_append_is_there_or_not_and_holds_up_nobody(tmp_path: Path, synchronous: str) -> None:
    async def main() -> None:
        async with store_at(tmp_path / "a.db", synchronous) as store:
            tasks = [asyncio.create_task(store.append([("a-1", Jotted(str(n)))] * 2)) for n in range(20)]
            await asyncio.sleep(0)
            for task in tasks[::2]:
                task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
            await store.append([("a-1", Jotted("last"))])
            there = await texts(store)
            for number, outcome in enumerate(outcomes):
                assert there.count(str(number)) in ((0, 2) if isinstance(outcome, BaseException) else (2,))
            assert there[-1] == "last"

    run(main())


def test_in_a_world_no_thread_is_started(tmp_path: Path, threads: Threads) -> None:
    async def main() -> None:
        async with store_at(tmp_path / "a.db", "FULL") as store:
            await asyncio.gather(*(store.append([("a-1", Jotted(str(n)))]) for n in range(5)))
            assert threads() == []
            assert await texts(store) == ["0", "1", "2", "3", "4"]

    World(seed=1).run(main())


def test_one_store_serves_the_real_clock_and_a_world(tmp_path: Path) -> None:
    async def main() -> None:
        async with store_at(tmp_path / "a.db", "FULL") as store:
            await store.append([("a-1", Jotted("real"))])
            later = asyncio.create_task(store.append([("a-1", Jotted("waiting"))]))
            await asyncio.sleep(0)
            World(seed=1).run(store.append([("a-1", Jotted("simulated"))]))
            await later
            there = await texts(store)
            assert (there[0], sorted(there[1:])) == ("real", ["simulated", "waiting"])

    run(main())


def test_checkpoints_keep_the_log_short_and_the_events_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threads: Threads
) -> None:
    monkeypatch.setattr(checkpoints, "CHECKPOINT_BYTES", 100_000)

    def moved() -> None:
        for thread in threading.enumerate():
            if thread.name == "eventlab checkpoint":
                thread.join()

    async def main() -> None:
        async with store_at(tmp_path / "a.db", "NORMAL") as store:
            for number in range(200):
                await store.append([("a-1", Jotted("x" * 1000))], expect={"a-1": number})
            assert len(await texts(store)) == 200
            moved()  # on a slow disk this may be the first of them, begun after a few appends, ...
            await store.append([("a-1", Jotted("x" * 1000))], expect={"a-1": 200})
            moved()  # ... and what came while it ran is moved by the next
            assert (tmp_path / "a.db-wal").stat().st_size < 4_000_000
            assert (tmp_path / "a.db").stat().st_size > 200_000

    run(main())
    assert threads() == []


def test_what_the_thread_has_not_committed_yet_is_not_read(tmp_path: Path) -> None:
    """Commands read on the connection that writes, but only while nothing is being written."""

    async def main() -> None:
        async with store_at(tmp_path / "a.db", "FULL") as store:
            await store.append([("a-1", Jotted("committed"))])
            with store._commit.lock:
                driver = store._connection.driver
                driver.execute("BEGIN IMMEDIATE")
                driver.execute(rows.INSERT, ("a-1", 2, b"0" * 16, "tests.sqlite.Jotted", 1, b"{}", b"{}", ""))
                found = await store.read_many(["a-1"])
                driver.execute("ROLLBACK")
            assert [stored.event.text for stored in found["a-1"]] == ["committed"]
            assert await store.read_many(["a-1"]) == found

    run(main())


@pytest.mark.parametrize("synchronous", ["NORMAL", "FULL"])
def test_closing_commits_whatever_waits_also_more_than_one_transaction_holds(tmp_path: Path, synchronous: str) -> None:
    async def main() -> None:
        store = cast(SqliteStore, open_store(f"sqlite:///{tmp_path}/a.db?synchronous={synchronous}"))
        appends = [asyncio.ensure_future(store.append([("a-1", Jotted(str(number)))])) for number in range(1200)]
        await asyncio.sleep(0)
        await store.close()
        found = await asyncio.gather(*appends, return_exceptions=True)
        assert [type(each) for each in found if not isinstance(each, Receipt)] == []

    run(main())
