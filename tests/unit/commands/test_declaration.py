"""Mistakes in a declaration are found when the class is defined, or when the command is built."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from eventlab.codec import event
from eventlab.commands import Command, declared_streams, execute
from eventlab.errors import CommandMisdeclared
from eventlab.store import MemoryStore, StoredEvent, StreamId
from eventlab.testing import run
from eventlab.testing.given import given

BALCONY = StreamId("balcony-1")


@event("tests.commands.Opened")
@dataclass(frozen=True)
class Opened: ...


class Deciding(Command[None]):
    """Decides nothing about nothing, so that only the declarations matter. Abstract: it does not handle."""

    def initial(self) -> None: ...

    def apply(self, state: None, stored: StoredEvent) -> None: ...


def nothing(self: Any, state: None) -> Iterable[tuple[str, object]]:
    return ()


@dataclass(frozen=True)
class Seat(Deciding):
    show: StreamId
    rows: tuple[StreamId, ...] = ()
    note: str = ""
    LIMIT: ClassVar[int] = 3
    handle = nothing


def test_fields_of_stream_ids_are_the_streams_in_their_order() -> None:
    command = Seat(StreamId("show-1"), (StreamId("row-2"), StreamId("row-1")))
    assert Seat.stream_fields == ("show", "rows")
    assert declared_streams(command) == ("show-1", "row-2", "row-1")


def test_streams_of_a_base_class_come_first() -> None:
    @dataclass(frozen=True)
    class Balcony(Seat):
        balcony: StreamId = BALCONY

    assert Balcony.stream_fields == ("show", "rows", "balcony")


def test_annotations_that_only_a_function_can_resolve_are_understood() -> None:
    from eventlab import store as local

    @dataclass(frozen=True)
    class Locally(Deciding):
        one: local.StreamId
        many: tuple[local.StreamId, ...]
        handle = nothing

    assert Locally.stream_fields == ("one", "many")


def test_a_command_without_a_stream_is_refused_when_defined() -> None:
    with pytest.raises(CommandMisdeclared, match="declares no stream"):

        class Nowhere(Deciding):
            title: str
            handle = nothing


def test_a_base_that_decides_nothing_may_leave_the_streams_to_others() -> None:
    assert Deciding.stream_fields == ()


@pytest.mark.parametrize(
    "annotation",
    [
        list[StreamId],
        "list[StreamId]",
        set[StreamId],
        StreamId | None,
        "StreamId | None",
        tuple[StreamId, StreamId],
        dict[str, StreamId],
        tuple[StreamId],
    ],
)
def test_stream_ids_held_in_another_way_are_refused_when_defined(annotation: Any) -> None:
    with pytest.raises(CommandMisdeclared, match=r"'held' is a .*; streams are declared as StreamId or tuple"):
        type("Held", (Deciding,), {"__annotations__": {"held": annotation}, "__module__": __name__, "handle": nothing})


def test_one_stream_in_two_fields_is_refused_when_built() -> None:
    with pytest.raises(CommandMisdeclared, match="'show-1' is declared twice, as 'show' and as 'rows'"):
        Seat(StreamId("show-1"), (StreamId("show-1"),))


def test_one_stream_twice_in_a_field_is_refused_when_built() -> None:
    with pytest.raises(CommandMisdeclared, match="'row-1' is declared twice in 'rows'"):
        Seat(StreamId("show-1"), (StreamId("row-1"), StreamId("row-1")))


@pytest.mark.parametrize("value", ["show-1", None, 7])
def test_a_field_that_holds_no_stream_id_is_refused_when_built(value: Any) -> None:
    with pytest.raises(CommandMisdeclared, match="is no StreamId"):
        Seat(value)


@pytest.mark.parametrize(
    ("rows", "instead"),
    [([StreamId("row-1")], "give it a tuple of them"), (("row-1",), r"say StreamId\('row-1'\)")],
)
def test_streams_that_are_nearly_given_as_they_should_are_told_how(rows: Any, instead: str) -> None:
    with pytest.raises(CommandMisdeclared, match=f"field 'rows' holds .*, which is no StreamId; {instead}"):
        Seat(StreamId("show-1"), rows)


def test_a_command_that_could_be_changed_is_refused_when_built() -> None:
    @dataclass
    class Mutable(Deciding):
        show: StreamId
        handle = nothing

    with pytest.raises(CommandMisdeclared, match="frozen"):
        Mutable(StreamId("show-1"))


def test_a_command_that_is_no_dataclass_is_refused_when_built() -> None:
    class Plain(Command[None]):
        show: StreamId = StreamId("show-1")

        def initial(self) -> None: ...

        def apply(self, state: None, stored: StoredEvent) -> None: ...

        def handle(self, state: None) -> Iterable[tuple[str, object]]:
            return ()

    for arguments in ((), (StreamId("show-1"),)):
        with pytest.raises(CommandMisdeclared, match=r"put @dataclass\(frozen=True\) above it"):
            Plain(*arguments)


def test_a_command_that_is_built_in_a_way_of_its_own_is_refused_when_defined() -> None:
    with pytest.raises(CommandMisdeclared, match="an __init__ of its own"):

        class Handmade(Deciding):
            show: StreamId
            handle = nothing

            def __init__(self, show: StreamId) -> None:
                self.show = show


def test_a_command_may_have_slots() -> None:
    @dataclass(frozen=True, slots=True)
    class Slotted(Deciding):
        show: StreamId
        handle = nothing

    assert declared_streams(Slotted(StreamId("show-1"))) == ("show-1",)


async def waiting(*args: Any) -> Any: ...


async def waiting_for_each(*args: Any) -> Any:
    yield args


@pytest.mark.parametrize("method", [waiting, waiting_for_each])
@pytest.mark.parametrize("name", ["initial", "apply", "handle", "related_streams"])
def test_a_method_that_would_have_to_be_waited_for_is_refused_when_defined(name: str, method: Any) -> None:
    with pytest.raises(CommandMisdeclared, match=f"its '{name}' is async, and would not be waited for"):
        type("Async", (Deciding,), {"__annotations__": {"show": StreamId}, "handle": nothing, name: method})


SHOW, AB = StreamId("show-1"), StreamId("ab")


@pytest.mark.parametrize(
    "decided",
    [None, Opened(), (SHOW, Opened()), (AB, Opened()), [Opened()], {SHOW: Opened()}, [(SHOW, Opened(), 1)], "ab", 7],
    ids=repr,
)
def test_what_is_no_sequence_of_pairs_is_refused_with_a_word_on_what_to_return(decided: Any) -> None:
    @dataclass(frozen=True)
    class Returning(Deciding):
        show: StreamId

        def handle(self, state: None) -> Any:
            return decided

    async def main() -> None:
        store = MemoryStore()
        with pytest.raises(CommandMisdeclared, match=r"returned .*; it is to return a sequence of pairs of stream"):
            await execute(store, Returning(SHOW))
        assert await store.head() == 0

    run(main())
    with pytest.raises(CommandMisdeclared, match="it is to return a sequence of pairs"):
        given().when(Returning(SHOW))


def test_a_mistake_inside_of_handle_is_told_as_it_is() -> None:
    @dataclass(frozen=True)
    class Mistaken(Deciding):
        show: StreamId

        def handle(self, state: None) -> Any:
            yield self.show, Opened()
            yield self.show, int("one")

    with pytest.raises(ValueError, match="invalid literal"):
        given().when(Mistaken(SHOW))


def test_a_command_built_without_any_stream_is_refused() -> None:
    @dataclass(frozen=True)
    class Many(Deciding):
        rows: tuple[StreamId, ...]
        handle = nothing

    with pytest.raises(CommandMisdeclared, match="without any stream"):
        Many(())


class ShowId(StreamId):
    """A stream of a kind of its own."""


def test_a_stream_id_of_a_kind_of_its_own_is_a_stream() -> None:
    @dataclass(frozen=True)
    class Own(Deciding):
        show: ShowId
        others: tuple[ShowId, ...] = ()
        handle = nothing

    assert declared_streams(Own(ShowId("show-1"), (ShowId("show-2"),))) == ("show-1", "show-2")


@pytest.mark.parametrize("value", [StreamId("row-1"), (StreamId("row-1"),), [StreamId("row-1")], {StreamId("row-1")}])
def test_a_stream_in_a_field_that_declares_none_is_refused_when_built(value: Any) -> None:
    """It would neither be read nor be checked, and a write to it would be refused only much later."""
    with pytest.raises(CommandMisdeclared, match="'note' holds stream 'row-1', but does not declare it"):
        Seat(StreamId("show-1"), note=value)


@pytest.mark.parametrize("name", ["owner", "snapshot", "check_reads", "stream_fields", "handle", "related_streams"])
def test_a_field_that_hides_what_a_command_means_by_its_name_is_refused(name: str) -> None:
    """A dataclass would take what stands in the base class for the field's default, and nobody had to give it."""
    namespace = {"__annotations__": {"show": StreamId, name: str}, "__module__": __name__, "handle": nothing}
    with pytest.raises(CommandMisdeclared, match=f"a field '{name}' would hide"):
        type("Hiding", (Deciding,), namespace)


@dataclass(frozen=True)
class WithLater(Deciding):
    """An annotation that means something only further down."""

    show: StreamId
    LIMIT: ClassVar[Later | None] = None
    handle = nothing


class Later: ...


def test_a_class_variable_is_no_field_even_if_its_type_is_not_known_yet() -> None:
    assert WithLater.stream_fields == ("show",)
