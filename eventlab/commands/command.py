"""A command: the streams it needs, how their events fold into a state, and what it decides on it."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import fields
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from ..errors import CommandMisdeclared, InvalidValue
from ..store import Owner, StoredEvent, StreamId
from ..store.snapshots import StateShape
from .declaration import stream_fields, type_argument
from .snapshot import Snapshot, shape_of

S = TypeVar("S")


class Command(ABC, Generic[S]):
    """An order to be decided on a state *S*; derive a frozen dataclass from it.

    Its fields annotated `StreamId` or `tuple[StreamId, ...]` are its streams:
    those it reads, and the only ones it may write. The methods are pure: they
    may run several times for one command, since after a conflict everything is
    read, folded and decided again. Time, chance and ids come in as fields.

    ::

        @dataclass(frozen=True)
        class Reserve(Command[int]):
            show: StreamId
            seats: int

            def initial(self) -> int:
                return 0

            def apply(self, state: int, stored: StoredEvent) -> int:
                return state + stored.event.count

            def handle(self, state: int) -> Iterable[tuple[str, object]]:
                if state + self.seats > 100:
                    raise Refused("sold_out", f"only {100 - state} seats are left")
                return [(self.show, SeatsReserved(self.seats))]

    What is wrong with a declaration raises CommandMisdeclared when the class
    is defined, or when the command is built.
    """

    stream_fields: ClassVar[tuple[str, ...]] = ()
    """The names of the fields that declare streams."""

    owner: ClassVar[Owner | None] = None
    """Whose streams it may declare and discover. Those of others raise ForeignStreamError, when it is built."""

    check_reads: ClassVar[bool] = False
    """Whether the streams read are checked also when nothing is written, so that a refusal
    or a decision to do nothing never rests on a state that has passed."""

    snapshot: ClassVar[Snapshot | None] = None
    """How its state is kept, so that not every event has to be folded each time; None: not at all."""

    snapshot_shape: ClassVar[StateShape[Any] | None] = None
    """How a state of its kind becomes JSON; made from `snapshot`."""

    _other_fields: ClassVar[tuple[str, ...]]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        _check_methods(cls)
        declared = stream_fields(cls, _RESERVED)
        cls.stream_fields = tuple(declared)
        if cls.owner is not None and not isinstance(cls.owner, Owner):
            raise CommandMisdeclared(cls.__qualname__, f"its owner is {cls.owner!r}, which is no Owner")
        # A class that decides nothing yet is a base for others, and may leave the streams to them.
        if cls.handle is Command.handle:
            return
        if not declared:
            raise CommandMisdeclared(
                cls.__qualname__, "it declares no stream; annotate a field as StreamId or tuple[StreamId, ...]"
            )
        discovers = cls.related_streams is not Command.related_streams
        cls.snapshot_shape = shape_of(cls, tuple(declared.values()), discovers, type_argument(cls, Command))

    if not TYPE_CHECKING:  # a type checker is to see the one that the dataclass gets

        def __init__(self, *args: Any, **options: Any) -> None:
            """Of a class that is no dataclass: the decorator puts another in its place."""
            _other_fields(type(self))

    def __post_init__(self) -> None:
        """Checks the streams when a command is built. If you override it, call this one too."""
        declared_streams(self)

    @abstractmethod
    def initial(self) -> S:
        """The state before any event."""

    @abstractmethod
    def apply(self, state: S, stored: StoredEvent) -> S:
        """The state after one more event. Streams come one after the other, as they are declared.

        What archived a stream is not among them.
        """

    @abstractmethod
    def handle(self, state: S) -> Iterable[tuple[str, object]]:
        """What to write, as pairs of stream and event; nothing, as an empty sequence. Or raise Refused."""

    def related_streams(self, state: S) -> Iterable[StreamId]:
        """Streams that turn out to be needed, asked after each stream that was read. Known ones may be named again."""
        return ()


_METHODS = ("initial", "apply", "handle", "related_streams")


def _check_methods(cls: type[Command[Any]]) -> None:
    """Refuse methods that nobody would wait for, and a way to be built that checks nothing."""
    for name in _METHODS:
        method = getattr(cls, name)
        if inspect.iscoroutinefunction(method) or inspect.isasyncgenfunction(method):
            raise CommandMisdeclared(
                cls.__qualname__,
                f"its {name!r} is async, and would not be waited for; make it a plain `def`, and bring what it "
                f"would wait for in fields",
            )
    if "__init__" in vars(cls) and "__dataclass_params__" not in vars(cls):  # slots=True makes the class a second time
        raise CommandMisdeclared(
            cls.__qualname__,
            "it has an __init__ of its own, so its streams would not be checked when it is built; "
            "leave that to @dataclass(frozen=True)",
        )


_RESERVED = frozenset(name for name in vars(Command) if not name.startswith("_"))


def declared_streams(command: Command[S]) -> tuple[StreamId, ...]:
    """The streams of *command*, in the order of its fields. Raises CommandMisdeclared and ForeignStreamError.

    Looked at once, when it is built: a command is not changed afterwards.
    """
    try:
        found: tuple[StreamId, ...] | None = command.__dict__.get("_declared")
    except AttributeError:  # a number, say
        found = None
    if found is None:
        found = command.__dict__["_declared"] = _declared(command)
    return found


def _declared(command: Command[S]) -> tuple[StreamId, ...]:
    if not isinstance(command, Command):
        raise InvalidValue("command", command, "a command that was built, as Reserve(show, 2)")
    cls = type(command)
    others = cls.__dict__.get("_other_fields")
    if others is None:
        others = cls._other_fields = _other_fields(cls)
    streams: dict[StreamId, str] = {}
    for field in cls.stream_fields:
        value = getattr(command, field)
        for stream in value if isinstance(value, tuple) else (value,):
            if type(stream) is not StreamId and not isinstance(stream, StreamId):
                raise CommandMisdeclared(
                    cls.__qualname__, f"field {field!r} holds {stream!r}, which is no StreamId{_instead(stream)}"
                )
            if stream in streams:
                raise CommandMisdeclared(
                    cls.__qualname__, f"stream {stream!r} is declared twice{_where(streams, stream, field)}"
                )
            if cls.owner is not None:
                cls.owner.check(stream)
            streams[stream] = field
    for field in others:
        _check_holds_no_stream(command, field)
    if not streams:
        raise CommandMisdeclared(cls.__qualname__, "it was built without any stream")
    return tuple(streams)


def _instead(given: object) -> str:
    if isinstance(given, (list, set, frozenset)):
        return "; give it a tuple of them"
    return f"; say StreamId({given!r})" if isinstance(given, str) else ""


def _where(streams: dict[StreamId, str], stream: StreamId, field: str) -> str:
    return f", as {streams[stream]!r} and as {field!r}" if streams[stream] != field else f" in {field!r}"


def _other_fields(cls: type[Command[Any]]) -> tuple[str, ...]:
    """The fields that hold no streams. Raises CommandMisdeclared for a class that is no frozen dataclass."""
    parameters = cls.__dict__.get("__dataclass_params__")
    if parameters is None or not parameters.frozen:
        raise CommandMisdeclared(cls.__qualname__, "it is no frozen dataclass; put @dataclass(frozen=True) above it")
    return tuple(field.name for field in fields(cls) if field.name not in cls.stream_fields)  # type: ignore[arg-type]  # it is one


def _check_holds_no_stream(command: Command[Any], field: str) -> None:
    """A stream in a field that does not declare it would neither be read nor be checked."""
    value = getattr(command, field, None)
    if isinstance(value, (tuple, list, set, frozenset)):
        value = next(iter(value), None)
    if isinstance(value, StreamId):
        raise CommandMisdeclared(
            type(command).__qualname__,
            f"field {field!r} holds stream {value!r}, but does not declare it; annotate it as StreamId or "
            f"tuple[StreamId, ...], or give it plain text, str(stream)",
        )
