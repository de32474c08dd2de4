"""Quantiles of Student's t: how many standard errors an interval from few values must reach."""

from __future__ import annotations

import math
from functools import cache

from ...errors import InvalidValue
from .beta import beta_cdf, where


def t_cdf(t: float, degrees: float) -> float:
    """The probability that Student's t with *degrees* of freedom is at most *t*."""
    tail = beta_cdf(degrees / (degrees + t * t), degrees / 2, 0.5) / 2
    return 1.0 - tail if t > 0 else tail


@cache
def t_quantile(probability: float, degrees: float) -> float:
    """The t that Student's t with *degrees* of freedom stays below with this *probability*.

    ``t_quantile(0.975, 29)`` is 2.045: an interval of 95 % from 30 values leaves 2.5 % on each side.
    Raises InvalidValue for a probability that is not between 0 and 1, and for degrees of 0 or less.
    """
    if not 0 < probability < 1:
        raise InvalidValue("probability", probability, "a number between 0 and 1, both excluded")
    if not degrees > 0:
        raise InvalidValue("degrees", degrees, "a number above 0: one less than there are values")
    if probability < 0.5:
        return -t_quantile(1.0 - probability, degrees)
    tail = 1.0 - probability
    high = 1.0
    while 1.0 - t_cdf(high, degrees) > tail and math.isfinite(high * high):
        high *= 2
    return where(lambda t: t_cdf(-t, degrees) <= tail, 0.0, high)


def t_of(confidence: float, n: int) -> float:
    """How many standard errors an interval of this *confidence* around a mean of *n* values reaches to each side."""
    return t_quantile((1.0 + confidence) / 2, n - 1)


def check_confidence(confidence: object) -> None:
    """Refuse what is no probability strictly between 0 and 1."""
    if not isinstance(confidence, int | float) or not 0 < confidence < 1:
        raise InvalidValue("confidence", confidence, "a number between 0 and 1, both excluded, such as 0.95")
