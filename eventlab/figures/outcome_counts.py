"""The sagas of a run as numbers over time: begun, in flight, and how they ended. Nothing is drawn here."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from .faults import FaultSpan, fault_spans
from .saga_story import saga_moves
from .subject import RunLike, end_s

ENDINGS = {
    "completed": "completed",
    "compensation_completed": "compensated",
    "cancelled": "compensated",  # before it began: it has no effect either
    "stuck": "stuck",
    "abandoned": "stuck",  # for good
}
_BIN_WIDTHS_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0, 1800.0, 3600.0)


class Outcomes(NamedTuple):
    """When sagas began, and when they ended in which way; all in order of time."""

    began: tuple[float, ...]
    ended: dict[str, tuple[float, ...]]
    faults: tuple[FaultSpan, ...]
    until_s: float

    @property
    def in_flight(self) -> list[tuple[float, int]]:
        """The number of sagas under way after each beginning and end."""
        steps = [(at, 1) for at in self.began] + [(at, -1) for times in self.ended.values() for at in times]
        count, curve = 0, [(0.0, 0)]
        for at, change in sorted(steps):
            count += change
            curve.append((at, count))
        return [*curve, (self.until_s, count)]

    @property
    def bin_s(self) -> float:
        """A round width that gives about fifty bins."""
        return next((width for width in _BIN_WIDTHS_S if self.until_s / width <= 60), _BIN_WIDTHS_S[-1])


def outcomes(run: RunLike) -> Outcomes:
    """Read them from the moves of the sagas. A stuck saga that an operator freed counts as it ended at last."""
    began: list[float] = []
    ended: dict[str, list[float]] = {ending: [] for ending in dict.fromkeys(ENDINGS.values())}
    for moves in saga_moves(run).values():
        began.append(moves[0][0])
        endings = [(at, ENDINGS[moved.phase]) for at, moved in moves if moved.phase in ENDINGS]
        if endings:
            at, ending = endings[-1]
            ended[ending].append(at)
    return Outcomes(
        began=tuple(sorted(began)),
        ended={ending: tuple(sorted(times)) for ending, times in ended.items()},
        faults=tuple(fault_spans(run)),
        until_s=end_s(run),
    )


def binned(times: Sequence[float], width_s: float, until_s: float) -> list[int]:
    """How many of the times fall into each bin from 0 until the end."""
    bins = [0] * (int(until_s / width_s) + 1)
    for at in times:
        bins[int(at / width_s)] += 1
    return bins


def between(times: Sequence[float], began_s: float, ended_s: float) -> int:
    """How many of the times, which are in order, lie in the span."""
    return bisect_right(times, ended_s) - bisect_right(times, began_s)
