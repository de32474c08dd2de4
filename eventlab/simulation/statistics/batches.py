"""One long run cut into batches, whose means stand for replications."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from ...errors import InvalidValue
from .estimate import Estimate


@dataclass(frozen=True, slots=True)
class Batches:
    """The mean of a long run, with its interval from batches of *size* values.

    *correlation* is that between each batch and the next. Where it is no longer chance (*look_independent* is
    false) the batches are too short, and the interval is too narrow to be believed.
    """

    estimate: Estimate
    size: int
    correlation: float

    @property
    def look_independent(self) -> bool:
        """Whether the correlation of neighbours is one that independent batches have in 39 of 40 cases."""
        return self.correlation <= 1.96 / math.sqrt(self.estimate.n)

    @property
    def doubt(self) -> str:
        """Why the interval is not to be believed; nothing where it is."""
        return "" if self.look_independent else "; neighbouring batches are alike: the run is too short for it"

    def __str__(self) -> str:
        return f"{self.estimate}, batches of {self.size:,}{self.doubt}"


def batch_means(values: Sequence[float], *, batches: int = 20, confidence: float = 0.95) -> Batches:
    """The mean of values that depend on their neighbours, as waits in one queue do (Law 2015, §9.5.3).

    Ten to thirty batches are best: more are shorter, and fewer tell little (Schmeiser 1982). What does not fill a
    batch is left out at the beginning. Cut the warm-up off before. Raises InvalidValue for fewer than two batches,
    or two values in each.
    """
    if batches < 2:
        raise InvalidValue("batches", batches, "2 or more: one has no interval")
    size = len(values) // batches
    if size < 2:
        raise InvalidValue("values", f"{len(values)} values", f"at least two for each of {batches} batches")
    first = len(values) - size * batches
    means = [math.fsum(values[at : at + size]) / size for at in range(first, len(values), size)]
    estimate = Estimate.of(means, confidence)
    return Batches(estimate, size, _neighbours(means, estimate.mean))


def _neighbours(means: Sequence[float], mean: float) -> float:
    """The lag-1 autocorrelation; 0 where nothing varies."""
    around = [value - mean for value in means]
    squares = math.fsum(value * value for value in around)
    return math.fsum(a * b for a, b in pairwise(around)) / squares if squares else 0.0
