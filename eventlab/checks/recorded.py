"""The transactions of a recorded run: its commands, by what they read and what they wrote."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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

Writes = tuple[tuple[str, int], ...]


def recorded(entries: Iterable[Entry]) -> list[Transaction]:
    """What was executed in a run: every attempt of a command that came to a decision, and operations on transactions.

    An append that belongs to no attempt (made by hand, or by a command whose node crashed before it could say so) is a
    transaction that read nothing, as far as anybody knows. An attempt whose end is not known took effect if
    its append is in the history. Streams are named with their store where there are several stores.
    """
    given = list(entries)
    stores = dict.fromkeys(what.store for _, what in of_kind(given, EventsAppended))
    plain = len(stores | dict.fromkeys(what.store for _, what in of_kind(given, CommandAttempted))) < 2
    appends = _appends(given, plain)
    found: list[Transaction] = []
    for entry, what in of_kind(given, CommandAttempted):
        if what.outcome in OUTCOMES:
            found.append(_attempted(f"T{len(found) + 1}", entry, what, appends, plain))
    for written, (at, node) in appends.items():
        name = f"T{len(found) + 1}"
        found.append(Transaction(name, (), written, "unknown", f"an append on {node}" if node else "", None, at))
    found += transactions(operations(given))
    return found


def _appends(entries: Sequence[Entry], plain: bool) -> dict[Writes, tuple[float, str]]:
    return {
        _named(((stream, version) for stream, version, _ in what.events), what.store, plain): (entry.at, entry.node)
        for entry, what in of_kind(entries, EventsAppended)
    }


def _named(versions: Iterable[tuple[str, int]], store: str, plain: bool) -> Writes:
    return tuple((stream if plain else f"{store}:{stream}", version) for stream, version in versions)


def _attempted(
    name: str, entry: Entry, what: CommandAttempted, appends: dict[Writes, tuple[float, str]], plain: bool
) -> Transaction:
    reads = _named(what.streams, what.store, plain)
    writes = _named(what.written, what.store, plain)
    outcome = OUTCOMES[what.outcome]
    ended = None if outcome == "unknown" else entry.at
    if writes and appends.pop(writes, None) is not None:
        outcome = "ok"
    who = f"{what.command} on {entry.node}" if entry.node else what.command
    return Transaction(name, reads, writes, outcome, who, entry.at - what.duration_s, ended)
