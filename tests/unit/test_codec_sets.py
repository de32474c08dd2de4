"""A set has another order in each process; what is written of it has one."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import ClassVar

import msgspec
import pytest

from eventlab.codec import EventRegistry
from eventlab.store import StreamId


@pytest.fixture
def registry() -> EventRegistry:
    return EventRegistry()


TAGGED = """
from dataclasses import dataclass
from enum import Enum
from eventlab.codec import EventRegistry

Colour = Enum("Colour", {letter: letter for letter in "abcdefgh"})

@dataclass(frozen=True)
class Tag:
    name: str

@dataclass(frozen=True)
class Tagged:
    tags: dict[str, frozenset[str]]
    colours: frozenset[Colour]
    made: frozenset[Tag]
    places: frozenset[tuple[str, int | None]]
    groups: frozenset[frozenset[str]]

letters = "abcdefgh"
registry = EventRegistry()
registry.register(Tagged, "Tagged")
tagged = Tagged(
    {"all": frozenset(letters)},
    frozenset(Colour),
    frozenset(map(Tag, letters)),
    frozenset((letter, number) for letter in letters for number in (1, None)),
    frozenset(map(frozenset, letters)),
)
written = registry.encode(tagged)
assert registry.decode("Tagged", 1, written.data) == tagged
print(written.data.decode())
"""


def test_a_set_is_written_the_same_by_every_process() -> None:
    """Or a command that is repeated by another process, under its id, would not be known again."""
    told = {
        subprocess.run(
            [sys.executable, "-c", TAGGED], env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in "123"
    }
    assert len(told) == 1


class Kept(msgspec.Struct, frozen=True, rename={"what": "w"}):
    what: set[int | str]
    of: dict[str, str]


def test_what_has_no_order_of_its_own_has_that_of_what_is_written(registry: EventRegistry) -> None:
    @dataclass(frozen=True, slots=True)
    class Mixed:
        kind: ClassVar[str] = "mixed"
        kept: Kept
        at: StreamId

    registry.register(Mixed, "Mixed")
    event = Mixed(Kept({1, "a"}, {"b": "2", "a": "1"}), StreamId("a-1"))
    encoded = registry.encode(event)
    assert encoded.data == b'{"kept":{"w":["a",1],"of":{"b":"2","a":"1"}},"at":"a-1"}'
    assert registry.decode("Mixed", 1, encoded.data) == event
    assert event.kept.what == {1, "a"}


@dataclass(frozen=True)
class PricedAgain:
    prices: dict[str, int]
    before: PricedAgain | None = None


def test_a_class_without_sets_keeps_the_order_of_what_it_holds(registry: EventRegistry) -> None:
    registry.register(PricedAgain, "PricedAgain")
    assert registry.encode(PricedAgain({"b": 1, "a": 2})).data == b'{"prices":{"b":1,"a":2},"before":null}'
