"""A failing schedule of faults made small: fewer faults, and shorter ones.

Faults are left out by halves, quarters, and so on down to single ones, after Zeller and Hildebrandt,
"Simplifying and Isolating Failure-Inducing Input" (2002), here only by taking away.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from ..errors import InvalidValue
from .schedule import Schedule

_Fails = Callable[[Schedule], bool]


def shrink(schedule: Schedule, still_fails: _Fails, *, attempts_max: int = 500) -> Schedule:
    """A schedule that is no larger and still fails, with the same result every time if *still_fails* has one.

    *still_fails* is asked at most *attempts_max* times: the smallest that was found by then comes back. Raises
    InvalidValue if *schedule* does not fail, or if *attempts_max* is below 1.
    """
    if attempts_max < 1:
        raise InvalidValue("shrink, attempts_max", attempts_max, "at least 1")
    if not still_fails(schedule):
        raise InvalidValue("schedule", schedule, "one that fails")
    left = attempts_max - 1

    def fails(candidate: Schedule) -> bool:
        nonlocal left
        left -= 1
        return left >= 0 and still_fails(candidate)

    return _shorter(_fewer(schedule, fails), fails)


def _fewer(schedule: Schedule, fails: _Fails) -> Schedule:
    size = max(1, len(schedule) // 2)
    while True:
        start, before = 0, len(schedule)
        while start < len(schedule):
            candidate = Schedule((*schedule.faults[:start], *schedule.faults[start + size :]))
            if fails(candidate):
                schedule = candidate
            else:
                start += size
        if size == 1 and len(schedule) == before:
            return schedule
        size = max(1, size // 2)


def _shorter(schedule: Schedule, fails: _Fails) -> Schedule:
    """Each fault half as long, as often as it still fails."""
    for place in range(len(schedule)):
        while (halved := _halved(schedule, place)).faults[place].for_s >= 1e-3 and fails(halved):
            schedule = halved
    return schedule


def _halved(schedule: Schedule, place: int) -> Schedule:
    faults = list(schedule.faults)
    faults[place] = msgspec.structs.replace(faults[place], for_s=faults[place].for_s / 2)
    return Schedule(faults)
