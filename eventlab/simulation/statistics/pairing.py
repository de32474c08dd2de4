"""Two policies on the same seeds: what differs between them, and whether that is more than chance.

Both meet the same arrivals, delays and faults (common random numbers; Law 2015, §11.2), so that what chance does to
one it does to the other, and their difference tells more than either. Each seed gives one difference, and the
differences give a paired t interval (Law 2015, §10.2.1).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ...errors import InvalidValue
from .estimate import Estimate, rounded, share
from .student import t_of, t_quantile

POWER = 0.8
"""How probably a difference that can be seen is seen: the usual four times in five."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The second minus the first, seed by seed.

    *correlation* is what the common seeds brought: near 1 the two went up and down together, and near 0 other seeds
    would have done as well; None where one of them never varied. *unpaired_half_width* is what the
    interval would be had each drawn seeds of its own.
    """

    estimate: Estimate
    correlation: float | None
    unpaired_half_width: float

    @property
    def is_real(self) -> bool:
        """Whether the interval leaves zero out."""
        return not self.estimate.covers(0.0)

    @property
    def is_none_at_all(self) -> bool:
        """Whether both came to the same in every single replication."""
        return self.estimate.mean == 0 and self.estimate.half_width == 0

    @property
    def visible_from(self) -> float:
        """The true difference that so many replications would show in four of five such comparisons.

        (t_{1-α/2} + t_{0.8}) · s/√n: Chow, Shao & Wang 2008, §3.1.
        """
        n, deviation = self.estimate.n, self.estimate.deviation
        return (t_of(self.estimate.confidence, n) + t_quantile(POWER, n - 1)) * deviation / math.sqrt(n)

    def __str__(self) -> str:
        """In words, never without the interval."""
        found = self.estimate
        if self.is_none_at_all:
            return f"no difference: the same in each of {found.n} replications"
        if self.is_real:
            size = Estimate(abs(found.mean), found.half_width, found.confidence, found.n)
            way = "higher" if found.mean > 0 else "lower"
            return f"{way} by {size.interval} ({share(found.confidence)})"
        visible = rounded(self.visible_from, self.visible_from)
        return (
            f"no difference shown ({found.interval}, {share(found.confidence)}); "
            f"{found.n} replications can see differences from {visible} on"
        )


def difference(first: Sequence[float], second: Sequence[float], confidence: float = 0.95) -> Difference:
    """How the *second* differs from the *first*, where values at the same place come from the same seed.

    Raises InvalidValue for fewer than two pairs, or when there are more values on one side.
    """
    if len(first) != len(second):
        raise InvalidValue("second", f"{len(second)} values", f"{len(first)}, one for each of the first")
    estimate = Estimate.of([b - a for a, b in zip(first, second, strict=True)], confidence)
    left, right = Estimate.of(first, confidence), Estimate.of(second, confidence)
    apart = math.hypot(left.deviation, right.deviation) / math.sqrt(estimate.n)
    half_width = t_quantile((1 + confidence) / 2, 2 * estimate.n - 2) * apart
    return Difference(estimate, _correlation(first, second, left, right), half_width)


def _correlation(first: Sequence[float], second: Sequence[float], left: Estimate, right: Estimate) -> float | None:
    if not left.deviation or not right.deviation:
        return None
    together = math.fsum((a - left.mean) * (b - right.mean) for a, b in zip(first, second, strict=True))
    return max(-1.0, min(1.0, together / (len(first) - 1) / left.deviation / right.deviation))
