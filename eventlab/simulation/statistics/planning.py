"""How many replications an interval of the wanted width takes."""

from __future__ import annotations

import math

from ...errors import InvalidValue
from .estimate import Estimate
from .student import t_of

REPLICATIONS_MAX = 1_000_000_000


def replications_needed(estimate: Estimate, half_width: float) -> int:
    """The number of replications, those that there are included, after which the interval should be so narrow.

    It takes the deviation of those that there are for the true one (Law 2015, §9.4.1), so a handful
    gives no more than an idea. Raises InvalidValue for a half width that is not above zero, or takes a billion.
    """
    if not (math.isfinite(half_width) and half_width > 0):
        raise InvalidValue("half_width", half_width, "a finite number above zero")
    low, high = estimate.n, estimate.n
    while _half_width(estimate, high) > half_width:
        low, high = high, 2 * high
        if high > REPLICATIONS_MAX:
            raise InvalidValue("half_width", half_width, "one that a billion replications can reach")
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if _half_width(estimate, middle) <= half_width else (middle + 1, high)
    return high


def _half_width(estimate: Estimate, n: int) -> float:
    return t_of(estimate.confidence, n) * estimate.deviation / math.sqrt(n)
