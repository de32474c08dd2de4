"""What a subject is by itself, with one client at a time: registers, counters, sets, queues and streams.

A model answers what an operation leads to from a state, or that it cannot have happened there. States are small
hashable values, equal exactly when nothing later can tell them apart.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any, Protocol

from ..errors import InvalidValue
from ..history import Operation

State = Hashable


class Model(Protocol):
    """The meaning of operations on one subject. *operations* are those it knows."""

    operations: tuple[str, ...]
    initial: State
    repeatable: bool
    """Whether an operation may be thought of as done any number of times without making ever new states."""

    def step(self, state: State, operation: Operation) -> State | None:
        """The state after *operation*, or None where it cannot give that result."""

    def only_reads(self, operation: Operation) -> bool:
        """Whether it never changes the state, whatever that is."""

    def useful(self, candidates: Sequence[Operation], certain: Sequence[Operation]) -> list[Operation]:
        """Those of *candidates*, which need not have happened, that could help to explain what is *certain*."""


def hashable(value: Any) -> Hashable:
    """A JSON value as one that can be compared and hashed; 1 and true stay two things."""
    if isinstance(value, bool):
        return ("bool", value)
    if isinstance(value, list | tuple):
        return ("list", *map(hashable, value))
    if isinstance(value, dict):
        return ("dict", *((key, hashable(value[key])) for key in sorted(value)))
    return value  # type: ignore[no-any-return]


class Register:
    """``read``, ``write`` and ``cas`` (value ``[expected, new]``; a result of false says that it found another)."""

    operations: tuple[str, ...] = ("read", "write", "cas")
    repeatable = True

    def __init__(self, initial: Any = None) -> None:
        self.initial: State = ("value", hashable(initial))

    def step(self, state: State, operation: Operation) -> State | None:
        if operation.operation == "read":
            return state if state == _held(value_of(operation.result)) else None
        if operation.operation == "write":
            return _held(operation.value)
        expected, new = _pair(operation)
        if operation.result is False:
            return None if state == _held(expected) else state
        return _held(new) if state == _held(expected) else None

    def only_reads(self, operation: Operation) -> bool:
        return operation.operation == "read" or (operation.operation == "cas" and operation.result is False)

    def useful(self, candidates: Sequence[Operation], certain: Sequence[Operation]) -> list[Operation]:
        if any(each.operation == "cas" and each.result is False for each in certain):
            return list(candidates)  # any other value explains it
        seen = {_held(value_of(each.result)) for each in certain if each.operation == "read"}
        seen.update(_held(_pair(each)[0]) for each in (*candidates, *certain) if each.operation == "cas")
        return [each for each in candidates if _held(written(each)) in seen]


def value_of(result: Any) -> Any:
    """What a read found. A result of ``{"value": …, "version": …}`` tells the version beside it."""
    return result["value"] if isinstance(result, dict) and result.keys() == {"value", "version"} else result


def _held(value: Any) -> State:
    return ("value", hashable(value))


def _pair(operation: Operation) -> tuple[Any, Any]:
    value = operation.value
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise InvalidValue(f"the value of cas on {operation.subject!r}", value, "[expected, new]")
    return value[0], value[1]


def written(operation: Operation) -> Any:
    """What a write or a cas puts into a register, if it does."""
    return _pair(operation)[1] if operation.operation == "cas" else operation.value


class Counter:
    """``add`` (its result, if it is a number, is the new sum) and ``read``."""

    operations: tuple[str, ...] = ("add", "read")
    repeatable = False

    def __init__(self, initial: Any = None) -> None:
        self.initial: State = _number("the initial value of a counter", 0 if initial is None else initial)

    def step(self, state: State, operation: Operation) -> State | None:
        assert isinstance(state, int | float)
        told = value_of(operation.result)
        if operation.operation == "read":
            return state if state == hashable(told) else None
        after = state + _number(f"the value of add on {operation.subject!r}", operation.value)
        return after if not _is_number(told) or told == after else None

    def only_reads(self, operation: Operation) -> bool:
        return operation.operation == "read"

    def useful(self, candidates: Sequence[Operation], certain: Sequence[Operation]) -> list[Operation]:
        return list(candidates) if certain else []


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(name: str, value: Any) -> int | float:
    if not _is_number(value):
        raise InvalidValue(name, value, "a number")
    return value  # type: ignore[no-any-return]


def _at_first(thing: str, initial: Any) -> Sequence[Any]:
    """What a *thing* that holds several values holds before the first operation; nothing, if nothing is said."""
    if not isinstance(initial, list | tuple | None):
        raise InvalidValue(f"the initial value of a {thing}", initial, "a list of what it holds")
    return initial or ()


class Set:
    """``add``, ``remove`` and ``contains`` of one value; ``read`` gives all of them as a list, each once.

    If the result of an add is true or false, it says whether the value was new; that of a remove, whether it was there.
    """

    operations: tuple[str, ...] = ("add", "remove", "contains", "read")
    repeatable = True

    def __init__(self, initial: Any = None) -> None:
        self._bits: dict[Hashable, int] = {}
        self.initial: State = self._mask(_at_first("set", initial))

    def step(self, state: State, operation: Operation) -> State | None:
        assert isinstance(state, int)
        told = value_of(operation.result)
        if operation.operation == "read":
            mask = self._mask(told)
            return state if state == mask and len(told) == mask.bit_count() else None
        bit = self._mask([operation.value])
        was_there = bool(state & bit)
        if operation.operation == "contains":
            if told not in (True, False, None):
                raise InvalidValue(f"the result of contains on {operation.subject!r}", told, "true or false")
            return state if was_there is bool(told) else None
        if isinstance(told, bool) and told is not (was_there if operation.operation == "remove" else not was_there):
            return None
        return state | bit if operation.operation == "add" else state & ~bit

    def only_reads(self, operation: Operation) -> bool:
        return operation.operation in ("contains", "read")

    def useful(self, candidates: Sequence[Operation], certain: Sequence[Operation]) -> list[Operation]:
        if any(each.operation == "read" for each in certain):
            return list(candidates)
        asked = {hashable(each.value) for each in certain}
        return [each for each in candidates if each.operation != "read" and hashable(each.value) in asked]

    def _mask(self, values: Any) -> int:
        if not isinstance(values, list | tuple):
            raise InvalidValue("the values of a set", values, "a list")
        mask = 0
        for value in values:
            mask |= 1 << self._bits.setdefault(hashable(value), len(self._bits))
        return mask


class Queue:
    """``enqueue`` of what is not null, and ``dequeue``, first in first out; one whose result is null found nothing."""

    operations: tuple[str, ...] = ("enqueue", "dequeue")
    repeatable = False

    def __init__(self, initial: Any = None) -> None:
        self.initial: State = tuple(map(hashable, _at_first("queue", initial)))

    def step(self, state: State, operation: Operation) -> State | None:
        assert isinstance(state, tuple)
        if operation.operation == "enqueue":
            if operation.value is None:
                raise InvalidValue(f"the value of enqueue on {operation.subject!r}", None, "a value that is not null")
            return (*state, hashable(operation.value))
        if operation.outcome != "ok":
            return state[1:]  # nobody knows what it took
        if operation.result is None:
            return None if state else state
        return state[1:] if state and state[0] == hashable(operation.result) else None

    def only_reads(self, operation: Operation) -> bool:
        return operation.operation == "dequeue" and operation.outcome == "ok" and operation.result is None

    def useful(self, candidates: Sequence[Operation], certain: Sequence[Operation]) -> list[Operation]:
        return list(candidates) if certain else []


class Stream:
    """``append`` of one event and ``read``.

    The value of an append is the event, or ``{"event": …, "expected": version}``; its result, if it is a number, is
    the event's version. A read gives the events as a list, or the version as a number.
    """

    operations: tuple[str, ...] = ("append", "read")
    repeatable = False

    def __init__(self, initial: Any = None) -> None:
        self._longer: dict[tuple[int, Hashable], int] = {}
        self._versions = [0]
        self._known: dict[int, tuple[Operation, int]] = {}
        self.initial: State = self._after(0, _at_first("stream", initial))

    def step(self, state: State, operation: Operation) -> State | None:
        assert isinstance(state, int)
        version, told = self._versions[state], value_of(operation.result)
        if operation.operation == "read":
            if isinstance(told, list | tuple):
                return state if state == self._found(operation) else None
            return state if version == _number(f"the result of read on {operation.subject!r}", told) else None
        event, expected = event_of(operation)
        if expected is not None and expected != version:
            return None
        if isinstance(told, int) and not isinstance(told, bool) and told != version + 1:
            return None
        return self._after(state, [event])

    def only_reads(self, operation: Operation) -> bool:
        return operation.operation == "read"

    def useful(self, candidates: Sequence[Operation], certain: Sequence[Operation]) -> list[Operation]:
        reads = [value_of(each.result) for each in certain if each.operation == "read"]
        if len(reads) < len(certain) or not all(isinstance(result, list | tuple) for result in reads):
            return list(candidates) if certain else []
        seen = {hashable(event) for result in reads for event in result}
        return [each for each in candidates if hashable(event_of(each)[0]) in seen]

    def _found(self, operation: Operation) -> int:
        """The state in which that read gives its list, worked out once."""
        known = self._known.get(id(operation))
        if known is None:
            known = self._known[id(operation)] = operation, self._after(0, value_of(operation.result))
        return known[1]

    def _after(self, state: int, events: Iterable[Any]) -> int:
        for event in events:
            step = state, hashable(event)
            state = self._longer.get(step, 0)
            if not state:
                state = self._longer[step] = len(self._versions)
                self._versions.append(self._versions[step[0]] + 1)
        return state


def event_of(operation: Operation) -> tuple[Any, int | None]:
    """What an append writes, and the version it expects, if it does."""
    value = operation.value
    if isinstance(value, dict) and value.keys() == {"event", "expected"}:
        return value["event"], value["expected"]
    return value, None


MODELS: dict[str, type[Register | Counter | Set | Queue | Stream]] = {
    "register": Register,
    "counter": Counter,
    "stream": Stream,
    "set": Set,
    "queue": Queue,
}


def model_named(name: str, initial: Any = None) -> Model:
    """A model of its own for one subject. Raises InvalidValue for a name that is none."""
    if name not in MODELS:
        raise InvalidValue("model", name, f"one of {', '.join(MODELS)}")
    return MODELS[name](initial)
