"""The regularised incomplete beta function and its inverse, on which Student's t and exact shares rest."""

from __future__ import annotations

import math
from collections.abc import Callable

_ROUNDS_MAX = 10_000
"""The continued fraction takes about the square root of its larger parameter; this does for a hundred million."""

_TINY = 1e-300


def beta_cdf(x: float, a: float, b: float) -> float:
    """I_x(a, b): the probability that a Beta(a, b) variable is at most *x*.

    By the continued fraction of DLMF 8.17.22, read from the side on which it converges fast.
    """
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    if x > (a + 1) / (a + b + 2):
        return 1.0 - beta_cdf(1.0 - x, b, a)
    front = a * math.log(x) + b * math.log1p(-x) + math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    return math.exp(front) / (a * _fraction(x, a, b))


def _fraction(x: float, a: float, b: float) -> float:
    """The value of 1 + d₁/(1 + d₂/(1 + …)), forwards, by Lentz's method (Press et al. 2007, §5.2 and §6.4)."""
    value, c, d = 1.0, 1.0, 0.0
    for step in range(1, _ROUNDS_MAX):
        m = step // 2
        if step % 2:
            term = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            term = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1.0 / (1.0 + term * d or _TINY)
        c = 1.0 + term / c or _TINY
        value *= c * d
        if abs(c * d - 1.0) < 1e-15:
            break
    return value


def beta_quantile(probability: float, a: float, b: float) -> float:
    """The *x* at which I_x(a, b) reaches *probability*."""
    return where(lambda x: beta_cdf(x, a, b) >= probability, 0.0, 1.0)


def where(holds: Callable[[float], bool], low: float, high: float) -> float:
    """The place between *low* and *high* from which on *holds* is true, to the last bit that matters, by halving."""
    for _ in range(200):
        middle = (low + high) / 2
        if not low < middle < high:
            break
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
