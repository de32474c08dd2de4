"""What a crash takes where writes are acknowledged before they are flushed, and that it takes nothing elsewhere."""

from __future__ import annotations

import asyncio
import gc
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventlab import hooks
from eventlab.codec import event
from eventlab.errors import ForeignStreamError, InvalidValue, RecordConflict, StoreFailed
from eventlab.simulation import Constant, Disk, SimulatedStore, World, WriteBack
from eventlab.store import MemoryStore, PortableStore, Receipt, open_store


@event("tests.writeback.Written")
@dataclass(frozen=True, slots=True)
class Written:
    number: int


@pytest.fixture(params=["memory", "sqlite"])
def below(request: pytest.FixtureRequest, tmp_path: Path) -> PortableStore:
    """The store that is written back to."""
    url = "memory:" if request.param == "memory" else f"sqlite:///{tmp_path / 'shop.db'}"
    return open_store(url, name="shop", owns=("a",))


async def numbers(store: object) -> list[int]:
    return [stored.event.number for stored in await store.read_all()]  # type: ignore[attr-defined]


def test_a_crash_takes_the_tail_after_the_last_flush_and_all_that_belongs_to_it(below: PortableStore) -> None:
    world = World(7)
    node = world.node("shop")
    store = SimulatedStore(WriteBack(below, node, flush_every_s=1), append=Constant(0.01), read=Constant(0.001))

    async def main() -> None:
        await store.append([("a-1", Written(1))], command_id="one")
        await store.records.put("lease", "x", b"me", version=0)
        await asyncio.sleep(2)
        await store.append([("a-1", Written(2)), ("a-2", Written(2))], expect={"a-1": 1}, command_id="two")
        await store.records.put("lease", "x", b"you", version=1)
        await store.records.put("lease", "y", b"you", version=0)
        assert await numbers(store) == [1, 2, 2]
        assert await numbers(below) == [1]
        node.crash()
        await node.restart()
        assert await numbers(store) == [1]
        assert await store.receipt("one") == Receipt((1,), {"a-1": 1}, repeated=True)
        assert await store.receipt("two") is None
        found = await store.records.list("lease")
        assert [(record.key, record.value, record.version) for record in found] == [("x", b"me", 1)]
        receipt = await store.append([("a-1", Written(3))], expect={"a-1": 1})
        assert receipt.positions == (2,)  # given out again
        await asyncio.sleep(2)
        node.crash()
        assert await numbers(store) == [1, 3]

    with world.recording() as run:
        world.run(main)
    lost = [entry.what for entry in run.entries if isinstance(entry.what, hooks.StorageChanged)]
    assert lost == [
        hooks.StorageChanged("shop", "unsynced writes lost", on, "2 events in 3 writes") for on in (True, False)
    ]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.lists(st.floats(0.01, 3), min_size=1, max_size=5))
