"""How long nobody was served by a target, and how soon it served again once faults had ended.

Moments are in seconds since the run began; a target is the subject of an operation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from ..history import Entry, Operation, of_kind
from ..hooks import CallEnded, CallStarted
from .conditions import FaultWindow, check_bound
from .operations import by_subject
from .result import CheckResult, broken, held, undecided


def calls(entries: Iterable[Entry]) -> list[Operation]:
    """The calls of a history as operations on their targets. A refusal is an answer, and so ok; a rejection failed."""
    given = list(entries)
    ends = {(what.source, what.id): (entry.at, what) for entry, what in of_kind(given, CallEnded)}
    found = []
    for entry, what in of_kind(given, CallStarted):
        at, ended = ends.get((what.source, what.id), (None, None))
        outcome = "unknown" if ended is None else _CALLS.get(ended.outcome, "unknown")
        found.append(Operation(what.source, what.operation, what.target, entry.at, None, outcome, at))
    return found


_CALLS = {"ok": "ok", "refused": "ok", "failed": "failed", "unavailable": "failed", "rejected": "failed"}


class Outage(msgspec.Struct, frozen=True):
    """Nobody was served by *target* between two moments, though *tries* operations asked.

    *ended* is when the next success was there; None if none came. *counted_s* is how long it lasted, without what is
    excused by faults. *waits* says that no success came, and that one of the operations was never answered: if whoever
    asked is still there, it lasts on.
    """

    target: str
    began: float
    ended: float | None
    tries: int
    counted_s: float
    waits: bool = False

    def __str__(self) -> str:
        until = "the end" if self.ended is None else f"{self.ended:g} s"
        return f"{self.target}: {self.tries} operations in vain from {self.began:g} s to {until}"


def outages(operations: Iterable[Operation], excused: Sequence[FaultWindow] = ()) -> list[Outage]:
    """Every stretch in which all operations on one target came to nothing: not known is not served.

    It begins when the first of them was invoked, and ends when the next success is there; without one, when the last
    of all operations on the target ended, or was invoked.
    """
    return [each for target, asked in by_subject(operations).items() for each in _of_target(target, asked, excused)]


def _of_target(target: str, asked: Sequence[Operation], excused: Sequence[FaultWindow]) -> list[Outage]:
    successes = sorted(each.ended for each in asked if each.outcome == "ok" and each.ended is not None)
    vain = sorted((each for each in asked if each.outcome != "ok"), key=lambda each: each.invoked)
    last = max(map(_end_s, asked))
    found: list[Outage] = []
    at = 0
    for success in [*successes, None]:
        tries = []
        while at < len(vain) and (success is None or vain[at].invoked < success):
            tries.append(vain[at])
            at += 1
        if tries:
            began, waits = tries[0].invoked, success is None and any(each.ended is None for each in tries)
            counted_s = _counted_s(began, last if success is None else success, excused)
            found.append(Outage(target, began, success, len(tries), counted_s, waits))
    return found


def _counted_s(began: float, ended: float, excused: Sequence[FaultWindow]) -> float:
    return ended - began - _covered_s(began, ended, excused)


def _covered_s(began: float, ended: float, windows: Iterable[FaultWindow]) -> float:
    """How much of that stretch at least one window covers."""
    covered, reached = 0.0, began
    for window in sorted(windows, key=lambda each: each.began):
        start = max(reached, window.began)
        end = ended if window.ended is None else min(ended, window.ended)
        if end > start:
            covered, reached = covered + end - start, end
    return covered


def bounded_unavailability(
    name: str, operations: Iterable[Operation], *, bound_s: float, excused: Sequence[FaultWindow] = ()
) -> CheckResult:
    """No target left everybody unserved for longer than *bound_s*; times of *excused* faults do not count.

    Unknown without operations, and where one was never answered and none was served after it for longer than that:
    whoever asked may have waited until the end, or may be gone. Raises InvalidValue for a negative bound.
    """
    check_bound("bound_s", bound_s)
    given = list(operations)
    if not given:
        return undecided(name, "no operation was tried")
    found = sorted(outages(given, excused), key=lambda each: -each.counted_s)
    long = [each for each in found if each.counted_s > bound_s]
    tail = " outside of faults" if excused else ""
    if long:
        return broken(name, f"{len(long)} outages last longer than {bound_s:g} s{tail}", map(str, long))
    over_s = max(_end_s(each) for each in given)
    waiting = [str(each) for each in found if each.waits and _counted_s(each.began, over_s, excused) > bound_s]
    if waiting:
        because = f"{len(waiting)} outages may last longer than {bound_s:g} s{tail}: an operation was never answered"
        return undecided(name, because, waiting)
    longest_s = found[0].counted_s if found else 0.0
    return held(name, f"the longest of {len(found)} outages lasts {longest_s:g} s{tail}, the bound is {bound_s:g} s")


def recovered(name: str, operations: Iterable[Operation], *, healed_s: float | None, within_s: float) -> CheckResult:
    """Every target that was asked after *healed_s* was of service again within that time.

    Unknown if a fault never ended, and if of some target nobody can say: it was not asked, or not for long enough, or
    only later, and then served at once. Raises InvalidValue for a negative *within_s*.
    """
    check_bound("within_s", within_s)
    if healed_s is None:
        return undecided(name, "a fault never ended")
    late: list[str] = []
    open_: list[str] = []
    targets = by_subject(operations)
    for target, asked in targets.items():
        first_s = min(
            (
                each.ended
                for each in asked
                if each.outcome == "ok" and _end_s(each) >= healed_s and each.ended is not None
            ),
            default=None,
        )
        if first_s is not None and first_s - healed_s <= within_s:
            continue
        is_late = any(_tells_of_lateness(each, healed_s, healed_s + within_s, first_s) for each in asked)
        (late if is_late else open_).append(_recovery(target, asked, healed_s, first_s, is_late))
    after = f"after faults had ended at {healed_s:g} s"
    if late:
        return broken(
            name, f"{len(late)} of {len(targets)} targets did not recover within {within_s:g} s {after}", late
        )
    if open_ or not targets:
        return undecided(name, f"{len(open_)} of {len(targets)} targets were not asked long enough {after}", open_)
    return held(name, f"all {len(targets)} targets recovered within {within_s:g} s {after}")


def _tells_of_lateness(operation: Operation, healed_s: float, bound_s: float, first_s: float | None) -> bool:
    """Whether it shows that its target, whose first success was at *first_s*, was not of service at *bound_s* yet.

    One that was asked in time did, if it had its answer later; one in vain also if it was asked later, but still before
    that success. What was asked in vain before healing says nothing: the fault may have swallowed it.
    """
    if _end_s(operation) <= bound_s:
        return False
    if operation.outcome == "ok":
        return operation.invoked <= bound_s
    return operation.invoked >= healed_s and (first_s is None or operation.invoked < first_s)


def _end_s(operation: Operation) -> float:
    return operation.invoked if operation.ended is None else operation.ended


def _recovery(target: str, asked: Sequence[Operation], healed_s: float, first_s: float | None, is_late: bool) -> str:
    if first_s is not None:
        tail = "" if is_late else ", but nobody was asking when the time was up"
        return f"{target}: first success after {first_s - healed_s:g} s{tail}"
    if is_late:
        return f"{target}: no success"
    return f"{target}: no success within {max(0.0, max(map(_end_s, asked)) - healed_s):g} s, and then nobody asked"
