"""Where a run has forgotten how it began: what to leave out, and a picture to see it in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ...errors import InvalidValue

BATCH = 5
"""MSER-5 looks at means of five: single values are too noisy to tell."""

VALUES_MIN = 10 * BATCH


@dataclass(frozen=True, slots=True)
class WarmUp:
    """How many values at the beginning are to be left out.

    *is_found* is false where the best cut lies at the edge of the first half: then the run was too short, or never
    settles.
    """

    skipped: int
    is_found: bool


def warm_up(values: Sequence[float]) -> WarmUp:
    """The cut that leaves the surest mean, by MSER-5 (White 1997; White, Cobb & Spratt 2000).

    Of means of five in a row, the first d are cut so that the squared standard error of the mean of the rest is
    smallest; d reaches to the middle at most, for beyond it too few are left to tell. Raises InvalidValue for fewer
    than fifty values.
    """
    if len(values) < VALUES_MIN:
        raise InvalidValue("values", f"{len(values)} values", f"{VALUES_MIN} or more, in the order in which they came")
    means = [math.fsum(values[at : at + BATCH]) / BATCH for at in range(0, len(values) - BATCH + 1, BATCH)]
    best, best_error = 0, math.inf
    # From the end, so that the sums over what is left grow by one term in each step.
    mean, squares = 0.0, 0.0
    for count, cut in enumerate(reversed(range(len(means))), start=1):
        step = means[cut] - mean
        mean += step / count
        squares += step * (means[cut] - mean)
        if cut <= len(means) // 2 and (error := squares / count**2) <= best_error:
            best, best_error = cut, error
    return WarmUp(best * BATCH, best < len(means) // 2)


def welch(series: Sequence[Sequence[float]], window: int = 0) -> list[float]:
    """What to plot to see where a warm-up ends: the mean over replications at each place, smoothed by its neighbours.

    The *window* reaches so far to each side; near the beginning it is as narrow as what lies before allows (Welch
    1983; Law 2015, §9.5.1). The plot ends where the shortest series ends, less the window. Raises InvalidValue for
    no series, or a window wider than half of one.
    """
    if not series:
        raise InvalidValue("series", list(series), "one or more, each of one replication")
    length = min(len(one) for one in series)
    if not 0 <= window <= length // 2:
        raise InvalidValue("window", window, f"0 to {length // 2}, half of the shortest series")
    means = [math.fsum(one[at] for one in series) / len(series) for at in range(length)]
    smoothed = []
    for at in range(length - window):
        reach = min(at, window)
        around = means[at - reach : at + reach + 1]
        smoothed.append(math.fsum(around) / len(around))
    return smoothed
