"""Which states may be kept: what could not be is refused when the class is defined, or found in its first test."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pytest

from eventlab.commands import Command, Snapshot
from eventlab.errors import CommandMisdeclared, InvalidValue, Refused
from eventlab.store import StoredEvent, StreamId
from eventlab.testing.given import given

from .bank import Transfer
from .tally import STREAM, Add, Kind, Tally

KIND = Kind()


def test_several_streams_are_refused_when_the_class_is_defined() -> None:
    reason = "only a state of one declared stream can be kept: what several streams fold to depends on their order"
    with pytest.raises(CommandMisdeclared, match=reason):

        @dataclass(frozen=True)
        class Both(Transfer):
            snapshot = Snapshot("balances")

    with pytest.raises(CommandMisdeclared, match=reason):

        @dataclass(frozen=True)
        class Many(Command[int]):
            streams: tuple[StreamId, ...]
            snapshot = Snapshot("many")
            handle = Add.handle  # type: ignore[assignment]


def test_discovery_is_refused_when_the_class_is_defined() -> None:
    with pytest.raises(CommandMisdeclared, match="only a state of one declared stream"):

        @dataclass(frozen=True)
        class Asking(Add):
            snapshot = Snapshot("asking")

            def related_streams(self, state: Tally) -> Iterable[StreamId]:
                return ()


@pytest.mark.parametrize(
    "state", [complex, object, Callable[[], int], dict[str, complex], StoredEvent | Tally, "Nowhere"], ids=repr
)
def test_a_state_that_json_cannot_hold_is_refused_when_the_class_is_defined(state: Any) -> None:
    with pytest.raises(CommandMisdeclared, match="state"):

        @dataclass(frozen=True)
        class Odd(Command[state]):
            stream: StreamId
            snapshot = Snapshot("odd")
            handle = Add.handle


def test_a_state_whose_type_is_not_said_is_refused_when_the_class_is_defined() -> None:
    for base in (Command, Command[Any]):
        with pytest.raises(CommandMisdeclared, match="the type of the state to keep is not known"):

            @dataclass(frozen=True)
            class Untold(base):  # type: ignore[misc,valid-type]
                stream: StreamId
                snapshot = Snapshot("untold")
                handle = Add.handle


def test_the_type_of_the_state_is_found_through_generic_bases() -> None:
    from typing import Generic, TypeVar

    T = TypeVar("T")

    class Listing(Command[list[T]], Generic[T]):
        def initial(self) -> list[T]:
            return []

        def apply(self, state: list[T], stored: StoredEvent) -> list[T]:
            return [*state, stored.version]  # type: ignore[list-item]

    @dataclass(frozen=True)
    class Versions(Listing[int]):
        stream: StreamId
        snapshot = Snapshot("versions", every=1)

        def handle(self, state: list[int]) -> Iterable[tuple[str, object]]:
            raise Refused("told", facts={"versions": state})

    shape = Versions.snapshot_shape
    assert shape is not None and shape.decode(b"[1,2]") == [1, 2]
    given((STREAM, KIND.first(1, 1))).when(Versions(STREAM)).then(Refused("told", facts={"versions": [1]}))


def test_a_snapshot_that_is_only_a_name_is_refused_and_so_are_its_bad_settings() -> None:
    with pytest.raises(CommandMisdeclared, match="its snapshot is 'tally', which is no Snapshot"):

        @dataclass(frozen=True)
        class Named(Add):
            snapshot = "tally"  # type: ignore[assignment]

    names: list[Any] = ["", "a|b", 7, "a\0b", "\ud800", "a" * 256]
    for wrong in (*({"name": name} for name in names), *({"name": "a", "every": each} for each in (0, "3", 2.5))):
        with pytest.raises(InvalidValue):
            Snapshot(**wrong)
    with pytest.raises(InvalidValue):
        Snapshot("a", version=0)


def test_a_fold_that_looks_at_the_fields_of_its_command_is_found_in_its_first_test() -> None:
    """A kept state would mix what commands with other fields came to."""

    @dataclass(frozen=True)
    class Biased(Add):
        snapshot = Snapshot("biased")

        def apply(self, state: Tally, stored: StoredEvent) -> Tally:
            return Tally(state.total + self.most)

    with pytest.raises(CommandMisdeclared, match="nothing but state and event; they use 'most'"):
        given((STREAM, KIND.first(1, 1))).when(Biased(STREAM, 1, made=KIND.first))


def test_a_fold_may_use_methods_class_variables_and_those_of_its_bases() -> None:
    class Base(Add):
        FACTOR = 2

        @property
        def factor(self) -> int:
            return self.FACTOR

        @staticmethod
        def plus(one: int, other: int) -> int:
            return one + other

        @classmethod
        def made_of(cls, total: int) -> Tally:
            return Tally(total)

    @dataclass(frozen=True)
    class Helped(Base):
        snapshot = Snapshot("helped")

        def initial(self) -> Tally:
            return super().initial()

        def apply(self, state: Tally, stored: StoredEvent) -> Tally:
            folded = super().apply(state, stored)
            return self.made_of(self.plus(folded.total, self.factor))

    command = Helped(STREAM, 1, made=KIND.first)
    given((STREAM, KIND.first(1, 1))).when(command).then((STREAM, KIND.first(1, 4)))
