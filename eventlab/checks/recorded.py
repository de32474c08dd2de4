"""The transactions of a recorded run: its commands, by what they read and what they wrote."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ..history import Entry, of_kind, operations
from ..hooks import CommandAttempted, EventsAppended
from .transactions import Transaction, transactions

OUTCOMES = {
    "written": "ok",
    "unchanged": "ok",
    "refused": "ok",
    "unknown": "unknown",
    "cancelled": "unknown",
    "failed": "unknown",
}
"""How attempts of commands end, as outcomes of transactions. One that wrote nothing has read all the same."""

Versions = tuple[tuple[str, int], ...]

SLACK_S = 2e-6
"""How much earlier than its attempt an append may seem: a history's times are rounded to the microsecond."""


class _Append(NamedTuple):
    at: float
    node: str


class _Attempt(NamedTuple):
    """One attempt of a command, with what it read, and what it wrote or would have written."""

    entry: Entry
    what: CommandAttempted
    reads: Versions
    writes: Versions

    @property
    def outcome(self) -> str:
        return OUTCOMES[self.what.outcome]

    @property
    def began(self) -> float:
        return self.entry.at - self.what.duration_s


def recorded(entries: Iterable[Entry]) -> list[Transaction]:
    """What was executed in a run: every attempt of a command that came to a decision, and operations on transactions.

    An append that belongs to no attempt (made by hand, or by a command whose node crashed before it could say so) is a
    transaction that read nothing, as far as anybody knows, and took effect by the moment at which it was told. An
    attempt whose end is not known took effect if its append is in the history, and no other attempt can have made
    that. Streams are named with their store where there are several stores.
    """
    given = list(entries)
    stores = dict.fromkeys(what.store for _, what in of_kind(given, EventsAppended))
    plain = len(stores | dict.fromkeys(what.store for _, what in of_kind(given, CommandAttempted))) < 2
    attempts = [
        _Attempt(entry, what, _named(what.streams, what.store, plain), _named(what.written, what.store, plain))
        for entry, what in of_kind(given, CommandAttempted)
        if what.outcome in OUTCOMES
    ]
    appends = _appends(given, plain)
    made = _made(attempts, appends)
    found = [_attempted(f"T{number + 1}", each, number in made) for number, each in enumerate(attempts)]
    for writes, left in appends.items():
        for at, node in left:
            name = f"T{len(found) + 1}"
            found.append(Transaction(name, (), writes, "ok", f"an append on {node}" if node else "", None, at))
    found += transactions(operations(given))
    return found


def _appends(entries: Sequence[Entry], plain: bool) -> dict[Versions, list[_Append]]:
    """When and where each was made: more than once, if the store forgot that it had been."""
    found: dict[Versions, list[_Append]] = {}
    for entry, what in of_kind(entries, EventsAppended):
        writes = _named(((stream, version) for stream, version, _ in what.events), what.store, plain)
        found.setdefault(writes, []).append(_Append(entry.at, entry.node))
    return found


def _named(versions: Iterable[tuple[str, int]], store: str, plain: bool) -> Versions:
    return tuple((stream if plain else f"{store}:{stream}", version) for stream, version in versions)


def _made(attempts: Sequence[_Attempt], appends: dict[Versions, list[_Append]]) -> dict[int, None]:
    """The numbers of *attempts* that made one of *appends*, which are taken out there.

    Whoever says that it wrote, goes first. What is left then was made by one that does not know, if it can have been
    only that one: an attempt asked again would have written the same.
    """
    made: dict[int, None] = {}
    unsure: dict[Versions, list[int]] = {}
    for number, each in enumerate(attempts):
        if each.outcome != "ok":
            unsure.setdefault(each.writes, []).append(number)
        elif left := appends.get(each.writes):
            left.pop(0)
            made[number] = None
    for writes, numbers in unsure.items():
        for append in list(appends.get(writes, ())):
            able = [number for number in numbers if attempts[number].began <= append.at + SLACK_S]
            if len(able) == 1 and able[0] not in made:
                made[able[0]] = None
                appends[writes].remove(append)
    return made


def _attempted(name: str, attempt: _Attempt, made: bool) -> Transaction:
    entry, what, reads, writes = attempt
    ended = None if attempt.outcome == "unknown" else entry.at
    outcome = "ok" if made else attempt.outcome
    who = f"{what.command} on {entry.node}" if entry.node else what.command
    return Transaction(name, reads, writes, outcome, who, attempt.began, ended)
