"""The smallest schedule that still goes wrong: fewer faults first, then shorter ones, at rounder times."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from ...errors import InvalidValue
from .kinds import Fault
from .schedule import Schedule

TRIALS_MAX = 500


def shrink(schedule: Schedule, still_fails: Callable[[Schedule], bool], *, trials_max: int = TRIALS_MAX) -> Schedule:
    """A schedule that *still_fails*, from which no fault can be left out, and none made shorter or rounder.

    Delta debugging (Zeller and Hildebrandt 2002) over the faults, then over the times of each. It asks at most
    *trials_max* times, and gives back the best that it has found by then. Raises InvalidValue if the schedule does
    not fail to begin with.
    """
    trials = _Trials(still_fails, trials_max)
    if not trials.fails(schedule):
        raise InvalidValue("shrink", f"a schedule of {len(schedule)} faults", "one that fails to begin with")
    smaller = _fewer(schedule, trials)
    for index in range(len(smaller)):
        smaller = _simpler(smaller, index, trials)
    return smaller


class _Trials:
    def __init__(self, still_fails: Callable[[Schedule], bool], trials_max: int) -> None:
        self._still_fails, self.left = still_fails, trials_max

    def fails(self, schedule: Schedule) -> bool:
        if self.left <= 0:
            return False
        self.left -= 1
        return self._still_fails(schedule)


def _fewer(schedule: Schedule, trials: _Trials) -> Schedule:
    size = max(1, len(schedule) // 2)
    while True:
        begin = 0
        while begin < len(schedule):
            candidate = Schedule(schedule.faults[:begin] + schedule.faults[begin + size :])
            if trials.fails(candidate):
                schedule = candidate
            else:
                begin += size
        if size == 1:
            return schedule
        size //= 2


def _simpler(schedule: Schedule, index: int, trials: _Trials) -> Schedule:
    """Try simpler times for one fault, each from the best so far, until none of them fails any more."""
    while True:
        fault = schedule.faults[index]
        for simpler in _simpler_times(fault):
            candidate = schedule.replaced(index, simpler)
            if candidate.faults[index] == simpler and trials.fails(candidate):  # it keeps its place
                schedule = candidate
                break
        else:
            return schedule


def _simpler_times(fault: Fault) -> Iterator[Fault]:
    """The same fault at a whole second, for half as long, or for whole seconds."""
    for at_s, for_s in (
        (float(int(fault.at_s)), fault.for_s),
        (fault.at_s, max(1.0, float(int(fault.for_s / 2)))),
        (fault.at_s, max(1.0, float(int(fault.for_s)))),
        (fault.at_s, max(1.0, float(int(fault.for_s)) - 1.0)),
    ):
        if (at_s, for_s) != (fault.at_s, fault.for_s) and for_s <= fault.for_s:
            yield msgspec.structs.replace(fault, at_s=at_s, for_s=for_s)
