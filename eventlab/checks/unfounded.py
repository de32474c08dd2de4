"""Results that tell of what nobody can have put there: no order explains one, so none need be looked for."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, NamedTuple

from ..history import Operation
from .models import event_of, hashable, value_of, written


def unfounded(model: str, initial: Any, operations: Sequence[Operation]) -> Operation | None:
    """The first of *operations* that found a value which was not there at first, and which none of them puts there.

    None if there is none. A counter can hold anything, so of its operations this tells nothing.
    """
    if model not in _KINDS:
        return None
    kind = _KINDS[model]
    there: set[Hashable] = set(map(hashable, kind.at_first(initial)))
    for each in operations:
        there.update(map(hashable, kind.puts(each)))
    for each in operations:
        if each.outcome == "ok" and any(hashable(value) not in there for value in kind.finds(each)):
            return each
    return None


def founders_of(model: str, operations: Iterable[Operation], finding: Operation) -> list[Operation]:
    """Those of *operations* that may have put there what *finding* found; none for a counter."""
    if model not in _KINDS:
        return []
    kind = _KINDS[model]
    found = set(map(hashable, kind.finds(finding)))
    return [each for each in operations if not found.isdisjoint(map(hashable, kind.puts(each)))]


class _Kind(NamedTuple):
    """What values a subject has at first, which ones an operation may put there, and which one that was ok found."""

    at_first: Callable[[Any], Iterable[Any]]
    puts: Callable[[Operation], Iterable[Any]]
    finds: Callable[[Operation], Iterable[Any]]


def _register_puts(operation: Operation) -> Iterable[Any]:
    return () if operation.operation == "read" else (written(operation),)


def _register_finds(operation: Operation) -> Iterable[Any]:
    return (value_of(operation.result),) if operation.operation == "read" else ()


def _set_puts(operation: Operation) -> Iterable[Any]:
    return (operation.value,) if operation.operation == "add" else ()


def _set_finds(operation: Operation) -> Iterable[Any]:
    found = value_of(operation.result)
    if operation.operation == "read":
        return _listed(found)
    return (operation.value,) if operation.operation in ("contains", "remove") and found is True else ()


def _queue_puts(operation: Operation) -> Iterable[Any]:
    return (operation.value,) if operation.operation == "enqueue" else ()


def _queue_finds(operation: Operation) -> Iterable[Any]:
    return (operation.result,) if operation.operation == "dequeue" and operation.result is not None else ()


def _stream_puts(operation: Operation) -> Iterable[Any]:
    return (event_of(operation)[0],) if operation.operation == "append" else ()


def _stream_finds(operation: Operation) -> Iterable[Any]:
    return _listed(value_of(operation.result)) if operation.operation == "read" else ()


def _listed(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list | tuple) else ()


_KINDS = {
    "register": _Kind(lambda initial: (initial,), _register_puts, _register_finds),
    "set": _Kind(_listed, _set_puts, _set_finds),
    "queue": _Kind(_listed, _queue_puts, _queue_finds),
    "stream": _Kind(_listed, _stream_puts, _stream_finds),
}
