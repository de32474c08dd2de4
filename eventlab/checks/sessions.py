"""Session guarantees: what each client may count on, whichever copy answers it.

Terry, Demers, Petersen, Spreitzer, Theimer and Welch (Session guarantees for weakly consistent replicated data, 1994).
A session is a process; its operations on one subject are compared by the versions that they wrote and read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from ..errors import InvalidValue
from ..history import Operation
from .foreign import sorted_out
from .models import hashable, value_of
from .operations import ended_before, told
from .result import CheckResult, broken, held, undecided

GUARANTEES = ("read your writes", "monotonic reads", "monotonic writes", "writes follow reads")

WRITES, READS = ("write", "append", "cas"), ("read",)


class _Seen(NamedTuple):
    """One operation with what is known of its version: a number, or the write whose value it is."""

    operation: Operation
    writes: bool
    version: int | None
    source: Operation | None
    is_initial: bool


def session_guarantee(
    operations: Iterable[Operation], guarantee: str, *, model: str = "register", initial: Any = None
) -> CheckResult:
    """Whether *guarantee*, one of `GUARANTEES` (with blanks or hyphens), held in every session.

    Versions are taken from results: ``{"value": …, "version": …}``, or for the model ``stream`` the number (or the
    length of the list) itself. Where there are none, a value that was written once stands for its write, and a write
    that ended before another began is the older one; one with an unknown outcome is older than nothing, since it may
    take effect at any later time. By that rule a session's writes are always in order, so
    without versions the two guarantees of writes are unknown. So is whatever compares writes that overlapped,
    and a subject on which there are other operations than reads and writes, for nobody knows what those did.

    Raises InvalidValue for another guarantee.
    """
    guarantee = guarantee.replace("-", " ")
    if guarantee not in GUARANTEES:
        raise InvalidValue("guarantee", guarantee, f"one of {', '.join(GUARANTEES)}")
    pairs, undecidable = 0, []
    sorted_ = sorted_out(operations, (*READS, *WRITES), "a session's", in_turn=True)
    for of_subject in sorted_.judged.values():
        for earlier, later in _pairs(_seen(of_subject, model, initial), guarantee):
            pairs += 1
            is_kept = _in_order(earlier, later, guarantee)
            if is_kept is False:
                return broken(guarantee, _reason(guarantee, earlier, later), _evidence(earlier, later))
            if is_kept is None:
                undecidable.append(f"{told(earlier.operation)}; then {told(later.operation)}")
    if sorted_.reasons:
        return undecided(guarantee, sorted_.because, sorted_.witnesses)
    if undecidable:
        return undecided(guarantee, f"the versions of {len(undecidable)} of {pairs} pairs cannot be told", undecidable)
    if not pairs:
        return undecided(guarantee, "no session has two operations that it speaks of")
    return held(guarantee, f"{pairs:,} pairs of operations of one session are in order")


def _seen(operations: Sequence[Operation], model: str, initial: Any) -> dict[str, list[_Seen]]:
    """What each session did, in its order. Reads that nobody heard the end of say nothing."""
    sources: dict[object, list[Operation]] = {}
    for each in operations:
        if _writes(each):
            sources.setdefault(hashable(_written(each)), []).append(each)
    sessions: dict[str, list[_Seen]] = {}
    for each in operations:
        writes = _writes(each)
        if each.outcome != "ok" or not (writes or each.operation in READS):
            continue
        value = value_of(each.result)
        found = [each] if writes else sources.get(hashable(value), [])
        could_be_initial = not writes and hashable(value) == hashable(initial)
        source = found[0] if len(found) == 1 and not could_be_initial else None
        seen = _Seen(each, writes, _version(each, model), source, could_be_initial and not found)
        sessions.setdefault(each.process, []).append(seen)
    return sessions


def _writes(operation: Operation) -> bool:
    return operation.operation in WRITES and not (operation.operation == "cas" and operation.result is False)


def _written(operation: Operation) -> Any:
    is_pair = operation.operation == "cas" and isinstance(operation.value, list | tuple) and len(operation.value) == 2
    return operation.value[1] if is_pair else operation.value


def _version(operation: Operation, model: str) -> int | None:
    result = operation.result
    if isinstance(result, dict) and result.keys() == {"value", "version"}:
        result = result["version"]
    elif model != "stream":
        return None
    elif isinstance(result, list | tuple):
        return len(result)
    return result if isinstance(result, int) and not isinstance(result, bool) else None


def _pairs(sessions: dict[str, list[_Seen]], guarantee: str) -> Iterable[tuple[_Seen, _Seen]]:
    """What has to be in order: in each session, an operation and the last before it that the guarantee speaks of."""
    first_writes = guarantee in ("read your writes", "monotonic writes")
    second_writes = guarantee in ("monotonic writes", "writes follow reads")
    for operations in sessions.values():
        newest: _Seen | None = None
        for each in operations:
            before = newest is not None and _ended_before(newest.operation, each.operation)
            if newest is not None and before and each.writes is second_writes:
                yield newest, each
            if each.writes is first_writes:
                newest = each


def _ended_before(earlier: Operation, later: Operation) -> bool:
    return earlier.ended is not None and earlier.ended <= later.invoked


def _in_order(earlier: _Seen, later: _Seen, guarantee: str) -> bool | None:
    """Whether *later* is of a version that is not older (newer, if it writes). None where nobody can tell."""
    if earlier.version is not None and later.version is not None:
        return earlier.version < later.version if later.writes else earlier.version <= later.version
    if later.writes:
        return None
    if earlier.is_initial:
        return True
    if earlier.source is None or (later.source is None and not later.is_initial):
        return None
    if later.is_initial:
        return False
    assert later.source is not None
    if later.source is earlier.source or ended_before(earlier.source, later.source):
        return True
    return False if ended_before(later.source, earlier.source) else None


def _reason(guarantee: str, earlier: _Seen, later: _Seen) -> str:
    who, subject = later.operation.process, later.operation.subject
    match guarantee:
        case "read your writes":
            return f"{who} wrote {subject!r}, and then read what was there before"
        case "monotonic reads":
            return f"{who} read {subject!r}, and then something older"
        case "monotonic writes":
            return f"{who} wrote {subject!r} twice, and the second is the older version"
        case _:
            return f"{who} read {subject!r}, and what it wrote then is the older version"


def _evidence(earlier: _Seen, later: _Seen) -> list[str]:
    """The two operations, and the writes whose order tells."""
    named = [earlier.source, earlier.operation, later.source, later.operation]
    operations = {id(each): each for each in named if each is not None}
    return [told(each) for each in sorted(operations.values(), key=lambda each: each.invoked)]
