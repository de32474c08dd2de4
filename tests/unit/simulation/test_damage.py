"""A bit that flips in a stored event, and the checksum that finds it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlab import hooks
from eventlab.codec import event
from eventlab.errors import EventDamaged, InvalidValue
from eventlab.runtime import EPOCH
from eventlab.simulation import SimulatedStore, World, WriteBack
from eventlab.simulation.damage import checksum_of
from eventlab.store import NO_METADATA, MemoryStore, PortableStore, StoredEvent, open_store
from eventlab.store.portable import verify


@event("tests.damage.Paid")
@dataclass(frozen=True, slots=True)
class Paid:
    cents: int


@pytest.fixture(params=["memory", "sqlite"])
def below(request: pytest.FixtureRequest, tmp_path: Path) -> PortableStore:
    """The store that is simulated."""
    url = "memory:" if request.param == "memory" else f"sqlite:///{tmp_path / 'shop.db'}"
    return open_store(url, name="shop")


async def filled(store: SimulatedStore) -> None:
    for number, stream in enumerate(("a-1", "b-1", "a-1", "a-1"), start=1):
        await store.append([(stream, Paid(number * 100))])


def test_a_flipped_bit_is_found_by_whatever_reads_it_and_by_nothing_else(below: PortableStore) -> None:
    store = SimulatedStore(below)

    async def main() -> str:
        await filled(store)
        await store.flip_bit(3)
        for read in (store.read("a-1"), store.read_many(["b-1", "a-1"]), store.read_all(), store.read_all(2, limit=1)):
            with pytest.raises(EventDamaged) as caught:
                await read
        assert [stored.event for stored in await store.read("b-1")] == [Paid(200)]
        assert [stored.event for stored in await store.read("a-1", after=2)] == [Paid(400)]
        assert [stored.position for stored in await store.read_all(3)] == [4]
        error = caught.value
        assert (error.store, error.position, error.stream, error.version) == ("shop", 3, "a-1", 2)
        store.mend(3)
        assert [stored.event for stored in await store.read("a-1")] == [Paid(100), Paid(300), Paid(400)]
        return str(error)

    assert (
        World(7)
        .run(main)
        .startswith("the event at position 3 of shop, stream 'a-1' version 2, is damaged: its checksum is ")
    )


def test_verify_finds_it_and_goes_on_after_it(below: PortableStore) -> None:
    store = SimulatedStore(below)

    async def main() -> list[tuple[int, bool]]:
        await filled(store)
        await store.flip_bit(3)
        findings = await verify(store)
        return [(finding.position, "stream 'a-1' version 2, is damaged" in finding.what) for finding in findings.shown]

    assert World(7).run(main) == [(3, True)]  # of 4, that version 2 is due there, is not told as well


def test_without_checksums_a_wrong_amount_is_read_as_if_it_were_right() -> None:
    store = SimulatedStore(MemoryStore("shop"), checksums=False)

    async def main() -> list[object]:
        await filled(store)
        (stored,) = await store.read_all(2, limit=1)
        await store.flip_bit(3, stored.data.index(b"3") * 8 + 1)  # a low bit of the digit: 3 becomes 1
        found = [stored.event for stored in await store.read("a-1")]
        assert (await verify(store)).count == 0
        return found

    assert World().run(main) == [Paid(100), Paid(100), Paid(400)]


def test_the_same_seed_flips_the_same_bit_and_moves_no_other_draw() -> None:
    def story(seed: int, flips: bool) -> tuple[list[str], float]:
        world = World(seed)
        store = SimulatedStore(MemoryStore("shop"))

        async def main() -> float:
            await filled(store)
            if flips:
                await store.flip_bit(2)
            await store.append([("c-1", Paid(1))])
            return world.runtime.random_stream("storage/shop").random()

        with world.recording() as run:
            draw = world.run(main)
        return list(run.faults["detail"]), draw

    assert story(7, True) == story(7, True)
    assert story(7, True)[0] != story(8, True)[0]
    assert story(7, True)[1] == story(7, False)[1]


def test_some_event_is_struck_for_the_length_of_a_block_and_no_other() -> None:
    def story(seed: int, stream: str | None) -> tuple[int, ...]:
        store = SimulatedStore(MemoryStore("shop"))

        async def main() -> tuple[int, ...]:
            await filled(store)
            async with store.flipped(stream) as one, store.flipped(stream) as other, store.flipped("b-1") as third:
                struck = store.damaged
                assert tuple(at for at in (one, other, third) if at is not None) == struck and len(set(struck)) == len(
                    struck
                )
                with pytest.raises(EventDamaged):
                    await store.read_all()
            assert store.damaged == () and len(await store.read_all()) == 4
            return struck

        return World(seed).run(main)

    stories = [story(seed, None) for seed in range(40)]
    assert {at for struck in stories for at in struck} == {1, 2, 3, 4}
    assert {frozenset(story(seed, "a-1")) for seed in range(40)} == {
        frozenset((*pair, 2)) for pair in ((1, 3), (1, 4), (3, 4))
    }
    assert stories == [story(seed, None) for seed in range(40)]


def test_where_nothing_stands_nothing_is_struck() -> None:
    store = SimulatedStore(MemoryStore("shop"))

    async def main() -> None:
        async with store.flipped() as position:
            assert (position, store.damaged) == (None, ())
        await filled(store)
        async with store.flipped("z-1") as position, store.flipped("b-1"), store.flipped("b-1") as again:
            assert (position, again, store.damaged) == (None, None, (2,))

    World().run(main)


def test_what_was_mended_by_hand_is_not_mended_again() -> None:
    store = SimulatedStore(MemoryStore("shop"))

    async def main() -> None:
        await filled(store)
        async with store.flipped("b-1"):
            store.mend(2)
        assert store.damaged == ()

    World().run(main)


def test_an_event_that_comes_to_stand_where_a_damaged_one_was_lost_is_sound() -> None:
    world = World()
    node = world.node("shop")
    store = SimulatedStore(WriteBack(MemoryStore("shop"), node, flush_every_s=60))

    async def main() -> list[object]:
        await store.append([("a-1", Paid(123456))])
        await store.flip_bit(1, 90)
        node.crash()
        await node.restart()
        await store.append([("a-1", Paid(1))])
        return [stored.event for stored in await store.read("a-1")]

    assert world.run(main) == [Paid(1)]


def test_a_flip_and_its_mending_are_told() -> None:
    world, store = World(), SimulatedStore(MemoryStore("shop"))

    async def main() -> None:
        await filled(store)
        await store.flip_bit(2, 5)
        store.mend(2)

    with world.recording() as run:
        world.run(main)
    assert [entry.what for entry in run.entries if isinstance(entry.what, hooks.StorageChanged)] == [
        hooks.StorageChanged("shop", "bit flip", True, "bit 5 at position 2"),
        hooks.StorageChanged("shop", "bit flip", False, "bit 5 at position 2"),
    ]


@given(st.binary(min_size=1, max_size=40), st.data())
def test_the_checksum_finds_every_single_bit(data: bytes, draw: st.DataObject) -> None:
    stored = StoredEvent(1, "a-1", 1, UUID(int=1), "Paid", 1, data, NO_METADATA, EPOCH)
    bit = draw.draw(st.integers(0, len(data) * 8 - 1))
    flipped = bytes(byte ^ (1 << bit % 8 if at == bit // 8 else 0) for at, byte in enumerate(data))
    assert checksum_of(stored) != checksum_of(msgspec.structs.replace(stored, data=flipped))


def test_only_a_bit_that_is_there_can_flip_and_only_a_damaged_event_be_mended() -> None:
    store = SimulatedStore(MemoryStore("shop"))

    async def main() -> None:
        with pytest.raises(InvalidValue, match="expected one that is damaged"):
            store.mend(1)
        await filled(store)
        for position in (0, -1, 5):
            with pytest.raises(InvalidValue, match=rf"position in store 'shop' is {position}; expected one at which"):
                await store.flip_bit(position)
        with pytest.raises(InvalidValue, match="bit of the event at position 1 is 8000; expected one from 0 to"):
            await store.flip_bit(1, 8000)
        await store.flip_bit(1)
        with pytest.raises(InvalidValue, match=r"position to mend is 2; expected one that is damaged, of \[1\]"):
            store.mend(2)

    World().run(main)
