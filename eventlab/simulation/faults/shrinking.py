"""The smallest schedule that still goes wrong: fewer faults first, then shorter ones, at rounder times."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from inspect import isawaitable, iscoroutine

import msgspec

from ...errors import InvalidValue
from .kinds import Fault
from .schedule import Schedule

TRIALS_MAX = 500


def shrink(schedule: Schedule, still_fails: Callable[[Schedule], bool], *, trials_max: int = TRIALS_MAX) -> Schedule:
    """A schedule that *still_fails*, from which no single fault can be left out, and none made shorter or rounder.

    Delta debugging (Zeller and Hildebrandt 2002) over the faults, then over the times of each, until neither finds
    anything. It asks about no schedule twice, about none whose faults overlap, and at most *trials_max* times; then it
    gives back the best that it has found. Raises InvalidValue if the schedule does not fail to begin with, and if
    *still_fails* has to be awaited.
    """
    trials = _Trials(still_fails, trials_max)
    if not trials.fails(schedule):
        raise InvalidValue("shrink", f"a schedule of {len(schedule)} faults", "one that fails to begin with")
    smallest = _fewer(schedule, trials)
    while (smaller := _fewer(_simpler(smallest, trials), trials)) != smallest:
        smallest = smaller
    return smallest


class _Trials:
    def __init__(self, still_fails: Callable[[Schedule], bool], trials_max: int) -> None:
        self._still_fails, self._left = still_fails, trials_max
        self._answers: dict[str, bool] = {}

    def fails(self, schedule: Schedule) -> bool:
        key = schedule.to_json()
        if key not in self._answers and self._left > 0:
            self._left -= 1
            self._answers[key] = self._answer(schedule)
        return self._answers.get(key, False)

    def _answer(self, schedule: Schedule) -> bool:
        answer: object = self._still_fails(schedule)
        if isawaitable(answer):  # which would be true of every schedule
            if iscoroutine(answer):
                answer.close()
            raise InvalidValue(
                "still_fails", self._still_fails, "a plain function, as one that runs a world of its own"
            )
        return bool(answer)


def _fewer(schedule: Schedule, trials: _Trials) -> Schedule:
    """Leave out halves, quarters and so on, down to single faults."""
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


def _simpler(schedule: Schedule, trials: _Trials) -> Schedule:
    """Give one fault after another simpler times, until none of them fails any more."""
    for index in range(len(schedule)):
        while (found := _first_that_fails(schedule, index, trials)) is not None:
            schedule = found
    return schedule


def _first_that_fails(schedule: Schedule, index: int, trials: _Trials) -> Schedule | None:
    candidates = (schedule.replaced(index, simpler) for simpler in _simpler_times(schedule.faults[index]))
    return next((one for one in candidates if not one.overlaps() and trials.fails(one)), None)


def _simpler_times(fault: Fault) -> Iterator[Fault]:
    """The same fault at a whole second, for whole seconds, or for half as long, a quarter shorter, and so on."""
    if fault.at_s != (whole_s := float(int(fault.at_s))):
        yield msgspec.structs.replace(fault, at_s=whole_s)
    lasts_s = int(fault.for_s)
    if 1 <= lasts_s < fault.for_s:
        yield msgspec.structs.replace(fault, for_s=float(lasts_s))
    step_s = lasts_s // 2
    while step_s:
        yield msgspec.structs.replace(fault, for_s=float(lasts_s - step_s))
        step_s //= 2
