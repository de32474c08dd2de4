"""The checks that a history can be put to, by name, each with a line of what it says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple

import msgspec

from ..errors import InvalidValue
from ..history import Entry, operations
from .isolation import isolation
from .linearizable import STATES_MAX, linearizable
from .recorded import recorded
from .result import CheckResult, undecided


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What can be said beside the name of a check; each check looks at what concerns it.

    *model* is what a subject is (`checks.models.MODELS`), *initial* what it holds before the first operation, and
    *states_max* how much is looked through before the answer is unknown.
    """

    model: str = "register"
    initial: Any = None
    states_max: int = STATES_MAX


class Check(NamedTuple):
    """A check as the catalogue has it: *says* is true of every history that it finds valid."""

    says: str
    judge: Callable[[Sequence[Entry], Settings], CheckResult]


def _linearizable(entries: Sequence[Entry], settings: Settings) -> CheckResult:
    return linearizable(operations(entries), settings.model, initial=settings.initial, states_max=settings.states_max)


def _isolated(level: str) -> Callable[[Sequence[Entry], Settings], CheckResult]:
    def judge(entries: Sequence[Entry], settings: Settings) -> CheckResult:
        transactions = recorded(entries)
        if not transactions:
            return undecided(level, "the history has no transaction, command or append")
        return isolation(transactions, level)

    return judge


CATALOGUE: dict[str, Check] = {
    "linearizable": Check("each subject is as one copy that does one operation at a time", _linearizable),
    "strict-serializable": Check(
        "as serializable, in an order that real time allows", _isolated("strict serializable")
    ),
    "serializable": Check("transactions are as if done one after another", _isolated("serializable")),
    "snapshot-isolation": Check(
        "each transaction read one snapshot and overwrote nothing unseen", _isolated("snapshot isolation")
    ),
    "read-atomic": Check("no transaction saw a part of another", _isolated("read atomic")),
    "read-committed": Check("no transaction saw what was taken back or not yet final", _isolated("read committed")),
}
"""Name → check. What the command offers is this, in this order."""


def named(name: str) -> Check:
    """The check of that name. Raises InvalidValue, with the nearest name, if there is none."""
    if name not in CATALOGUE:
        near = get_close_matches(name, CATALOGUE, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise InvalidValue("check", name, f"one of {', '.join(CATALOGUE)}{hint}")
    return CATALOGUE[name]
