"""How often something held, with the interval around that share."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

from ...errors import InvalidValue
from .beta import beta_quantile
from .student import check_confidence

Method = Literal["wilson", "exact"]


@dataclass(frozen=True, slots=True)
class Share:
    """*count* of *n* replications, and between which shares the true one lies, with this *confidence*."""

    count: int
    n: int
    low: float
    high: float
    confidence: float

    @classmethod
    def of(cls, count: int, n: int, confidence: float = 0.95, method: Method = "wilson") -> Share:
        """The share that *count* of *n* are.

        ``wilson`` covers the truth as often as it says on average (Wilson 1927; Brown, Cai & DasGupta 2001);
        ``exact`` never less often, and is wider (Clopper & Pearson 1934). Raises InvalidValue for more than all, and
        for a share of nothing.
        """
        check_confidence(confidence)
        if n < 1:
            raise InvalidValue("n", n, "1 or more")
        if not 0 <= count <= n:
            raise InvalidValue("count", count, f"0 to {n}")
        low, high = (_wilson if method == "wilson" else _exact)(count, n, confidence)
        return cls(count, n, low, high, confidence)

    def __str__(self) -> str:
        """``28 of 30 (79 % to 98 %)``."""
        return f"{self.count} of {self.n} ({100 * self.low:.0f} % to {100 * self.high:.0f} %)"


def _wilson(count: int, n: int, confidence: float) -> tuple[float, float]:
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    part, weight = count / n, z * z / n
    centre = (part + weight / 2) / (1 + weight)
    reach = z * math.sqrt(part * (1 - part) / n + weight / (4 * n)) / (1 + weight)
    # Of none, or of all, an end is the share itself; the sum would miss it by a rounding.
    return (0.0 if count == 0 else centre - reach), (1.0 if count == n else centre + reach)


def _exact(count: int, n: int, confidence: float) -> tuple[float, float]:
    outside = (1 - confidence) / 2
    low = beta_quantile(outside, count, n - count + 1) if count else 0.0
    high = beta_quantile(1 - outside, count + 1, n - count) if count < n else 1.0
    return low, high
