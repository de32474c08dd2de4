"""How far a run may go: a moment that its clock must not pass, and a number of steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from heapq import heapify, heappush
from numbers import Real
from typing import TYPE_CHECKING, Any

from ..errors import BudgetSpent, Deadlock, InvalidValue
from ..errors.given import check_seconds
from .waiting import describe_waiting

if TYPE_CHECKING:
    from .loop import SimulationLoop

_AFTER_ALL_ELSE = 9
"""SimPy's priorities are 0 and 1: what is due at the last moment itself still runs."""


@contextmanager
def budgeted(loop: SimulationLoop, until_s: float | None, steps_max: int | None) -> Iterator[None]:
    """Let *loop* run up to *until_s* on the world's clock, and for *steps_max* callbacks and steps of tasks.

    Raises BudgetSpent out of the loop where either is used up, and InvalidValue for a moment that has passed
    or a number below 1. The clock is watched by an event of its own, the steps by the taking of the next one: who
    sets no budget pays nothing.
    """
    if until_s is not None:
        check_seconds("until_s", until_s, zero_too=True, endless_too=True)
        if until_s < loop.time():
            raise InvalidValue("until_s", until_s, f"a moment that has not passed: it is {loop.time():g} s")
    if steps_max is not None and not _is_count(steps_max):
        raise InvalidValue("steps_max", steps_max, "a whole number of steps from 1, or None")
    item = _watch_clock(loop, until_s) if until_s is not None else None
    if steps_max is not None:
        loop.taking = lambda take: _counted(loop, take, steps_max)
    try:
        yield
    finally:
        loop.taking = None
        if item is not None and item in loop._heap:
            loop._heap.remove(item)
            heapify(loop._heap)


def _is_count(steps: Any) -> bool:
    """Whether counting down from *steps* comes to 0."""
    is_number = isinstance(steps, Real) and not isinstance(steps, bool)
    return is_number and bool(steps >= 1 and steps % 1 == 0)


def _watch_clock(loop: SimulationLoop, until_s: float) -> tuple[Any, ...]:
    event = loop._env.event()
    event._ok = True

    def ring(_: object) -> None:
        if not loop._heap:
            raise Deadlock(describe_waiting(loop))
        raise BudgetSpent(f"{until_s:g} s of virtual time", describe_waiting(loop, in_vain=False))

    event.callbacks = [ring]
    item = (until_s, _AFTER_ALL_ELSE, next(loop._env._eid), event)
    heappush(loop._heap, item)
    return item


def _counted(loop: SimulationLoop, take: Callable[[], Any], steps_max: int) -> Callable[[], Any]:
    left = steps_max

    def take_counted() -> Any:
        nonlocal left
        if not left:
            raise BudgetSpent(f"{steps_max} steps, at {loop.time():g} s", describe_waiting(loop, in_vain=False))
        left -= 1
        return take()

    return take_counted
