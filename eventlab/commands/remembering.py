"""Reading on from a kept state: the fold of one stream, remembered up to some event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, TypeVar, cast

from .. import hooks
from ..codec import EVENTS
from ..errors import CommandMisdeclared
from ..store import EventStore, StoredEvent, StreamId
from ..store.snapshots import Found, Snapshots, StateShape, lineages_of
from .command import Command
from .reading import Reading
from .snapshot import Snapshot

S = TypeVar("S")


class RememberingReading(Reading[S]):
    """Reads what came after the kept state, or everything where none can be believed."""

    def __init__(
        self, command: Command[S], declared: Sequence[StreamId], snapshot: Snapshot, shape: StateShape[S]
    ) -> None:
        super().__init__(command, declared, cast("Command[S]", Fold(command)))
        (self._stream,) = declared
        self._snapshot, self._shape = snapshot, shape
        self._found: Found[S] = Found()
        self._events: Sequence[StoredEvent] = ()
        self._lineages: dict[str, str] = {}
        self._to_keep: bytes | Exception | None = None

    async def read(self, store: EventStore) -> None:
        """Read the stream on from what is kept of it."""
        stream = self._stream
        self._found = found = await Snapshots(store.records, self._shape).find(stream)
        if found.believed:
            # From the event before: whether the state ends with it, tells whether this is the stream that it is of.
            events = (await store.read_many([stream], after={stream: found.version - 1}))[stream]
            if found.continued_by(events):
                self.state = cast(S, found.state)
                self._go_on(events[1:], found.version)
                return
            self._found = Found(found.record)
        self._go_on((await store.read_many([stream]))[stream], 0)

    def decide(self) -> tuple[tuple[str, object], ...]:
        """As elsewhere; what is to be kept is written down before, for a `handle` may change the state it is given."""
        if self._is_due() and not self._is_personal():
            try:
                self._to_keep = self._shape.encode(self.state)
            except Exception as error:  # told when it would be kept
                self._to_keep = error
        return super().decide()

    async def keep(self, store: EventStore) -> None:
        """Keep the state if it is time. Whatever goes wrong with that is told, and is nobody's trouble."""
        try:
            kept = await self._keep(store)
        except Exception as error:  # the command has been executed, and says so
            if hooks.listening:
                reason = f"{type(error).__name__}: {error}"
                hooks.emit(hooks.SnapshotNotTaken(store.name, self._shape.name, self._stream, self._version, reason))
            return
        if kept and hooks.listening:
            hooks.emit(hooks.SnapshotTaken(store.name, self._shape.name, self._stream, self._version))

    @property
    def _version(self) -> int:
        return self.versions[str(self._stream)]

    async def _keep(self, store: EventStore) -> bool:
        found = self._found
        snapshots = Snapshots(store.records, self._shape)
        if self._is_personal():
            # What is erased from the log must not live on in a state; one from before its type was personal goes.
            if found.record and not found.believed:
                await snapshots.drop(self._stream, found)
            return False
        if isinstance(self._to_keep, Exception):
            raise self._to_keep
        if self._to_keep is None:
            return False
        await snapshots.keep(self._stream, self._to_keep, self._events[-1], self._lineages, found)
        return True

    def _is_due(self) -> bool:
        return len(self._events) >= self._snapshot.every and self._version >= self._found.version

    def _is_personal(self) -> bool:
        return any(map(EVENTS.is_personal, self._lineages))

    def _go_on(self, events: Sequence[StoredEvent], version: int) -> None:
        self._events = events
        self._fold(self._stream, events)
        # Now, for nothing has been awaited since they were decoded: a schema may change before the state is kept.
        self._lineages = lineages_of({*self._found.types, *(stored.type for stored in events)})
        self.versions[str(self._stream)] = version + len(events)


def reading_of(command: Command[S], declared: Sequence[StreamId]) -> Reading[S]:
    """How *command* reads: from the beginning, or on from a kept state."""
    if command.snapshot is None or command.snapshot_shape is None:
        return Reading(command, declared)
    return RememberingReading(command, declared, command.snapshot, command.snapshot_shape)


class Fold:
    """A command that can `initial` and `apply`, but whose fields nobody can see.

    A kept state is used by commands with other fields than the one that folded
    it. A fold that looked at them would come to different states, and so it
    raises CommandMisdeclared instead.
    """

    __slots__ = ("_cls",)

    def __init__(self, command: Command[Any]) -> None:
        self._cls = type(command)

    @property  # type: ignore[misc]  # that super() works in its methods takes no setter
    def __class__(self) -> type:
        return self._cls

    def __getattr__(self, name: str) -> Any:
        cls = self._cls
        if any(field.name == name for field in fields(cls)):  # type: ignore[arg-type]  # it is a dataclass
            raise CommandMisdeclared(
                cls.__qualname__,
                f"its state is kept, so `initial` and `apply` may use nothing but state and event; they use {name!r}",
            )
        for base in cls.__mro__:
            if name in vars(base):
                found = vars(base)[name]
                bind = getattr(type(found), "__get__", None)
                return found if bind is None else bind(found, self, cls)
        raise AttributeError(f"{cls.__qualname__} has no {name!r}")
