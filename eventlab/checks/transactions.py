"""What transactions read and wrote, as ``(stream, version)``: literal, or taken from operations.

Streams give the order of versions for free: 1, 2, 3… without gaps, and 0 is a stream that is not there yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from ..errors import InvalidValue
from ..history import OUTCOMES, Operation


class Transaction(msgspec.Struct, frozen=True):
    """What one transaction read and wrote, and whether it took effect.

    A stream is read whole: who *reads* ``("a", 5)`` has seen its events 1 to 5. Every event that it *writes* is named
    by its own version. *began* and *ended* are in seconds; None is a time that nobody noted. A *failed* transaction
    took no effect. Whether an *unknown* one did, is told by what others read. *unplaced* are the streams in
    which it wrote at a version that nobody noted. Raises InvalidValue for what is no pair of stream and
    version, a version that is negative or no whole number, another outcome, and an end before the beginning.
    """

    name: str
    reads: tuple[tuple[str, int], ...] = ()
    writes: tuple[tuple[str, int], ...] = ()
    outcome: str = "ok"
    process: str = ""
    began: float | None = None
    ended: float | None = None
    unplaced: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.outcome not in OUTCOMES:
            raise InvalidValue(f"outcome of {self.name}", self.outcome, f"one of {', '.join(OUTCOMES)}")
        for what, pairs in (("reads", self.reads), ("writes", self.writes)):
            if not _are_places(pairs):
                raise InvalidValue(f"{what} of {self.name}", pairs, 'pairs of stream and version, as (("a", 5),)')
        for stream, version in self.reads:
            if not _is_version(version, 0):
                raise InvalidValue(f"version of {stream!r} read by {self.name}", version, "a whole number, 0 or more")
        for stream, version in self.writes:
            if not _is_version(version, 1):
                raise InvalidValue(
                    f"version of {stream!r} written by {self.name}", version, "a whole number, 1 or more"
                )
        if self.began is not None and self.ended is not None and not self.ended >= self.began:
            raise InvalidValue(f"end of {self.name}", self.ended, f"a moment not before {self.began:g}, its beginning")

    def __str__(self) -> str:
        """Its name, with whose it is and when it was, as far as that is known."""
        when = "" if self.began is None else f"{self.began:g} s to {'…' if self.ended is None else f'{self.ended:g} s'}"
        details = ", ".join(detail for detail in (self.process, when) if detail)
        return f"{self.name} ({details})" if details else self.name


def _are_places(pairs: object) -> bool:
    return isinstance(pairs, Sequence) and all(
        isinstance(pair, Sequence) and len(pair) == 2 and isinstance(pair[0], str) for pair in pairs
    )


def _is_version(version: object, least: int) -> bool:
    return isinstance(version, int) and not isinstance(version, bool) and version >= least


def transactions(operations: Iterable[Operation]) -> list[Transaction]:
    """The operations named ``transaction``, in their order.

    Their value is a list of steps, ``["r", stream, version]`` and ``["w", stream, version]``; the result of one that
    was ok is the same list with every version filled in. A version that is None is not known: such a read says
    nothing, such a write is *unplaced*. Raises InvalidValue for anything else.
    """
    found: list[Transaction] = []
    for operation in operations:
        if operation.operation == "transaction":
            found.append(_transaction(f"T{len(found) + 1}", operation))
    return found


def _transaction(name: str, operation: Operation) -> Transaction:
    is_answered = operation.outcome == "ok" and operation.result is not None
    steps = operation.result if is_answered else operation.value
    reads: list[tuple[str, int]] = []
    writes: list[tuple[str, int]] = []
    unplaced: list[str] = []
    for kind, stream, version in _steps(name, steps):
        if version is None:
            unplaced += [stream] if kind == "w" else []
        else:
            (reads if kind == "r" else writes).append((stream, version))
    return Transaction(
        name,
        tuple(dict.fromkeys(reads)),
        tuple(dict.fromkeys(writes)),
        operation.outcome,
        operation.process,
        operation.invoked,
        operation.ended,
        tuple(unplaced),
    )


def _steps(name: str, steps: Any) -> Iterable[tuple[str, str, int | None]]:
    if not isinstance(steps, Sequence) or isinstance(steps, str):
        raise InvalidValue(f"steps of {name}", steps, 'a list of steps, each ["r" or "w", stream, version]')
    for step in steps:
        match step:
            case ["r" | "w" as kind, str(stream), None]:
                yield kind, stream, None
            case ["r" | "w" as kind, str(stream), int(version)] if not isinstance(version, bool):
                yield kind, stream, version
            case _:
                raise InvalidValue(f"step of {name}", step, '["r" or "w", stream, version]')
