"""Is each subject as one copy that does one thing at a time? Linearizability of a history, subject by subject.

Herlihy and Wing (1990): every operation seems to take effect at one moment between its invocation and its end. A
history is linearizable exactly if each subject's part of it is, so subjects are judged one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ..errors import InvalidValue
from ..history import Operation
from .foreign import sorted_out
from .linearizable_search import Answer, Problem, search
from .linearizable_witness import smallest, weakened
from .models import model_named
from .operations import told
from .result import CheckResult, held, undecided
from .unfounded import unfounded

NAME = "linearizable"
STATES_MAX = 1_000_000
LINES_MAX = 20


def linearizable(
    operations: Iterable[Operation], model: str = "register", *, initial: Any = None, states_max: int = STATES_MAX
) -> CheckResult:
    """Whether every subject behaved as one *model* that does one operation at a time.

    An operation with an ``unknown`` outcome may have happened at any later time, or never; a ``failed`` one did
    nothing. Operations of one process follow one another. At one and the same moment, those of different processes
    are in the order of the record (`Operation.places`), and without one count as concurrent. A subject that the model
    knows some operations of, and others not, is unknown, and so is one of which a process asked two things at once;
    one of which it knows none is left out. After *states_max* states of one subject the answer is unknown. The
    witness is the smallest piece found that no order explains, an operation each.

    Raises InvalidValue for a model that is none, for a value that is none of the model's, for what is no operation,
    and for a ``cas`` that does not tell by true or false whether it swapped.
    """
    if states_max < 1:
        raise InvalidValue("states_max", states_max, "a number of states from 1")
    known = model_named(model, initial).operations
    given = list(operations)
    found = sorted_out(given, known, f"a {model}", in_turn=True)
    subjects = found.judged
    count = sum(map(len, subjects.values()))
    if not count and not found.reasons:
        failed = any(each.operation in known for each in given)
        what = f"no operation of a {model} that may have happened" if failed else f"no operation of a {model}"
        return undecided(NAME, f"the history has {what}: {', '.join(known)}")
    given_up: list[str] = []
    refuted: list[tuple[str, Sequence[Operation], Operation]] = []
    for subject, of_subject in subjects.items():
        answer = _answered(model, initial, of_subject, states_max)
        if answer.stuck is not None:
            refuted.append((subject, of_subject, answer.stuck))
        elif answer.found is None:
            given_up.append(f"{subject}: {len(of_subject)} operations")
    if refuted:
        return _broken(model, initial, states_max, len(subjects), refuted)
    if found.reasons:
        return undecided(NAME, found.because, found.witnesses)
    if given_up:
        reason = f"{len(given_up)} of {len(subjects)} subjects have more than {states_max:,} states to look through"
        return undecided(NAME, reason, given_up)
    return held(NAME, f"{_many(count, 'operation')} on {_many(len(subjects), model)} can be put in an order")


def _answered(model: str, initial: Any, operations: Sequence[Operation], states_max: int) -> Answer:
    """Whether they have an order; one that nobody looks for where one of them alone rules it out."""
    strange = unfounded(model, initial, operations)
    if strange is not None:
        return Answer(False, 0, strange)
    problem = Problem([each if each.outcome == "ok" else weakened(each) for each in operations])
    return search(model_named(model, initial), problem, states_max)


def _broken(
    model: str,
    initial: Any,
    states_max: int,
    subjects: int,
    refuted: Sequence[tuple[str, Sequence[Operation], Operation]],
) -> CheckResult:
    """The first subject that has no order, with the smallest piece of it that has none."""
    subject, operations, stuck = refuted[0]
    piece = smallest(model, initial, operations, stuck, states_max)
    reason = f"{subject!r} has no order: {_many(len(piece), 'operation')} of {len(operations)} contradict one another"
    if len(piece) == 1:
        reason = f"{subject!r} has no order: one operation of {len(operations)} cannot have given that result"
    if subjects > 1:
        reason += f"; {len(refuted)} of {_many(subjects, 'subject')} have none"
    return CheckResult(NAME, False, reason, tuple(_lines(piece)))


def _lines(piece: Sequence[Operation]) -> list[str]:
    lines = [told(each) for each in piece]
    if len(lines) <= LINES_MAX:
        return lines
    half = LINES_MAX // 2
    return [*lines[:half], f"… and {len(lines) - 2 * half:,} more …", *lines[-half:]]


def _many(count: int, thing: str) -> str:
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"
