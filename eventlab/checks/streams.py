"""What a log owes: nothing acknowledged is lost, nothing is there twice, no version is left out.

Pure functions of a history: of appends as operations (``append``, with the event as value), of the log's own hooks
(`hooks.EventsAppended`), and of final reads (`hooks.Observed`: a stream's events as a list). Where there are other
operations beside these, nobody knows what they did, and the answer is unknown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Sequence
from typing import NamedTuple

from ..history import Entry, Operation, of_kind, operations
from ..hooks import EventsAppended, Observed
from .foreign import Sorted, sorted_out
from .models import event_of, hashable
from .operations import ended_place
from .result import CheckResult, broken, held, undecided
from .whole import begun_unseen


def nothing_lost(entries: Sequence[Entry]) -> CheckResult:
    """Every event whose append was acknowledged is in the final read of its stream, as often as it was acknowledged.

    A final read is held to what was acknowledged before it. A stream without one, or with appends after it, is unknown.
    """
    name = "nothing lost"
    finals = _finals(entries)
    acknowledged: dict[str, Counter[object]] = {}
    shown: dict[tuple[str, object], list[str]] = {}
    unread: dict[str, str] = {}
    found = _sorted(operations(entries), finals)
    for each in _appends(found):
        event, _ = event_of(each)
        final = finals.get(each.subject)
        if each.outcome != "ok":
            continue
        told = f"{each.subject}: {event!r}, acknowledged at {each.ended:g} s"
        if final is None or ended_place(each) > final.place:
            unread.setdefault(each.subject, told)
        else:
            acknowledged.setdefault(each.subject, Counter())[hashable(event)] += 1
            shown.setdefault((each.subject, hashable(event)), []).append(told)
    lost = [
        told
        for stream, events in acknowledged.items()
        for event, missing in (events - Counter(map(hashable, finals[stream].events))).items()
        for told in shown[stream, event][-missing:]
    ]
    count = sum(events.total() for events in acknowledged.values())
    if lost:
        return broken(name, f"{len(lost)} of {count} acknowledged events are missing", lost)
    if found.reasons:
        return undecided(name, found.because, found.witnesses)
    if unseen := begun_unseen(name, entries):
        return unseen
    if unread:
        return undecided(name, f"no final read tells of acknowledged appends to {', '.join(unread)}", unread.values())
    if not acknowledged:
        return undecided(name, "the history has no acknowledged append")
    return held(name, f"all {count:,} acknowledged events are there")


def nothing_twice(entries: Sequence[Entry]) -> CheckResult:
    """No final read has an event more often than it was asked for and may have happened; no version was written twice.

    A stream that the history has appends to is held to these: nothing else is in it. Of other streams nobody knows
    what was asked for.
    """
    name = "nothing twice"
    if unseen := begun_unseen(name, entries):
        return unseen
    asked: dict[str, Counter[object]] = {}
    given, finals = operations(entries), _finals(entries)
    found = _sorted(given, finals)
    for each in _appends(found):
        asked.setdefault(each.subject, Counter())[hashable(event_of(each)[0])] += 1
    happened = {each.subject for each in given if each.outcome != "failed"}
    for each in given:
        if each.operation == "append" and each.subject not in happened:
            asked.setdefault(each.subject, Counter())  # all that was asked of it has failed
    finals = {stream: final for stream, final in finals.items() if stream in asked}
    twice = []
    for stream, final in finals.items():
        as_found = {hashable(event): event for event in final.events}
        for event, count in Counter(map(hashable, final.events)).items():
            if count > (wanted := asked[stream][event]):
                wish = f"asked for {_times(wanted)}" if wanted else "which no append asked for that may have happened"
                twice.append(f"{stream}: {as_found[event]!r} is there {_times(count)}, {wish}")
    written = Counter(_versions(entries))
    again = [(place, count) for place, count in written.items() if count > 1]
    twice += [f"{store}: {stream} v{version} was written {count} times" for (store, stream, version), count in again]
    if twice:
        return broken(name, f"{len(twice)} events are there more often than they should be", twice)
    if found.reasons:
        return undecided(name, found.because, found.witnesses)
    if not written and not finals:
        return undecided(name, "the history has no append")
    return held(name, f"no event of {len(finals)} final reads and {len(written):,} recorded appends is there twice")


def no_gaps(entries: Sequence[Entry]) -> CheckResult:
    """The versions of each stream follow one another by one, and the positions of each store rise.

    A history that begins late is held to that from the first version that it tells of.
    """
    name = "no gaps"
    last: dict[tuple[str, str], int] = {}
    heads: dict[str, int] = {}
    wrong, count = [], 0
    for entry, what in of_kind(entries, EventsAppended):
        if what.position <= heads.get(what.store, -1):
            wrong.append(f"{what.store}: position {what.position} at {entry.at:g} s comes after {heads[what.store]}")
        heads[what.store] = what.position
        for stream, version, _ in what.events:
            count += 1
            before = last.get((what.store, stream))
            if before is not None and version != before + 1:
                wrong.append(f"{what.store}: {stream} goes from v{before} to v{version} at {entry.at:g} s")
            last[what.store, stream] = version
    if wrong:
        return broken(name, f"{len(wrong)} of {count} events do not follow the one before", wrong)
    if not count:
        return undecided(name, "the history has no append")
    return held(name, f"{count:,} events of {len(last)} streams follow one another")


def _sorted(given: Sequence[Operation], finals: Container[str]) -> Sorted:
    """The operations on streams: what was appended to, or read at last."""
    streams = dict.fromkeys(each.subject for each in given if each.operation == "append")
    of_streams = (each for each in given if each.subject in streams or each.subject in finals)
    return sorted_out(of_streams, ("append", "read"), "a stream's")


def _appends(found: Sorted) -> Iterable[Operation]:
    return (each for of_subject in found.judged.values() for each in of_subject if each.operation == "append")


class _Final(NamedTuple):
    """The last final read of a stream: where in the history it stands, counted from 1, and what it found."""

    place: int
    events: Sequence[object]


def _finals(entries: Iterable[Entry]) -> dict[str, _Final]:
    return {
        entry.what.subject: _Final(place, entry.what.value)
        for place, entry in enumerate(entries, start=1)
        if isinstance(entry.what, Observed) and isinstance(entry.what.value, list | tuple)
    }


def _versions(entries: Iterable[Entry]) -> list[tuple[str, str, int]]:
    return [
        (what.store, stream, version)
        for _, what in of_kind(entries, EventsAppended)
        for stream, version, _ in what.events
    ]


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
