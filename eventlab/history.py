"""The history of a run: what happened, when and where, as plain records in one file.

An :class:`Entry` is one happening with its time and node. An
:class:`Operation` pairs an invocation with its end, as checkers want it:
``ok``, ``failed`` (it did nothing) or ``unknown`` (it may have happened, and
may still happen later).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import msgspec

from . import hooks
from .errors import InvalidValue
from .hooks import Happening

AnyHappening: TypeAlias = (
    hooks.OperationInvoked
    | hooks.OperationEnded
    | hooks.Observed
    | hooks.EventsAppended
    | hooks.CommandAttempted
    | hooks.CallStarted
    | hooks.CallEnded
    | hooks.BreakerChanged
    | hooks.BreakerCounted
    | hooks.SagaMoved
    | hooks.MessageSent
    | hooks.MessageArrived
    | hooks.MessageLost
    | hooks.NodeChanged
    | hooks.FaultBegan
    | hooks.FaultEnded
    | hooks.LeaseChanged
    | hooks.EventParked
    | hooks.SubscriptionResumed
    | hooks.SnapshotTaken
    | hooks.SnapshotNotTaken
    | hooks.ProjectionAdvanced
    | hooks.ProjectionStopped
    | hooks.ProjectionRebuilt
)

H = TypeVar("H", bound=Happening)


class Entry(msgspec.Struct, frozen=True):
    """One happening: *at* in seconds since the run began, on *node*."""

    at: float
    node: str
    what: AnyHappening


class Operation(msgspec.Struct, frozen=True):
    """What one client asked and got. *ended* is None while the outcome is ``unknown`` for want of an end."""

    process: str
    operation: str
    subject: str
    invoked: float
    value: Any
    outcome: str
    ended: float | None = None
    result: Any = None


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Entry)


def to_lines(entries: Iterable[Entry]) -> bytes:
    """JSON Lines, one entry each, times rounded to the microsecond."""
    return _encoder.encode_lines(Entry(round(entry.at, 6), entry.node, entry.what) for entry in entries)


def from_lines(data: bytes, where: str = "history") -> list[Entry]:
    """The entries of a JSON Lines text. Raises InvalidValue that names the line that is none."""
    entries = []
    for number, line in enumerate(data.splitlines(), start=1):
        try:
            entries.append(_decoder.decode(line))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InvalidValue(f"{where}, line {number}", line[:60].decode(errors="replace"), str(error)) from None
    return entries


def read(path: Path) -> list[Entry]:
    """The entries of a history file."""
    return from_lines(path.read_bytes(), path.name)


def of_kind(entries: Iterable[Entry], kind: type[H]) -> Iterator[tuple[Entry, H]]:
    """The entries that hold a *kind* of happening, each with the happening itself."""
    for entry in entries:
        if isinstance(entry.what, kind):
            yield entry, entry.what


def operations(entries: Iterable[Entry]) -> list[Operation]:
    """Invocations paired with their ends, in the order of invocation. No end means unknown."""
    open_: dict[int, Operation] = {}
    for entry in entries:
        if isinstance(entry.what, hooks.OperationInvoked):
            begun = entry.what
            open_[begun.id] = Operation(begun.process, begun.operation, begun.subject, entry.at, begun.value, "unknown")
        elif isinstance(entry.what, hooks.OperationEnded) and entry.what.id in open_:
            ended = entry.what
            open_[ended.id] = msgspec.structs.replace(
                open_[ended.id], outcome=ended.outcome, ended=entry.at, result=ended.value
            )
    return list(open_.values())
