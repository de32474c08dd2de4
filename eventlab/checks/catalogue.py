"""The checks that a history can be put to, by name, each with a line of what it says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple

import msgspec

from ..errors import InvalidValue
from ..history import Entry, operations
from .deliveries import nothing_missed
from .isolation import isolation
from .linearizable import STATES_MAX, linearizable
from .little import littles_law_everywhere
from .recorded import recorded
from .result import CheckResult, undecided
from .sessions import session_guarantee
from .streams import no_gaps, nothing_lost, nothing_twice
from .whole import begun_unseen


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
    return begun_unseen("linearizable", entries) or linearizable(
        operations(entries), settings.model, initial=settings.initial, states_max=settings.states_max
    )


def _in_session(guarantee: str) -> Callable[[Sequence[Entry], Settings], CheckResult]:
    return lambda entries, settings: (
        begun_unseen(guarantee, entries)
        or session_guarantee(operations(entries), guarantee, model=settings.model, initial=settings.initial)
    )


def _of_log(judge: Callable[[Sequence[Entry]], CheckResult]) -> Callable[[Sequence[Entry], Settings], CheckResult]:
    return lambda entries, settings: judge(entries)


SESSIONS = {
    "read your writes": "a client that wrote reads that, or newer",
    "monotonic reads": "what a client reads is never older than what it read before",
    "monotonic writes": "the writes of a client stand in the order in which it made them",
    "writes follow reads": "what a client writes is newer than what it had read",
}


def _isolated(level: str) -> Callable[[Sequence[Entry], Settings], CheckResult]:
    def judge(entries: Sequence[Entry], settings: Settings) -> CheckResult:
        transactions = recorded(entries)
        if not transactions:
            return undecided(level, "the history has no transaction, command or append")
        return isolation(transactions, level)

    return judge


CATALOGUE: dict[str, Check] = {
    "linearizable": Check("each subject is as one copy that does one operation at a time", _linearizable),
    **{guarantee.replace(" ", "-"): Check(says, _in_session(guarantee)) for guarantee, says in SESSIONS.items()},
    "nothing-lost": Check("every acknowledged event is in the final read of its stream", _of_log(nothing_lost)),
    "nothing-twice": Check("no event is there more often than it was asked for", _of_log(nothing_twice)),
    "no-gaps": Check("versions follow one another, and positions rise", _of_log(no_gaps)),
    "nothing-missed": Check("no subscriber left out an event, or took it too early", _of_log(nothing_missed)),
    "littles-law": Check(
        "at every service, the calls in progress are what their durations say", _of_log(littles_law_everywhere)
    ),
    "strict-serializable": Check(
        "as serializable, in an order that real time allows", _isolated("strict serializable")
    ),
    "serializable": Check("transactions are as if done one after another", _isolated("serializable")),
    "snapshot-isolation": Check(
        "each transaction read one snapshot and overwrote nothing unseen", _isolated("snapshot isolation")
    ),
    "parallel-snapshot-isolation": Check(
        "as snapshot isolation, but writes may become visible in several orders",
        _isolated("parallel snapshot isolation"),
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
