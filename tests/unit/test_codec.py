"""Events by name and schema version, as JSON and back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec
import pytest

from eventlab.codec import Encoded, EventRegistry, event
from eventlab.errors import InvalidValue, UndecodableEvent, UnknownEventType
from eventlab.store import StreamId


@dataclass(frozen=True, slots=True)
class SeatsReserved:
    show: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class MoneySent:
    source: StreamId
    targets: tuple[StreamId, ...] = ()


@pytest.fixture
def registry() -> EventRegistry:
    registry = EventRegistry()
    registry.register(SeatsReserved, "SeatsReserved", 2)
    return registry


def test_an_event_comes_back_as_it_went(registry: EventRegistry) -> None:
    encoded = registry.encode(SeatsReserved("Hamlet", 2))
    assert encoded == Encoded("SeatsReserved", 2, b'{"show":"Hamlet","count":2}')
    assert registry.decode(encoded.type, encoded.schema_version, encoded.data) == SeatsReserved("Hamlet", 2)


def test_stream_ids_inside_an_event_come_back_as_stream_ids(registry: EventRegistry) -> None:
    registry.register(MoneySent, "MoneySent")
    encoded = registry.encode(MoneySent(StreamId("account-1"), (StreamId("account-2"),)))
    assert encoded.data == b'{"source":"account-1","targets":["account-2"]}'
    decoded = registry.decode("MoneySent", 1, encoded.data)
    assert [type(stream) for stream in (decoded.source, *decoded.targets)] == [StreamId, StreamId]


def test_a_frozen_struct_is_an_event_too(registry: EventRegistry) -> None:
    class Bell(msgspec.Struct, frozen=True):
        times: int

    registry.register(Bell, "Bell")
    assert registry.decode("Bell", 1, registry.encode(Bell(3)).data) == Bell(3)


def test_fields_that_a_class_does_not_know_are_ignored(registry: EventRegistry) -> None:
    assert registry.decode("SeatsReserved", 2, b'{"show":"Hamlet","row":"B"}') == SeatsReserved("Hamlet", 1)


def test_upcasters_chain_up_to_the_registered_version(registry: EventRegistry) -> None:
    @dataclass(frozen=True)
    class Reserved:
        show: str
        count: int

    registry.register(Reserved, "Reserved", 3)

    @registry.upcaster("Reserved", 1)
    def name_the_show(data: dict[str, object]) -> dict[str, object]:
        return {"title": "Hamlet", **data}

    @registry.upcaster("Reserved", 2)
    def title_is_show(data: dict[str, object]) -> dict[str, object]:
        return {"show": data["title"], "count": data["count"]}

    assert registry.decode("Reserved", 1, b'{"count":3}') == Reserved("Hamlet", 3)
    assert registry.decode("Reserved", 2, b'{"title":"Lear","count":3}') == Reserved("Lear", 3)


def test_an_upcaster_that_fails_is_an_undecodable_event(registry: EventRegistry) -> None:
    @registry.upcaster("SeatsReserved", 1)
    def title_is_show(data: dict[str, object]) -> dict[str, object]:
        return {"show": data["title"]}

    with pytest.raises(UndecodableEvent, match="cannot be decoded: KeyError: 'title'"):
        registry.decode("SeatsReserved", 1, b"{}")


def test_values_that_are_nested_too_deep_are_neither_written_nor_read(registry: EventRegistry) -> None:
    @dataclass(frozen=True)
    class Nested:
        value: list[Any]

    registry.register(Nested, "Nested")
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(InvalidValue, match="event Nested"):
        registry.encode(Nested(deep))
    with pytest.raises(UndecodableEvent, match="'Nested' at position 7 cannot be decoded"):
        registry.decode("Nested", 1, b'{"value":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "position 7")


@pytest.mark.parametrize("raised", [AssertionError("no"), RuntimeError("no"), NotImplementedError(), StopIteration()])
def test_whatever_an_upcaster_raises_is_said_of_the_event(registry: EventRegistry, raised: Exception) -> None:
    @registry.upcaster("SeatsReserved", 1)
    def fails(data: dict[str, object]) -> dict[str, object]:
        raise raised

    with pytest.raises(UndecodableEvent, match=f"at position 7 cannot be decoded: {type(raised).__name__}"):
        registry.decode("SeatsReserved", 1, b"{}", "position 7")


def test_what_a_class_raises_while_it_is_made_is_said_of_the_event(registry: EventRegistry) -> None:
    class Negative(Exception):
        pass

    @dataclass(frozen=True)
    class Counted:
        count: int

        def __post_init__(self) -> None:
            if self.count < 0:
                raise Negative(self.count)

    registry.register(Counted, "Counted")
    with pytest.raises(UndecodableEvent, match="cannot be decoded: Negative: -1"):
        registry.decode("Counted", 1, b'{"count":-1}')


def test_two_upcasters_for_one_step_are_refused_and_one_may_come_again(registry: EventRegistry) -> None:
    def first(data: dict[str, object]) -> dict[str, object]:
        return {"show": "Hamlet"}

    def second(data: dict[str, object]) -> dict[str, object]:
        return {"show": "Lear"}

    registry.upcaster("SeatsReserved", 1)(first)
    registry.upcaster("SeatsReserved", 1)(first)
    with pytest.raises(InvalidValue, match=r"from version 1 is .*second'; expected one function; .*first does it"):
        registry.upcaster("SeatsReserved", 1)(second)
    assert registry.decode("SeatsReserved", 1, b"{}") == SeatsReserved("Hamlet")
    for _ in range(2):  # a notebook's cell, run twice

        def third(data: dict[str, object]) -> dict[str, object]:
            return data

        registry.upcaster("SeatsReserved", 3)(partial(third))


async def waits(data: dict[str, object]) -> dict[str, object]:
    return data


@pytest.mark.parametrize(
    ("name", "version", "upcast"),
    [
        (SeatsReserved, 1, dict),
        ("SeatsReserved", "1", dict),
        ("SeatsReserved", 0, dict),
        ("SeatsReserved", 1, {"show": "Hamlet"}),
        ("SeatsReserved", 1, waits),
    ],
)
def test_an_upcaster_that_could_never_be_used_is_refused(
    registry: EventRegistry, name: Any, version: Any, upcast: Any
) -> None:
    with pytest.raises(InvalidValue):
        registry.upcaster(name, version)(upcast)


@pytest.mark.parametrize("what", [7, print, SeatsReserved("Lear")])
def test_what_is_no_class_stands_for_no_event(registry: EventRegistry, what: Any) -> None:
    with pytest.raises(InvalidValue, match="expected a frozen dataclass"):
        registry.register(what, "Other")


def test_an_event_without_a_name_is_refused_where_it_is_declared() -> None:
    nameless: Any = event
    with pytest.raises(InvalidValue, match="event name is <class"):
        nameless(SeatsReserved)


def test_a_field_of_a_type_that_nobody_can_read_is_refused_before_it_is_written(registry: EventRegistry) -> None:
    @dataclass(frozen=True)
    class Vague:
        what: object

    registry.register(Vague, "Vague")
    with pytest.raises(InvalidValue, match="no way to decode"):
        registry.encode(Vague(1))


def test_two_versions_of_one_name_may_stand_side_by_side(registry: EventRegistry) -> None:
    @dataclass(frozen=True)
    class OldSeatsReserved:
        count: int

    registry.register(OldSeatsReserved, "SeatsReserved", 1)
    assert registry.decode("SeatsReserved", 1, b'{"count":2}') == OldSeatsReserved(2)
    assert registry.encode(OldSeatsReserved(2)).schema_version == 1
    assert registry.encode(SeatsReserved("Lear")).schema_version == 2


@pytest.mark.parametrize(("name", "version"), [("SeatsSold", 1), ("SeatsReserved", 3)])
def test_an_unknown_name_or_version_is_named_with_its_place(registry: EventRegistry, name: str, version: int) -> None:
    with pytest.raises(UnknownEventType) as caught:
        registry.decode(name, version, b"{}", "position 7")
    assert str(caught.value) == f"no event is registered as {name!r} version {version} at position 7"


def test_upcasters_that_lead_to_no_class_are_told_by_where_they_lead(registry: EventRegistry) -> None:
    registry.upcaster("SeatsReserved", 2)(dict)
    with pytest.raises(UnknownEventType) as caught:
        registry.decode("SeatsReserved", 2, b"{}", "position 7")
    assert str(caught.value) == (
        "no event is registered as 'SeatsReserved' version 3 at position 7, where it is version 2"
    )


@pytest.mark.parametrize("data", [b"{", b'{"count":1}', b'{"show":1}', b"[]", b"\xff", b""])
def test_bytes_that_do_not_fit_are_named_with_their_place(registry: EventRegistry, data: bytes) -> None:
    with pytest.raises(UndecodableEvent, match="'SeatsReserved' at position 7 cannot be decoded"):
        registry.decode("SeatsReserved", 2, data, "position 7")


def test_an_object_that_is_no_event_is_not_stored(registry: EventRegistry) -> None:
    with pytest.raises(UnknownEventType, match="dict"):
        registry.encode({"count": 1})


def test_a_field_that_json_cannot_hold_is_not_stored(registry: EventRegistry) -> None:
    with pytest.raises(InvalidValue, match="event SeatsReserved"):
        registry.encode(SeatsReserved("Hamlet", object()))  # type: ignore[arg-type]


def test_what_nobody_could_read_is_not_written(registry: EventRegistry) -> None:
    @dataclass(frozen=True)
    class Priced:
        title: str
        cents: int

    registry.register(Priced, "Priced")
    assert registry.encode(Priced("a book", 5)).data == b'{"title":"a book","cents":5}'
    for wrong in (Priced("a book", "5"), Priced(5, 5), Priced(None, 5)):  # type: ignore[arg-type]
        with pytest.raises(
            InvalidValue, match=r"event Priced is .*expected fields as its class declares them: Expected"
        ):
            registry.encode(wrong)


def test_one_name_stands_for_one_class(registry: EventRegistry) -> None:
    with pytest.raises(InvalidValue, match=r"tests\.unit\.test_codec\.SeatsReserved has it at version 2"):
        registry.register(MoneySent, "SeatsReserved", 2)


def test_a_class_that_is_defined_again_takes_the_place_of_the_first(registry: EventRegistry) -> None:
    def define(count: int) -> type:
        @dataclass(frozen=True)
        class Rerun:
            n: int = count

        registry.register(Rerun, "Rerun")
        return Rerun

    first, second = define(1), define(2)
    assert type(registry.decode("Rerun", 1, registry.encode(first()).data)) is second


def test_an_event_that_could_be_changed_is_refused(registry: EventRegistry) -> None:
    @dataclass
    class Draft:
        text: str

    with pytest.raises(InvalidValue, match="frozen dataclass"):
        registry.register(Draft, "Draft")


@pytest.mark.parametrize(("name", "version"), [("", 1), (" Padded", 1), ("Zeroth", 0)])
def test_names_and_versions_have_a_domain(registry: EventRegistry, name: str, version: int) -> None:
    with pytest.raises(InvalidValue):
        registry.register(MoneySent, name, version)


def test_a_class_with_two_names_is_read_under_both_and_written_under_the_last(registry: EventRegistry) -> None:
    registry.register(SeatsReserved, "SeatsTaken")
    old, new = ("SeatsReserved", 2), ("SeatsTaken", 1)
    assert {registry.decode(*name, b'{"show":"Lear"}') for name in (old, new)} == {SeatsReserved("Lear")}
    assert registry.encode(SeatsReserved("Lear")).type == "SeatsTaken"
    assert registry.names_of(SeatsReserved) == [new, old]