def test_what_is_left_is_what_was_acknowledged_first_and_a_sound_store_loses_none_of_it(
    seed: int, crashes_after_s: list[float]
) -> None:
    def left(lying: bool) -> tuple[list[int], list[int]]:
        """What was acknowledged in each life and what is there at the end, of one writer that crashes now and then."""
        world = World(seed)
        node = world.node("shop")
        below = MemoryStore("shop")
        store = SimulatedStore(WriteBack(below, node, flush_every_s=0.5) if lying else below, append=Constant(0.1))
        heard: list[int] = []

        async def write() -> None:
            while True:
                await store.append([("a-1", Written(len(heard) + 1000 * node.incarnation.number))])
                heard.append(len(heard) + 1000 * node.incarnation.number)

        async def main() -> list[int]:
            for after_s in crashes_after_s:
                node.spawn(write())
                await asyncio.sleep(after_s)
                node.crash()
                await node.restart()
            return await numbers(store.disk)

        return heard, world.run(main)

    heard, there = left(lying=False)
    assert set(heard) <= set(there)
    heard, there = left(lying=True)
    for life in range(1, len(crashes_after_s) + 1):
        acknowledged = [number for number in heard if number // 1000 == life]
        kept = [number for number in there if number // 1000 == life]
        shorter = min(len(kept), len(acknowledged))
        assert kept[:shorter] == acknowledged[:shorter]  # a tail is missing, never something in between
        assert len(acknowledged) - len(kept) <= 6  # half a second of writes


def test_a_lying_store_does_lose_what_it_acknowledged() -> None:
    world = World()
    node = world.node("shop")
    store = WriteBack(MemoryStore("shop"), node, flush_every_s=10)

    async def main() -> list[int]:
        await store.append([("a-1", Written(1))])
        assert store.unsynced == 1
        await store.flush()
        assert store.unsynced == 0
        await store.append([("a-1", Written(2))])
        node.crash()
        return await numbers(store)

    assert world.run(main) == [1]


def test_a_crash_of_another_node_takes_nothing() -> None:
    world = World()
    store = WriteBack(MemoryStore("shop"), world.node("shop"), flush_every_s=10)

    async def main() -> list[int]:
        await world.node("client").start(store.append([("a-1", Written(1))]))  # type: ignore[arg-type]
        world.node("client").crash()
        return await numbers(store)

    assert world.run(main) == [1]


def test_no_flush_gets_through_a_stall_or_onto_a_full_disk(caplog: pytest.LogCaptureFixture) -> None:
    world, disk = World(), Disk()
    below = MemoryStore("shop")
    store = WriteBack(below, world.node("shop"), flush_every_s=1, on=disk)

    async def main() -> list[list[int]]:
        found = []
        with disk.stalled():
            await store.append([("a-1", Written(1))])
            await asyncio.sleep(5)
            found.append(await numbers(below))
        await asyncio.sleep(0.1)
        found.append(await numbers(below))
        with disk.full():
            await store.append([("a-1", Written(2))])
            with pytest.raises(StoreFailed, match="full"):
                await store.flush()
            await asyncio.sleep(5)
            found.append(await numbers(below))
        await store.append([("a-1", Written(3))])
        await asyncio.sleep(1.1)
        return [*found, await numbers(below)]

    assert world.run(main) == [[], [1], [1], [1, 2, 3]]
    gc.collect()
    assert caplog.records == []  # nobody's task has failed


def test_it_holds_what_the_store_below_held_and_owns_what_that_owns(below: PortableStore) -> None:
    world = World()

    async def main() -> None:
        await below.append([("a-1", Written(1))], command_id="one")
        await below.records.put("lease", "x", b"me", version=0)
        store = WriteBack(below, world.node("shop"), flush_every_s=1)
        assert await numbers(store) == [1]
        assert (await store.append([("a-1", Written(1))], command_id="one")).repeated
        with pytest.raises(ForeignStreamError):
            await store.append([("b-1", Written(1))])
        with pytest.raises(RecordConflict):
            await store.records.put("lease", "x", b"you", version=0)
        await store.records.delete("lease", "x", version=1)
        await store.records.put("lease", "x", b"again", version=0)
        await store.append([], expect={"a-1": 1}, command_id="empty")
        await store.flush()
        found = await below.records.get("lease", "x")
        assert found is not None and (found.value, found.version) == (b"again", 1)
        assert [kept.command_id for kept in await below.receipts()] == ["empty", "one"]

    world.run(main)


def test_who_waits_for_more_is_woken_by_the_loss_and_hears_of_what_comes_next() -> None:
    world = World()
    node = world.node("shop")
    store = WriteBack(MemoryStore("shop"), node, flush_every_s=10)

    async def follow() -> int:
        while not await store.read_all(1):
            await store.changed(1)
        return await store.head()

    async def main() -> int:
        await store.append([("a-1", Written(1))])
        follower = asyncio.create_task(follow())
        await asyncio.sleep(1)
        node.crash()
        await node.restart()
        await asyncio.sleep(1)
        for number in (2, 3):
            await store.append([("a-1", Written(number))])
        async with asyncio.timeout(1):
            return await follower

    assert world.run(main) == 2


def test_a_time_that_never_comes_is_refused() -> None:
    for flush_every_s in (0, -1, float("inf"), float("nan")):
        with pytest.raises(InvalidValue, match=f"flush_every_s of 'shop' is {flush_every_s}; expected"):
            WriteBack(MemoryStore("shop"), World().node("shop"), flush_every_s=flush_every_s)


def test_a_store_with_latency_inside_is_refused() -> None:
    slow = SimulatedStore(MemoryStore("shop"))
    with pytest.raises(InvalidValue, match="put the SimulatedStore around the WriteBack"):
        WriteBack(slow, World().node("shop"), flush_every_s=1)  # type: ignore[arg-type]
