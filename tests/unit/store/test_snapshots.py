"""States beside the log: believed only while everything is as it was, and never taken for another one."""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlab.codec import event
from eventlab.errors import InvalidValue, VersionConflict
from eventlab.store import MemoryStore, StoredEvent, StreamId
from eventlab.store.snapshots import KIND, Snapshots, StateShape, lineages_of
from eventlab.testing import run

STREAM = StreamId("room-1")


@event("tests.Entered")
@dataclass(frozen=True, slots=True)
class Entered:
    who: str


PEOPLE = StateShape("people", list[str])


class Door(msgspec.Struct, frozen=True):
    key: UUID
    since: datetime


@dataclass
class Room:
    people: tuple[str, ...] = ()
    doors: dict[StreamId, Door] = field(default_factory=dict)
    seats: set[int] = field(default_factory=set)
    price: Decimal = Decimal("1.10")
    note: bytes | None = None


DOOR = Door(UUID(int=7), datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC))

rooms = st.builds(
    Room,
    people=st.lists(st.text()).map(tuple),
    doors=st.dictionaries(st.sampled_from([StreamId("door-1"), StreamId("door-2")]), st.just(DOOR)),
    seats=st.sets(st.integers()),
    price=st.decimals(allow_nan=False, allow_infinity=False),
    note=st.none() | st.binary(),
)


@given(rooms)
def test_a_state_comes_back_as_it_went(room: Room) -> None:
    shape = StateShape("room", Room)
    back = shape.decode(shape.encode(room))
    assert back == room and list(map(type, back.doors)) == list(map(type, room.doors))


@pytest.mark.parametrize("kind", [int, str, bool, list[int], dict[str, float], tuple[int, str], set[str], Room, Door])
def test_what_json_can_hold_has_a_shape(kind: Any) -> None:
    assert StateShape("some", kind).digest


@pytest.mark.parametrize("kind", [complex, object, Callable[[], int], list[complex], Counter[complex]], ids=repr)
def test_what_json_cannot_hold_has_none(kind: Any) -> None:
    with pytest.raises(InvalidValue, match="type of a state"):
        StateShape("some", kind)


@dataclass
class Named(Room):
    """A room of a kind of its own: it would come back as a plain one."""


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (dict[str, int], Counter(a=1)),
        (dict[str, int], defaultdict(int, a=1)),
        (dict[str, int], OrderedDict(a=1)),
        (Room, Room(people=["ada"])),  # type: ignore[arg-type]
        (Room, Named()),
        (Any, {"pair": (1, 2)}),
        (list[int], deque([1])),
        (float, float("nan")),
        (float, float("inf")),
        (float, 1),
        (int, "1"),
        (str, "\ud800"),
        (list[Any], [[Room()]]),
    ],
)
def test_a_state_that_would_come_back_as_another_one_is_refused(kind: Any, state: Any) -> None:
    with pytest.raises(InvalidValue, match="state of some"):
        StateShape("some", kind).encode(state)


def test_another_type_version_or_fold_has_another_digest() -> None:
    @dataclass
    class Renamed:
        persons: tuple[str, ...] = ()

    shapes = [
        StateShape("room", Room),
        StateShape("room", Renamed),
        StateShape("room", Room, version=2),
        StateShape("room", Room, fold="another"),
    ]
    assert len({shape.digest for shape in shapes}) == 4
    assert StateShape("room", Room).digest == shapes[0].digest


async def entered(store: MemoryStore, *names: str) -> list[StoredEvent]:
    await store.append([(STREAM, Entered(name)) for name in names])
    return await store.read(STREAM)


def test_what_was_kept_is_found_and_known_by_the_event_that_it_ends_with() -> None:
    async def main() -> None:
        store = MemoryStore()
        snapshots = Snapshots(store.records, PEOPLE)
        nothing = await snapshots.find(STREAM)
        assert (nothing.record, nothing.believed) == (0, False)
        events = await entered(store, "ada", "bo")
        await snapshots.keep(STREAM, PEOPLE.encode(["ada"]), events[0], lineages_of(["tests.Entered"]), nothing)
        found = await snapshots.find(STREAM)
        assert (found.record, found.version, found.state, found.types) == (1, 1, ["ada"], ("tests.Entered",))
        assert found.believed and found.continued_by(events) and not found.continued_by(events[1:])
        assert not found.continued_by([])
        assert not (await Snapshots(store.records, StateShape("people", list[str], version=2)).find(STREAM)).believed
        assert not (await snapshots.find(StreamId("room-2"))).record

    run(main())


def test_two_who_found_the_same_cannot_both_replace_it() -> None:
    async def main() -> None:
        store = MemoryStore()
        snapshots = Snapshots(store.records, PEOPLE)
        found, events = await snapshots.find(STREAM), await entered(store, "ada", "bo")
        await snapshots.keep(STREAM, PEOPLE.encode(["ada", "bo"]), events[1], {}, found)
        with pytest.raises(VersionConflict):
            await snapshots.keep(STREAM, PEOPLE.encode(["ada"]), events[0], {}, found)
        with pytest.raises(VersionConflict):
            await snapshots.drop(STREAM, found)
        now = await snapshots.find(STREAM)
        assert now.state == ["ada", "bo"]
        await snapshots.drop(STREAM, now)
        assert await store.records.list(KIND) == []

    run(main())


def test_a_state_changed_by_its_finder_does_not_change_what_is_kept() -> None:
    async def main() -> None:
        store = MemoryStore()
        snapshots = Snapshots(store.records, PEOPLE)
        (last,) = await entered(store, "ada")
        await snapshots.keep(STREAM, PEOPLE.encode(["ada"]), last, {}, await snapshots.find(STREAM))
        first = await snapshots.find(STREAM)
        assert first.state is not None
        first.state.append("bo")
        assert (await snapshots.find(STREAM)).state == ["ada"]

    run(main())
