"""What a log owes: nothing acknowledged is lost, nothing is there twice, no version and no delivery is left out.

Pure functions of a history: of appends as operations (``append``, with the event as value), of the log's own hooks
(`hooks.EventsAppended`), of final reads (`hooks.Observed`: a stream's events as a list), and of what subscribers
took (operations ``receive`` with the store as subject and ``[stream, version]`` as value). Where there are other
operations beside these, nobody knows what they did, and the answer is unknown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Sequence

from ..history import Entry, of_kind, operations
from ..hooks import EventsAppended, Observed
from .foreign import Sorted, sorted_out
from .models import event_of, hashable
from .result import CheckResult, broken, held, undecided


def nothing_lost(entries: Sequence[Entry]) -> CheckResult:
    """Every event whose append was acknowledged is in the final read of its stream, as often as it was acknowledged."""
    name = "nothing lost"
    finals = _finals(entries)
    acknowledged: dict[str, Counter[object]] = {}
    shown: dict[tuple[str, object], str] = {}
    found = _sorted(entries, finals, ("append", "read"), "a stream's")
    for each in (each for of_subject in found.judged.values() for each in of_subject):
        if each.operation == "append" and each.outcome == "ok":
            event, _ = event_of(each)
            acknowledged.setdefault(each.subject, Counter())[hashable(event)] += 1
            shown[each.subject, hashable(event)] = f"{each.subject}: {event!r}, acknowledged at {each.ended:g} s"
    if not acknowledged and not found.reasons:
        return undecided(name, "no stream has both an acknowledged append and a final read")
    lost = [
        shown[stream, event]
        for stream, events in acknowledged.items()
        for event in (events - Counter(map(hashable, finals[stream])))
    ]
    count = sum(events.total() for events in acknowledged.values())
    if lost:
        return broken(name, f"{len(lost)} of {count} acknowledged events are missing", lost)
    if found.reasons:
        return undecided(name, found.because, found.witnesses)
    return held(name, f"all {count:,} acknowledged events are there")


def nothing_twice(entries: Sequence[Entry]) -> CheckResult:
    """No final read has an event more often than somebody asked for it, and no version was written twice."""
    name = "nothing twice"
    finals = _finals(entries)
    asked: dict[str, Counter[object]] = {}
    found = _sorted(entries, finals, ("append", "read"), "a stream's")
    for each in (each for of_subject in found.judged.values() for each in of_subject):
        if each.operation == "append":
            asked.setdefault(each.subject, Counter())[hashable(event_of(each)[0])] += 1
    twice = []
    for stream, events in finals.items():
        for event, count in Counter(map(hashable, events)).items():
            wanted = asked.get(stream, Counter())[event]
            if wanted and count > wanted:
                twice.append(f"{stream}: {_plain(event)!r} is there {count} times, asked for {wanted} times")
    written = Counter(_versions(entries))
    again = [(place, count) for place, count in written.items() if count > 1]
    twice += [f"{store}: {stream} v{version} was written {count} times" for (store, stream, version), count in again]
    if twice:
        return broken(name, f"{len(twice)} events are there more often than they should be", twice)
    if found.reasons:
        return undecided(name, found.because, found.witnesses)
    if not written and not any(stream in asked for stream in finals):
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


def nothing_missed(entries: Sequence[Entry]) -> CheckResult:
    """Each subscriber took every event from its first to its last, in the order of the log.

    A subscriber is a process that ``receive``-d from a store. One that begins again may go back and take some again.
    """
    name = "nothing missed"
    logs: dict[str, dict[object, int]] = {}
    for store, stream, version in _versions(entries):
        log = logs.setdefault(store, {})
        log.setdefault((stream, version), len(log))
    reached: dict[tuple[str, str], int] = {}
    wrong, count = [], 0
    found = _sorted(entries, logs, ("receive", "append", "read"), "a subscriber's")
    for each in (each for of_subject in found.judged.values() for each in of_subject):
        if each.operation != "receive" or each.outcome != "ok":
            continue
        count += 1
        taken = tuple(each.value) if isinstance(each.value, list | tuple) else each.value
        who, place = (each.process, each.subject), logs[each.subject].get(taken)
        if place is None:
            wrong.append(f"{each.process} took {each.value} at {each.invoked:g} s, which was never appended")
            continue
        if who in reached and place > reached[who] + 1:
            left_out = place - reached[who] - 1
            wrong.append(f"{each.process} took {each.value} at {each.invoked:g} s and left out {left_out} before it")
        reached[who] = max(place, reached.get(who, place))
    if wrong:
        return broken(name, f"{len(wrong)} of {count} deliveries are out of order or leave something out", wrong)
    if found.reasons:
        return undecided(name, found.because, found.witnesses)
    if not count:
        return undecided(name, "nobody received from a store that the history tells of")
    return held(name, f"{count:,} deliveries to {len(reached)} subscribers leave nothing out")


def _sorted(entries: Iterable[Entry], subjects: Container[str], known: Sequence[str], thing: str) -> Sorted:
    return sorted_out((each for each in operations(entries) if each.subject in subjects), known, thing)


def _finals(entries: Iterable[Entry]) -> dict[str, Sequence[object]]:
    """The last final read of each stream."""
    observed = of_kind(entries, Observed)
    return {what.subject: what.value for _, what in observed if isinstance(what.value, list | tuple)}


def _versions(entries: Iterable[Entry]) -> list[tuple[str, str, int]]:
    return [
        (what.store, stream, version)
        for _, what in of_kind(entries, EventsAppended)
        for stream, version, _ in what.events
    ]


def _plain(event: object) -> object:
    return event[1] if isinstance(event, tuple) and event and event[0] == "bool" else event
