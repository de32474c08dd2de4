"""What is to hold at every moment, and what is to hold again once faults have ended.

Moments are in seconds since the run began.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from ..errors import InvalidValue
from ..history import Entry
from ..hooks import FaultBegan, FaultEnded
from .result import CheckResult, broken, held, undecided

State = tuple[float, Any]
"""When something was seen, and what it was."""


class FaultWindow(msgspec.Struct, frozen=True):
    """A fault and how long it held; *ended* is None if it never was lifted."""

    fault: str
    began: float
    ended: float | None

    def __str__(self) -> str:
        return f"{self.fault} from {self.began:g} s to {'…' if self.ended is None else f'{self.ended:g} s'}"


def fault_windows(entries: Iterable[Entry]) -> list[FaultWindow]:
    """The faults of a history, in the order in which they began."""
    found: list[FaultWindow] = []
    open_: dict[str, list[int]] = {}
    for entry in entries:
        if isinstance(entry.what, FaultBegan):
            name = f"{entry.what.fault} {entry.what.detail}".rstrip()
            open_.setdefault(name, []).append(len(found))
            found.append(FaultWindow(name, entry.at, None))
        elif isinstance(entry.what, FaultEnded):
            waiting = open_.get(f"{entry.what.fault} {entry.what.detail}".rstrip())
            if waiting:
                at = waiting.pop(0)
                found[at] = msgspec.structs.replace(found[at], ended=entry.at)
    return found


def healed_s(faults: Iterable[FaultWindow]) -> float | None:
    """When the last fault ended: 0 if there was none, None if one never did."""
    ends = [fault.ended for fault in faults]
    return None if None in ends else max((end for end in ends if end is not None), default=0.0)


def always(name: str, states: Iterable[State], holds: Callable[[Any], bool]) -> CheckResult:
    """The condition held in every state that was seen; without any, that is unknown."""
    given = list(states)
    wrong = [f"{at:g} s: {value!r}" for at, value in given if not holds(value)]
    if wrong:
        return broken(name, f"it does not hold in {len(wrong)} of {len(given)} states", wrong)
    return held(name, f"it holds in all {len(given)} states") if given else undecided(name, "no state was seen")


def eventually(
    name: str,
    states: Iterable[State],
    holds: Callable[[Any], bool],
    *,
    healed_s: float | None,
    within_s: float | None = None,
) -> CheckResult:
    """The condition holds at some time after *healed_s* and stays; if *within_s* is given, from that long after on.

    A state lasts until the next one; of two at one moment, the one that is given later. Unknown if a fault never ended
    (*healed_s* is None), or no state was seen.
    Raises InvalidValue for a negative *within_s*.
    """
    check_bound("within_s", within_s)
    given = sorted(states, key=lambda state: state[0])
    if healed_s is None or not given:
        return undecided(name, "a fault never ended" if given else "no state was seen")
    settled: float | None = None
    for at, value in given:
        if not holds(value):
            settled = None
        elif settled is None:
            settled = at
    if settled is None:
        at, value = given[-1]
        if at < healed_s:
            return undecided(name, f"no state was seen after faults had ended at {healed_s:g} s")
        return broken(
            name, f"it does not hold at the end, though faults had ended at {healed_s:g} s", [_seen(at, value)]
        )
    waited_s = max(0.0, settled - healed_s)
    because = f"it holds for good {waited_s:g} s after faults had ended at {healed_s:g} s"
    if within_s is not None and waited_s > within_s:
        late = [_seen(at, value) for at, value in given if not holds(value)]
        return broken(name, f"{because}, which is more than {within_s:g} s", late[-1:])
    return held(name, because)


def _seen(at: float, value: Any) -> str:
    return f"{at:g} s: {value!r}"


def check_bound(field: str, bound_s: float | None) -> None:
    """Raises InvalidValue for a bound below nothing."""
    if bound_s is not None and not bound_s >= 0:
        raise InvalidValue(field, bound_s, "seconds, not negative")
