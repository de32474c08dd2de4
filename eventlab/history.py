"""The history of a run: what happened, when and where, as plain records in one file.

An :class:`Entry` is one happening with its time and node. An
:class:`Operation` pairs an invocation with its end, as checkers want it:
``ok``, ``failed`` (it did nothing) or ``unknown`` (it may have happened, and
may still happen later). Record your own with :func:`operation`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count
from math import isfinite
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias, TypeVar
from weakref import WeakKeyDictionary

import msgspec
from msgspec.structs import replace

from . import hooks, runtime
from .errors import InvalidValue, Refused, Retriable
from .hooks import Happening

AnyHappening: TypeAlias = (
    hooks.OperationInvoked
    | hooks.OperationLate
    | hooks.OperationEnded
    | hooks.Observed
    | hooks.StorageOperated
    | hooks.Drawn
    | hooks.StorageChanged
    | hooks.EventsAppended
    | hooks.CommandAttempted
    | hooks.CallStarted
    | hooks.CallEnded
    | hooks.CallRejected
    | hooks.RetryScheduled
    | hooks.RetryGivenUp
    | hooks.HedgeSent
    | hooks.FallbackUsed
    | hooks.BreakerChanged
    | hooks.BreakerCounted
    | hooks.SagaMoved
    | hooks.SagaParked
    | hooks.MessageSent
    | hooks.MessageArrived
    | hooks.MessageDuplicated
    | hooks.MessageHeldBack
    | hooks.MessageLost
    | hooks.NodeChanged
    | hooks.ClockChanged
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
    | hooks.CommandBegan
    | hooks.CommandEnded
    | hooks.StreamsDiscovered
    | hooks.TurnCame
    | hooks.HandlingBegan
    | hooks.HandlingEnded
    | hooks.SagaDriven
    | hooks.SagaLeft
    | hooks.StepBegan
    | hooks.StepEnded
    | hooks.SpanEnded
)

H = TypeVar("H", bound=Happening)


OUTCOMES = ("ok", "failed", "unknown")
"""How an operation may end: done, certainly not done, or nobody knows."""


class Entry(msgspec.Struct, frozen=True):
    """One happening: *at* in seconds since the run began, on *node*."""

    at: float
    node: str
    what: AnyHappening


class Operation(msgspec.Struct, frozen=True):
    """What one client asked and got. *ended* is None while the outcome is ``unknown`` for want of an end.

    It was meant to be asked *late_s* before it was *invoked*; latency counts from there. *places* say where in a record
    its invocation and its end stand, counted from 1, the end as 0 without one: at one moment they tell what came first.

    Raises InvalidValue for another outcome than `OUTCOMES`, for a time that is no finite number, for an end before the
    invocation, also by its *places*, and for ``ok`` without an end.
    """

    process: str
    operation: str
    subject: str
    invoked: float
    value: Any
    outcome: str
    ended: float | None = None
    result: Any = None
    late_s: float = 0.0
    places: tuple[int, int] | msgspec.UnsetType = msgspec.UNSET

    def __post_init__(self) -> None:
        if self.outcome not in OUTCOMES:
            raise InvalidValue(f"outcome of {self._name()}", self.outcome, f"one of {', '.join(OUTCOMES)}")
        if not _is_moment(self.invoked):
            raise InvalidValue(f"invoked of {self._name()}", self.invoked, "a moment in seconds, as a finite number")
        if self.ended is None:
            if self.outcome == "ok":
                raise InvalidValue(f"ended of {self._name()}", None, "when it ended, since its outcome is known")
        elif not _is_moment(self.ended) or self.ended < self.invoked:
            expected = f"a moment not before {self.invoked:g}, its invocation"
            raise InvalidValue(f"ended of {self._name()}", self.ended, expected)
        if isinstance(self.places, tuple) and not (0 < self.places[0] < (self.places[1] or self.places[0] + 1)):
            raise InvalidValue(f"places of {self._name()}", self.places, "two from 1 that rise, or 0 without an end")

    def _name(self) -> str:
        return f"{self.operation} on {self.subject!r} by {self.process}"

    @property
    def latency_s(self) -> float | None:
        """From when it was meant to be asked to its end; None without one."""
        return None if self.ended is None else self.ended - self.invoked + self.late_s


def _is_moment(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


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
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise InvalidValue(f"{where}, line {number}", line[:60].decode(errors="replace"), str(error)) from None
    return entries


def read(path: Path | str) -> list[Entry]:
    """The entries of a history file."""
    file = Path(path)
    return from_lines(file.read_bytes(), file.name)


def of_kind(entries: Iterable[Entry], kind: type[H]) -> Iterator[tuple[Entry, H]]:
    """The entries that hold a *kind* of happening, each with the happening itself."""
    for entry in entries:
        if isinstance(entry.what, kind):
            yield entry, entry.what


def operations(entries: Iterable[Entry]) -> list[Operation]:
    """Invocations paired with their ends, in the order of invocation, with their places among *entries*.

    No end means unknown. An end without its invocation is left out: a record that begins late has such. Raises
    InvalidValue, with the place, for a record that is damaged: an id that is invoked twice, or that ends twice, at a
    moment before it was invoked, or with an outcome that is none.
    """
    begun: dict[int, Operation] = {}
    for place, entry in enumerate(entries, start=1):
        try:
            if isinstance(entry.what, hooks.OperationInvoked):
                _begin(begun, place, entry.at, entry.what)
            elif isinstance(entry.what, hooks.OperationLate) and entry.what.id in begun:
                begun[entry.what.id] = replace(begun[entry.what.id], late_s=entry.what.late_s)
            elif isinstance(entry.what, hooks.OperationEnded) and entry.what.id in begun:
                begun[entry.what.id] = _ended(begun[entry.what.id], place, entry.at, entry.what)
        except InvalidValue as error:
            raise InvalidValue(f"entry {place}: {error.name}", error.value, error.expected) from None
    return list(begun.values())


def _begin(begun: dict[int, Operation], place: int, at: float, what: hooks.OperationInvoked) -> None:
    if what.id in begun:
        expected = f"an id of its own, since entry {_places(begun[what.id])[0]} has invoked that one"
        raise InvalidValue("id of an invoked operation", what.id, expected)
    begun[what.id] = Operation(what.process, what.operation, what.subject, at, what.value, "unknown", places=(place, 0))


def _ended(operation: Operation, place: int, at: float, what: hooks.OperationEnded) -> Operation:
    begun_place, ended_place = _places(operation)
    if ended_place:
        expected = f"one end of each, and entry {ended_place} has ended that one"
        raise InvalidValue("id of an ended operation", what.id, expected)
    return replace(operation, outcome=what.outcome, ended=at, result=what.value, places=(begun_place, place))


def _places(operation: Operation) -> tuple[int, int]:
    return operation.places if isinstance(operation.places, tuple) else (0, 0)


_numbers: WeakKeyDictionary[runtime.Runtime, Iterator[int]] = WeakKeyDictionary()
"""The next id of an operation: counted from 1 in each world, whether or not anybody listens."""


LATE_S = 0.001
"""What is less late than this is in time: latencies are shown in milliseconds."""


class operation:
    """Record an operation of *process* on *subject*: its invocation now, and how it ends when the block does.

    ``with operation("client-1", "write", "x", 3) as op: ...``, or ``async with``. Say the answer by
    ``op.returns(value)``. The block's error says the outcome, and is passed on: a `Refused` or a
    `Retriable` promises that nothing happened, so the operation *failed*; after anything else, a
    timeout and a cancellation included, it is *unknown*. A node that crashes inside the block leaves
    the operation without an end. Where you know better, say so by ``op.fails(why)`` or ``op.stays_unknown(why)``.

    *meant_s* is the moment on `runtime.monotonic()` at which it was to begin, where that is not now: the history then
    tells by how much it is late.

    Values must be what JSON gives back equal: raises InvalidValue for tuples, NaN or objects.
    """

    def __init__(
        self, process: str, name: str, subject: str, value: Any = None, *, meant_s: float | None = None
    ) -> None:
        self.outcome, self.value, self._meant_s = "ok", None, meant_s
        self._invocation = (process, name, subject, _as_json(f"value of {name} {subject!r}", value))
        self._is_said = False

    def returns(self, value: Any) -> None:
        """It succeeded with that answer."""
        self._say("ok", _as_json("result of an operation", value))

    def fails(self, why: Any = None) -> None:
        """It certainly did nothing, whatever is raised."""
        self._say("failed", _as_json("reason of a failed operation", why))

    def stays_unknown(self, why: Any = None) -> None:
        """It may have happened, whatever is raised."""
        self._say("unknown", _as_json("reason of an unknown operation", why))

    def __enter__(self) -> operation:
        here = runtime.current()
        numbers = _numbers.get(here)
        if numbers is None:
            numbers = _numbers[here] = count(1)
        self._id = next(numbers)
        if hooks.listening:
            hooks.emit(hooks.OperationInvoked(self._id, *self._invocation))
            late_s = 0.0 if self._meant_s is None else runtime.monotonic() - self._meant_s
            if late_s > LATE_S:
                hooks.emit(hooks.OperationLate(self._id, late_s))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(error, GeneratorExit):
            return  # nobody lives to hear how it ended
        if error is not None and (not self._is_said or self.outcome == "ok"):
            promised = isinstance(error, Refused | Retriable)
            self._say("failed" if promised else "unknown", str(error) or type(error).__name__)
        if hooks.listening:
            hooks.emit(hooks.OperationEnded(self._id, self.outcome, self.value))

    async def __aenter__(self) -> operation:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, traceback)

    def _say(self, outcome: str, value: Any) -> None:
        self.outcome, self.value, self._is_said = outcome, value, True


def _as_json(field: str, value: Any) -> Any:
    """*value*, if a history that was written to a file gives it back equal."""
    try:
        found = msgspec.json.decode(_encoder.encode(value))
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise InvalidValue(field, value, f"what JSON can hold; {error}") from None
    if found != value:
        raise InvalidValue(field, value, f"what JSON gives back equal; this came back as {found!r}")
    return value
