"""A quantile with an interval that holds whatever the values are distributed like."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ...errors import InvalidValue
from .beta import beta_cdf
from .estimate import rounded, share
from .student import check_confidence


@dataclass(frozen=True, slots=True)
class Quantile:
    """The value that a *part* of all stay at or below, from *n* independent ones, and between which of them it lies."""

    part: float
    value: float
    low: float
    high: float
    confidence: float
    n: int

    @classmethod
    def of(cls, values: Sequence[float], part: float, confidence: float = 0.95) -> Quantile:
        """The nearest rank, between two order statistics (David & Nagaraja 2003, §7.1).

        How many of n independent values lie below the true quantile is binomial, so the ranks of both ends follow
        from *n* alone. The values are to be independent, as those of different replications are: requests of one run
        that wait in the same queue are not. Raises InvalidValue when there are too few to have one beyond it on
        each side.
        """
        check_confidence(confidence)
        if not 0 < part < 1:
            raise InvalidValue("part", part, "a share between 0 and 1, both excluded")
        outside, n = (1 - confidence) / 2, len(values)
        needed = math.ceil(max(math.log(outside) / math.log(part), math.log(outside) / math.log1p(-part)))
        if n < needed:
            expected = f"{needed:,} or more for the {share(part)} quantile with {share(confidence)}"
            raise InvalidValue("values", f"{n:,} values", expected)
        ordered = sorted(values)
        # The lower end's rank: the largest with so few below the quantile only by a chance that may be left out.
        low = _rank(n, part, outside)
        high = _rank(n, part, 1 - outside) + 1
        value = ordered[max(0, math.ceil(part * n) - 1)]
        return cls(part, value, ordered[low - 1], ordered[min(high, n) - 1], confidence, n)

    def __str__(self) -> str:
        """``95 % stay below 182 (171 to 201; 95 %, n = 400)``."""
        width = self.high - self.low
        value, low, high = (rounded(number, width) for number in (self.value, self.low, self.high))
        return f"{share(self.part)} stay below {value} ({low} to {high}; {share(self.confidence)}, n = {self.n:,})"


def _rank(n: int, part: float, probability: float) -> int:
    """The largest k for which at most k - 1 of *n* lie below the quantile with no more than this *probability*."""
    low, high = 0, n
    while low < high:
        middle = (low + high + 1) // 2
        if _at_most(middle - 1, n, part) <= probability:
            low = middle
        else:
            high = middle - 1
    return low


def _at_most(count: int, n: int, part: float) -> float:
    """The probability that a binomial count is *count* or less (DLMF 8.17.5)."""
    return 1.0 if count >= n else beta_cdf(1 - part, n - count, count + 1)
