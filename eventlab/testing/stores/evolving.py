"""Laws of old and foreign events: what is stored stays as it is, and is read by today's classes or named clearly."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from eventlab.codec import EVENTS, Encoded, event
from eventlab.errors import CommandIdReused, UndecodableEvent, UnknownEventType
from eventlab.store import EventStore, Filter, StoredEvent

from .vocabulary import Law, Noted, OpenStore, opened, raised

NOTED = "eventlab.testing.Noted"


@event("eventlab.testing.Seated", version=3)
@dataclass(frozen=True, slots=True)
class Seated:
    """An event with a past: it once had a single seat, then a row and a seat."""

    seats: tuple[str, ...]


@EVENTS.upcaster("eventlab.testing.Seated", 1)
def _row_and_seat(data: dict[str, Any]) -> dict[str, Any]:
    return {"row": data["seat"][0], "number": data["seat"][1:]}


@EVENTS.upcaster("eventlab.testing.Seated", 2)
def _several_seats(data: dict[str, Any]) -> dict[str, Any]:
    return {"seats": [data["row"] + data["number"]]}


async def what_is_encoded_is_stored_to_the_byte(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        contents = [b'{ "text" : "x",  "text":"y" }', b"{}", b'{"text":"\\u00e9"}', b"\xff\x00", b""]
        encoded = [Encoded(NOTED, 7, data) for data in contents]
        await store.append([("a-1", each) for each in encoded])
        stored = await store.read("a-1")
        assert [Encoded(each.type, each.schema_version, each.data) for each in stored] == encoded


async def an_encoded_event_is_the_same_as_the_event(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        encoded = EVENTS.encode(Noted("1"))
        await store.append([("a-1", Noted("1")), ("a-1", encoded)], command_id="c-1")
        assert [stored.event for stored in await store.read("a-1")] == [Noted("1")] * 2
        assert (await store.append([("a-1", encoded), ("a-1", Noted("1"))], command_id="c-1")).repeated
        newer = Encoded(encoded.type, 2, encoded.data)
        await raised(CommandIdReused, store.append([("a-1", newer), ("a-1", encoded)], command_id="c-1"))


async def an_unknown_type_is_named_with_its_place_on_every_path(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await store.append([("a-1", Noted("1"))])
        receipt = await store.append([("a-1", Encoded("eventlab.testing.Unheard", 4, b"{}"))])
        async for stored in _on_every_path(store, "a-1", 2):
            error = _decoding_raises(UnknownEventType, stored)
            assert (error.type_name, error.schema_version) == ("eventlab.testing.Unheard", 4)
            _names_its_place(error.where, receipt.positions[0], "a-1")


async def an_undecodable_event_is_named_with_its_place_on_every_path(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        for data in (b'{"text":1}', b"{", b"\xff"):
            await store.append([("a-1", Noted("1"))])
            receipt = await store.append([("a-1", Encoded(NOTED, 1, data))])
            async for stored in _on_every_path(store, "a-1", receipt.versions["a-1"]):
                error = _decoding_raises(UndecodableEvent, stored)
                assert error.type_name == NOTED
                _names_its_place(error.where, receipt.positions[0], "a-1")


async def what_cannot_be_decoded_hides_nothing_else(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        unheard = Encoded("eventlab.testing.Unheard", 1, b"{}")
        await store.append([("a-1", Noted("1")), ("a-1", unheard), ("a-1", Noted("2"))])
        assert [stored.type for stored in await store.read_all()] == [NOTED, unheard.type, NOTED]
        (found,) = await store.read_all(where=Filter(types=[unheard.type]))
        assert found.version == 2
        await store.append([("a-1", Noted("3"))], expect={"a-1": 3})


async def fields_that_a_class_does_not_know_are_ignored_on_every_path(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await store.append([("a-1", Encoded(NOTED, 1, b'{"colour":["red"],"text":"1","size":{}}'))])
        async for stored in _on_every_path(store, "a-1", 1):
            assert stored.event == Noted("1")


async def upcasters_chain_on_every_path(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        name = "eventlab.testing.Seated"
        old = [Encoded(name, 1, b'{"seat":"B7"}'), Encoded(name, 2, b'{"row":"B","number":"7"}')]
        await store.append([("a-1", each) for each in old])
        await store.append([("a-1", Seated(("B7",)))])
        for version in (1, 2, 3):
            async for stored in _on_every_path(store, "a-1", version):
                assert stored.event == Seated(("B7",))
                assert stored.schema_version == version


async def _on_every_path(store: EventStore, stream: str, version: int) -> AsyncIterator[StoredEvent]:
    """One event, as each way of reading gives it."""
    (position,) = [stored.position for stored in await store.read(stream) if stored.version == version]
    yield (await store.read(stream, after=version - 1, limit=1))[0]
    yield (await store.read(stream, to=version, backwards=True, limit=1))[0]
    yield (await store.read_many([stream, "other-1"], after={stream: version - 1}))[stream][0]
    yield (await store.read_all(position - 1, limit=1))[0]
    yield (await store.read_all(position - 1, where=Filter(streams=stream)))[0]


def _decoding_raises(kind: type[Any], stored: StoredEvent) -> Any:
    for _ in range(2):  # it does not come as a surprise, nor as something else, the second time
        try:
            assert stored.event is not None
        except kind as error:
            last = error
        else:
            raise AssertionError(f"{stored.type} was decoded")
    return last


def _names_its_place(where: str, position: int, stream: str) -> None:
    assert str(position) in where and repr(stream) in where


EVOLVING: tuple[Law, ...] = (
    what_is_encoded_is_stored_to_the_byte,
    an_encoded_event_is_the_same_as_the_event,
    an_unknown_type_is_named_with_its_place_on_every_path,
    an_undecodable_event_is_named_with_its_place_on_every_path,
    what_cannot_be_decoded_hides_nothing_else,
    fields_that_a_class_does_not_know_are_ignored_on_every_path,
    upcasters_chain_on_every_path,
)
