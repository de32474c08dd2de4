"""Fields of events that tell about a person: found wherever they stand, and refused where they could not work."""

from __future__ import annotations

from dataclasses import dataclass, make_dataclass
from datetime import date
from typing import Annotated, Any, NewType
from uuid import UUID

import msgspec
import pytest

from eventlab.codec import EventRegistry, Personal
from eventlab.codec.personal import spots
from eventlab.errors import InvalidValue, UnknownEventType


@dataclass(frozen=True, slots=True)
class SeatsReserved:
    show: str


@pytest.fixture
def registry() -> EventRegistry:
    registry = EventRegistry()
    registry.register(SeatsReserved, "SeatsReserved")
    return registry


def test_events_with_personal_fields_are_known_by_their_name(registry: EventRegistry) -> None:
    @dataclass(frozen=True)
    class Moved:
        who: str
        street: Annotated[str, Personal("who", erased="")]

    registry.register(Moved, "Moved", 2)
    assert registry.is_personal("Moved")
    assert not registry.is_personal("SeatsReserved")
    assert not registry.is_personal("Unheard")


@dataclass(frozen=True)
class Row:
    who: int
    name: Annotated[str | None, Personal("who")] = None


class Place(msgspec.Struct, frozen=True, rename="camel"):
    row_holder: UUID
    rows: tuple[Row, ...] = ()
    first_words: Annotated[str, Personal("row_holder", erased="")] = ""


def test_personal_fields_are_found_wherever_they_stand(registry: EventRegistry) -> None:
    Alias = NewType("Alias", Place)
    for hint in (list[Place], dict[str, Place], Place | None, tuple[int, Place], Annotated[Place, "doc"], Alias):
        cls = make_dataclass("Held", [("place", hint)], frozen=True)
        registry.register(cls, f"Held{hint}")
        assert registry.is_personal(f"Held{hint}")
    plan = registry.plan(f"Held{list[Place]}", 1)
    plain = {"place": [{"rowHolder": "u-1", "rows": [{"who": 7, "name": "x"}], "firstWords": "hi"}]}
    assert plan is not None
    assert [(spot.path, spot.subject) for spot in spots(plan, plain)] == [
        (("place", 0, "rows", 0, "name"), 7),
        (("place", 0, "firstWords"), "u-1"),
    ]


MARK = Personal("who", erased="")


@pytest.mark.parametrize(
    ("hints", "says"),
    [
        ({"name": Annotated[str, MARK]}, "the name of a field"),
        ({"who": Annotated[str, MARK]}, "a str, an int or a UUID"),
        ({"who": str | None, "name": Annotated[str, MARK]}, "a str, an int or a UUID"),
        ({"who": bool, "name": Annotated[str, MARK]}, "a str, an int or a UUID"),
        ({"who": list[str], "name": Annotated[str, MARK]}, "a str, an int or a UUID"),
        ({"who": str, "name": Annotated[str, Personal("who")]}, "in place of an erased value"),
        ({"who": str, "born": Annotated[date, MARK]}, "in place of an erased value"),
        ({"who": str, "size": Annotated[int, Personal("who", erased=object())]}, "in place of an erased value"),
        ({"who": str, "name": Annotated[str, MARK, Personal("who", erased="-")]}, "one mark"),
        ({"who": str, "name": Annotated[str, Personal]}, "one mark"),
        ({"who": str, "name": Annotated[str, Personal(3)]}, "one mark"),  # type: ignore[arg-type]
        ({"who": str, "names": dict[Annotated[str, MARK], int]}, "not keys"),
        ({"who": str, "names": frozenset[Annotated[str, MARK]]}, "around the whole field"),
        ({"who": str, "name": int | Annotated[str, MARK]}, "around the whole union"),
    ],
)
def test_a_personal_field_that_could_not_work_is_refused(
    registry: EventRegistry, hints: dict[str, Any], says: str
) -> None:
    cls = make_dataclass("Wrong", list(hints.items()), frozen=True)
    with pytest.raises(InvalidValue, match=says):
        registry.register(cls, "Wrong")
    assert not registry.is_personal("Wrong")
    with pytest.raises(UnknownEventType):
        registry.name_of(cls)


@pytest.mark.parametrize("options", [{"array_like": True}, {"forbid_unknown_fields": True}])
def test_a_shape_that_has_no_place_for_seals_is_refused(registry: EventRegistry, options: dict[str, bool]) -> None:
    cls = msgspec.defstruct("Wrong", [("who", str), ("name", Annotated[str, MARK])], frozen=True, **options)
    with pytest.raises(InvalidValue, match="personal ones"):
        registry.register(cls, "Wrong")


@dataclass(frozen=True)
class Early:
    later: Later  # noqa: F821  # it comes later, as the test says


@dataclass(frozen=True)
class Branch:
    who: str
    name: Annotated[str, MARK]
    branches: tuple[Branch, ...] = ()


def test_a_class_that_is_defined_further_down_is_looked_at_when_it_is_there(registry: EventRegistry) -> None:
    registry.register(Early, "Early")
    globals()["Later"] = make_dataclass("Later", [("who", str), ("name", Annotated[str, MARK])], frozen=True)
    assert registry.is_personal("Early")


def test_personal_fields_in_a_class_that_holds_itself_are_refused(registry: EventRegistry) -> None:
    with pytest.raises(InvalidValue, match="holds itself"):
        registry.register(Branch, "Branch")


def test_an_annotation_that_is_never_defined_is_named_when_it_matters(registry: EventRegistry) -> None:
    @dataclass(frozen=True)
    class Lost:
        what: Nowhere  # noqa: F821

    registry.register(Lost, "Lost")
    with pytest.raises(InvalidValue, match="'Nowhere' is not defined"):
        registry.is_personal("Lost")
