"""Subjects that cannot be judged: with operations that the check does not know, or asked by one process two at once.

Nobody can say what the unknown ones did, so a subject is not judged as if they had not been there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from ..errors import InvalidValue
from ..history import Operation
from .operations import by_subject, check_swap, told


class Sorted(NamedTuple):
    """What can be judged, by subject; and of the other subjects the reasons in sentences and the operations, told."""

    judged: dict[str, list[Operation]]
    reasons: Sequence[str] = ()
    witnesses: Sequence[str] = ()

    @property
    def because(self) -> str:
        """The first reason, and of how many subjects more something like it is true."""
        more = len(self.reasons) - 1
        return self.reasons[0] + (f"; and so on {more:,} more" if more else "")


def sorted_out(operations: Iterable[Operation], known: Sequence[str], thing: str, *, in_turn: bool = False) -> Sorted:
    """Subjects with operations of *known* and no others can be judged. Those without any are nobody's business here.

    Failed operations did nothing, and are left out. *thing* is what the subjects are taken for, as in ``a register``.
    *in_turn* asks that no process has two operations under way at once. Raises InvalidValue for what is no operation,
    and for a cas that does not tell whether it swapped.
    """
    judged: dict[str, list[Operation]] = {}
    reasons: list[str] = []
    witnesses: list[str] = []
    for subject, of_subject in by_subject(filter(_counts, operations)).items():
        foreign = [each for each in of_subject if each.operation not in known]
        if len(foreign) == len(of_subject):
            continue
        if foreign:
            reasons.append(f"{counted(foreign)} on {subject!r} {named(foreign)} none of {thing}: {', '.join(known)}")
            witnesses += map(told, foreign)
        elif in_turn and (pair := _at_once(of_subject)):
            reasons.append(
                f"a process asks one thing at a time, but {pair[0].process} asked two of {subject!r} at once"
            )
            witnesses += map(told, pair)
        else:
            judged[subject] = of_subject
    return Sorted(judged, reasons, witnesses)


def _counts(operation: Operation) -> bool:
    if not isinstance(operation, Operation):
        raise InvalidValue("an operation", operation, "a history.Operation, as history.operations(entries) gives them")
    check_swap(f"cas on {operation.subject!r} by {operation.process}", operation)
    return operation.outcome != "failed"


def _at_once(operations: Iterable[Operation]) -> tuple[Operation, Operation] | None:
    """The first two operations of one process that overlap."""
    last: dict[str, Operation] = {}
    for each in operations:
        before = last.get(each.process)
        if before is not None and before.ended is not None and each.invoked < before.ended:
            return before, each
        last[each.process] = each
    return None


def counted(operations: Collection[Operation]) -> str:
    return f"{len(operations):,} operation{'' if len(operations) == 1 else 's'}"


def named(operations: Collection[Operation]) -> str:
    """What they are called, with the verb that goes with so many."""
    names = sorted({each.operation for each in operations})
    return f"({', '.join(names)}) {'is' if len(operations) == 1 else 'are'}"
