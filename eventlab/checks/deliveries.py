"""What a log owes its subscribers: no delivery is left out, and none is made before its time.

A pure function of a history: of the log's own hooks (`hooks.EventsAppended`), and of what subscribers took (operations
``receive`` with the store as subject and ``[stream, version]`` as value). Where there are other operations beside
these, nobody knows what they did, and the answer is unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..history import Entry, operations
from ..hooks import EventsAppended
from .foreign import sorted_out
from .models import hashable
from .operations import ended_place
from .result import CheckResult, broken, held, undecided
from .whole import begun_unseen


def nothing_missed(entries: Sequence[Entry]) -> CheckResult:
    """Each subscriber took every event from its first to its last, in the order of the log, when it had been appended.

    A subscriber is a process that ``receive``-d from a store. It may go back and take again what it has taken; one that
    goes back to before its first event is a process of its own. *entries* tell of an append when it took effect.
    """
    name = "nothing missed"
    if unseen := begun_unseen(name, entries):
        return unseen
    logs = _logs(entries)
    reached: dict[tuple[str, str], tuple[int, int]] = {}
    wrong, count = [], 0
    of_logs = [each for each in operations(entries) if each.subject in logs]
    found = sorted_out(of_logs, ("receive", "append", "read"), "a subscriber's")
    for each in (each for of_subject in found.judged.values() for each in of_subject):
        if each.operation != "receive" or each.outcome != "ok":
            continue
        count += 1
        who, at = (each.process, each.subject), logs[each.subject].get(hashable(each.value))
        tells = f"{each.process} took {each.value} at {each.invoked:g} s"
        if at is None:
            wrong.append(f"{tells}, which was never appended")
            continue
        if ended_place(each) < at.place:
            wrong.append(f"{tells}, before it was appended")
        place = at.number
        first, last = reached.get(who, (place, place))
        if place > last + 1:
            wrong.append(f"{tells} and left out {place - last - 1} before it")
        elif place < first:
            wrong.append(f"{tells}, after later ones and for the first time")
        reached[who] = first, max(place, last)
    if wrong:
        return broken(name, f"{len(wrong)} of {count} deliveries are out of order or leave something out", wrong)
    if found.reasons:
        return undecided(name, found.because, found.witnesses)
    if not count:
        return undecided(name, "nobody received from a store that the history tells of")
    return held(name, f"{count:,} deliveries to {len(reached)} subscribers leave nothing out")


class _Logged(NamedTuple):
    """An event of a log: how many are before it, and where in the history its append stands, counted from 1."""

    number: int
    place: int


def _logs(entries: Sequence[Entry]) -> dict[str, dict[object, _Logged]]:
    """The events of each store by stream and version, in the order of the log."""
    logs: dict[str, dict[object, _Logged]] = {}
    for place, entry in enumerate(entries, start=1):
        if isinstance(entry.what, EventsAppended):
            log = logs.setdefault(entry.what.store, {})
            for stream, version, _ in entry.what.events:
                log.setdefault(hashable((stream, version)), _Logged(len(log), place))
    return logs
