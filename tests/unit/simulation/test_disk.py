"""A disk that stalls, slows down, fills up, and does only so much at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

from eventlab import hooks
from eventlab.codec import event
from eventlab.errors import InvalidValue, RecordConflict, StoreFailed, VersionConflict
from eventlab.history import of_kind
from eventlab.simulation import Constant, Disk, Exponential, Recorder, SimulatedStore, World
from eventlab.store import MemoryStore, PortableStore, open_store


@event("tests.disk.Written")
@dataclass(frozen=True, slots=True)
class Written:
    number: int


@pytest.fixture(params=["memory", "sqlite"])
def below(request: pytest.FixtureRequest, tmp_path: Path) -> PortableStore:
    """The store that is simulated."""
    url = "memory:" if request.param == "memory" else f"sqlite:///{tmp_path / 'shop.db'}"
    return open_store(url, name="shop")


def append(store: SimulatedStore, number: int, *, stream: str = "a-1") -> Awaitable[object]:
    return store.append([(stream, Written(number))])


def test_a_stall_holds_up_what_is_asked_and_what_is_under_way_until_it_ends(below: PortableStore) -> None:
    world = World()
    disk = Disk("ssd")
    store = SimulatedStore(below, read=Constant(1), append=Constant(4), on=disk)
    ended: list[tuple[str, float]] = []

    async def note(name: str, work: Awaitable[object]) -> None:
        await work
        ended.append((name, world.now_s))

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(note("under way", append(store, 1)))
            await asyncio.sleep(2)
            with disk.stalled():
                group.create_task(note("asked meanwhile", store.read("a-1")))
                await asyncio.sleep(100)
                assert ended == []
                assert disk.waiting == 1
        await note("after", store.read("a-1"))

    world.run(main)
    assert ended == [("under way", 102), ("asked meanwhile", 103), ("after", 104)]


def test_stalls_overlap_and_a_longer_one_outlasts_the_shorter() -> None:
    world, disk = World(), Disk()
    store = SimulatedStore(MemoryStore(), read=Constant(1), on=disk)

    async def stall(from_s: float, for_s: float) -> None:
        await asyncio.sleep(from_s)
        with disk.stalled():
            await asyncio.sleep(for_s)

    async def main() -> float:
        async with asyncio.TaskGroup() as group:
            group.create_task(stall(1, 5))
            group.create_task(stall(2, 10))
            await asyncio.sleep(3)
            await store.head()
            return world.now_s

    assert world.run(main) == 13


def test_a_slow_disk_takes_its_factor_for_what_begins_while_it_is_slow() -> None:
    world, disk = World(), Disk()
    store = SimulatedStore(MemoryStore(), read=Constant(1), append=Constant(1), on=disk)
    ended: list[float] = []

    async def main() -> None:
        with disk.slowed(3), disk.slowed(2):
            await store.head()
            ended.append(world.now_s)
            await append(store, 1)
            ended.append(world.now_s)
        await store.head()
        ended.append(world.now_s)

    world.run(main)
    assert ended == [6, 12, 13]


def test_a_full_disk_refuses_to_write_keeps_nothing_half_written_and_goes_on_to_read(below: PortableStore) -> None:
    store = SimulatedStore(below)
    heard: list[str] = []

    async def refused(work: Awaitable[object]) -> None:
        with pytest.raises((StoreFailed, VersionConflict)) as caught:
            await work
        heard.append(str(caught.value))

    async def main() -> None:
        await store.append([("a-1", Written(1))], command_id="first")
        await store.records.put("lease", "x", b"me", version=0)
        with store.device.full():
            for _ in range(20):  # taking effect at the beginning and at the end
                with pytest.raises(StoreFailed, match="the disk is full; nothing was written"):
                    await store.append([("a-1", Written(2)), ("b-1", Written(2))], expect={"a-1": 1}, command_id="two")
            await refused(store.append([("a-1", Written(2))], expect={"a-1": 0}))
            await refused(store.records.put("lease", "x", b"you", version=1))
            await refused(store.records.delete("lease", "x", version=1))
            assert (await store.append([("a-1", Written(1))], command_id="first")).repeated
            assert await store.append([], expect={"a-1": 1})
            assert [stored.event for stored in await store.read("a-1")] == [Written(1)]
            assert await store.receipt("two") is None
        await store.append([("a-1", Written(2))], expect={"a-1": 1}, command_id="two")
        assert [stored.stream for stored in await store.read_all()] == ["a-1", "a-1"]
        with pytest.raises(RecordConflict):
            await store.records.put("lease", "x", b"you", version=0)

    World(3).run(main)
    assert heard == [
        "stream 'a-1' is at version 1, expected 0",
        "shop: the disk is full; nothing was written",
        "shop: the disk is full; nothing was written",
    ]


def test_to_be_refused_takes_the_time_of_an_append() -> None:
    world = World(3)
    store = SimulatedStore(MemoryStore(), append=Constant(1), on=Disk())

    async def main() -> list[float]:
        times = []
        with store.device.full():
            for number in range(20):
                with pytest.raises(StoreFailed):
                    await append(store, number)
                times.append(world.now_s)
        return times

    assert world.run(main) == list(range(1, 21))


def test_one_flush_at_a_time_queues_writers_and_lets_readers_pass() -> None:
    world, disk = World(), Disk(flushes_at_once=1, reads_at_once=2)
    store = SimulatedStore(MemoryStore(), read=Constant(1), append=Constant(4), on=disk)
    ended: list[tuple[str, float]] = []

    async def note(name: str, work: Awaitable[object]) -> None:
        await work
        ended.append((name, world.now_s))

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(3):
                group.create_task(note("append", append(store, number)))
                group.create_task(note("read", store.head()))

    world.run(main)
    assert ended == [("read", 1), ("read", 1), ("read", 2), ("append", 4), ("append", 8), ("append", 12)]
    assert disk.waiting == 0


def test_two_stores_on_one_disk_wait_for_each_other() -> None:
    world, disk = World(), Disk(flushes_at_once=1)
    stores = [SimulatedStore(MemoryStore(name), append=Constant(1), on=disk) for name in ("a", "b")]

    async def main() -> float:
        await asyncio.gather(*(append(store, 1) for store in stores))
        return world.now_s

    assert world.run(main) == 2


def test_a_queued_append_takes_effect_no_earlier_than_its_turn() -> None:
    world, disk = World(7), Disk(flushes_at_once=1)
    bare = MemoryStore()
    store = SimulatedStore(bare, append=Constant(1), on=disk)

    async def main() -> list[int]:
        found = []
        async with asyncio.TaskGroup() as group:
            for number in range(20):
                group.create_task(append(store, number))  # type: ignore[arg-type]
            await asyncio.sleep(0.5)
            for _ in range(20):
                found.append(await bare.head())
                await asyncio.sleep(1)
        return found

    for turn, head in enumerate(world.run(main)):
        assert turn <= head <= turn + 1


def test_who_crashes_in_the_queue_keeps_nobody_waiting_and_has_written_nothing() -> None:
    world, disk = World(), Disk(flushes_at_once=1)
    store = SimulatedStore(MemoryStore(), append=Constant(1), on=disk)

    async def main() -> tuple[float, int]:
        node = world.node("writer")
        for number in range(5):
            node.spawn(append(store, number))  # type: ignore[arg-type]
        await asyncio.sleep(0.5)
        before = await store.disk.head()
        node.crash()
        await append(store, 9)
        return world.now_s, await store.disk.head() - before

    ended_s, written = world.run(main)
    assert (ended_s, written) == (6, 1)


def test_who_left_the_queue_takes_no_turn() -> None:
    world, disk = World(), Disk(flushes_at_once=1)
    store = SimulatedStore(MemoryStore(), append=Constant(1), on=disk)

    async def main() -> float:
        first = asyncio.create_task(append(store, 1))  # type: ignore[arg-type]
        second = asyncio.create_task(append(store, 2))  # type: ignore[arg-type]
        await asyncio.sleep(0.5)
        second.cancel()
        await append(store, 3)
        await first
        return world.now_s

    assert world.run(main) == 2


def test_a_disk_without_faults_changes_no_run() -> None:
    def told(on: Disk | None) -> list[object]:
        world, recorder = World(7), Recorder()
        store = SimulatedStore(MemoryStore("shop"), append=Exponential(0.004), on=on)

        async def write(number: int) -> None:
            for _ in range(5):
                seen = await store.read("a-1")
                try:
                    await store.append([("a-1", Written(number))], expect={"a-1": len(seen)})
                except VersionConflict:
                    await asyncio.sleep(0.001 * number)

        async def main() -> None:
            async with asyncio.TaskGroup() as group:
                for number in range(5):
                    group.create_task(write(number))

        with recorder.recording():
            world.run(main)
        return list(recorder.entries)

    assert told(None) == told(Disk())
    assert len(told(None)) > 5


def test_faults_of_a_disk_are_told_with_their_end() -> None:
    world, disk = World(), Disk("ssd")
    faults: list[Callable[[], AbstractContextManager[None]]] = [disk.stalled, lambda: disk.slowed(10), disk.full]

    async def main() -> None:
        for fault in faults:
            with fault():
                await asyncio.sleep(1)

    with world.recording() as run:
        world.run(main)
    assert list(run.faults.itertuples(index=False, name=None)) == [
        ("disk stall", "ssd", 0, 1, 1),
        ("slow disk", "ssd: 10 times", 1, 2, 1),
        ("full disk", "ssd", 2, 3, 1),
    ]


def test_what_is_asked_of_a_store_is_told_to_who_listens_closely_and_changes_nothing() -> None:
    def told(closely: bool) -> tuple[list[object], list[tuple[str, str, float]]]:
        world = World(3)
        store = SimulatedStore(MemoryStore("shop"), read=Constant(1), append=Constant(4))

        async def main() -> None:
            await append(store, 1)
            await store.read("a-1")
            await store.records.put("lease", "x", b"me", version=0)
            with pytest.raises(VersionConflict):
                await store.append([("a-1", Written(2))], expect={"a-1": 0})
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.5):
                    await store.head()
            with store.device.full(), pytest.raises(StoreFailed):
                await append(store, 3)

        with world.recording(closely=closely) as run:
            world.run(main)
        rows = [
            (what.operation, what.outcome, what.duration_s) for _, what in of_kind(run.entries, hooks.StorageOperated)
        ]
        return [entry for entry in run.entries if not isinstance(entry.what, hooks.StorageOperated)], rows

    (near, rows), (far, nothing) = told(True), told(False)
    assert near == far
    assert nothing == []
    assert rows[:3] == [("append", "ok", 4), ("read", "ok", 1), ("record put", "ok", 4)]
    assert [row[:2] for row in rows[3:]] == [("append", "conflict"), ("head", "cancelled"), ("append", "refused")]


def test_of_a_world_that_is_thrown_away_nothing_more_is_told() -> None:
    world = World()
    store = SimulatedStore(MemoryStore("shop"), read=Constant(10))

    async def main() -> None:
        world.spawn(store.head(), name="left behind")
        await asyncio.sleep(1)

    with world.recording() as run:
        world.run(main)
        world.close()
    assert run.entries == []


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: Disk("ssd", reads_at_once=0), "reads_at_once of disk 'ssd' is 0; expected at least 1"),
        (lambda: Disk("ssd", flushes_at_once=-1), "flushes_at_once of disk 'ssd' is -1"),
        (lambda: Disk("ssd").slowed(0.5).__enter__(), "slowness of disk 'ssd' is 0.5; expected a finite factor"),
        (lambda: Disk("ssd").slowed(float("nan")).__enter__(), "slowness of disk 'ssd' is nan"),
        (lambda: Disk("ssd").slowed("3").__enter__(), "slowness of disk 'ssd' is '3'"),  # type: ignore[arg-type]
    ],
)
def test_what_no_disk_can_be_is_refused(build: Callable[[], object], words: str) -> None:
    with pytest.raises(InvalidValue, match=words):
        build()
