"""Operations that a check does not know, on subjects that it judges.

Nobody can say what they did, so such a subject is not judged as if they had not been there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from ..history import Operation
from .operations import by_subject, told


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


def sorted_out(operations: Iterable[Operation], known: Sequence[str], thing: str) -> Sorted:
    """Subjects with operations of *known* and no others can be judged. Those without any are nobody's business here.

    Failed operations did nothing, and are left out. *thing* is what the subjects are taken for, as in ``a register``.
    """
    judged: dict[str, list[Operation]] = {}
    reasons: list[str] = []
    witnesses: list[str] = []
    for subject, of_subject in by_subject(each for each in operations if each.outcome != "failed").items():
        foreign = [each for each in of_subject if each.operation not in known]
        if len(foreign) == len(of_subject):
            continue
        if foreign:
            reasons.append(f"{counted(foreign)} on {subject!r} {named(foreign)} none of {thing}: {', '.join(known)}")
            witnesses += map(told, foreign)
        else:
            judged[subject] = of_subject
    return Sorted(judged, reasons, witnesses)


def counted(operations: Collection[Operation]) -> str:
    return f"{len(operations):,} operation{'' if len(operations) == 1 else 's'}"


def named(operations: Collection[Operation]) -> str:
    """What they are called, with the verb that goes with so many."""
    names = sorted({each.operation for each in operations})
    return f"({', '.join(names)}) {'is' if len(operations) == 1 else 'are'}"
