"""A command: the streams it needs, how their events fold into a state, and what it decides on it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import ClassVar, Generic, TypeVar

from ..errors import CommandMisdeclared
from ..store import StoredEvent, StreamId
from .declaration import stream_fields

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
    """

    stream_fields: ClassVar[tuple[str, ...]] = ()
    """The names of the fields that declare streams."""

    check_reads: ClassVar[bool] = False
    """Whether the streams read are checked also when nothing is written, so that a refusal
    or a decision to do nothing never rests on a state that has passed."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.stream_fields = stream_fields(cls)
        # A class that decides nothing yet is a base for others, and may leave the streams to them.
        if not cls.stream_fields and cls.handle is not Command.handle:
            raise CommandMisdeclared(
                cls.__qualname__, "it declares no stream; annotate a field as StreamId or tuple[StreamId, ...]"
            )

    def __post_init__(self) -> None:
        """Checks the streams when a command is built. If you override it, call this one too."""
        declared_streams(self)

    @abstractmethod
    def initial(self) -> S:
        """The state before any event."""

    @abstractmethod
    def apply(self, state: S, stored: StoredEvent) -> S:
        """The state after one more event. Streams come one after the other, as they are declared."""

    @abstractmethod
    def handle(self, state: S) -> Iterable[tuple[str, object]]:
        """What to write, as pairs of stream and event; or raise Refused."""

    def related_streams(self, state: S) -> Iterable[StreamId]:
        """Streams that turn out to be needed, asked after each stream that was read. Known ones may be named again."""
        return ()


def declared_streams(command: Command[S]) -> tuple[StreamId, ...]:
    """The streams of *command*, in the order of its fields. Raises CommandMisdeclared."""
    cls = type(command)
    _check_frozen_dataclass(cls)
    streams: dict[StreamId, str] = {}
    for field in cls.stream_fields:
        value = getattr(command, field)
        for stream in value if isinstance(value, tuple) else (value,):
            if type(stream) is not StreamId and not isinstance(stream, StreamId):
                raise CommandMisdeclared(cls.__qualname__, f"field {field!r} holds {stream!r}, which is no StreamId")
            if stream in streams:
                raise CommandMisdeclared(
                    cls.__qualname__, f"stream {stream!r} is declared twice{_where(streams, stream, field)}"
                )
            streams[stream] = field
    if not streams:
        raise CommandMisdeclared(cls.__qualname__, "it was built without any stream")
    return tuple(streams)


def _where(streams: dict[StreamId, str], stream: StreamId, field: str) -> str:
    return f", as {streams[stream]!r} and as {field!r}" if streams[stream] != field else f" in {field!r}"


def _check_frozen_dataclass(cls: type) -> None:
    parameters = cls.__dict__.get("__dataclass_params__")
    if parameters is None or not parameters.frozen:
        raise CommandMisdeclared(cls.__qualname__, "it is no frozen dataclass; put @dataclass(frozen=True) above it")
