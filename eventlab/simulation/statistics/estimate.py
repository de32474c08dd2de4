"""A mean with the interval around it. Neither is shown without the other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from ...errors import InvalidValue
from .student import check_confidence, t_of


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean of *n* independent values, and how far to each side the true one may lie, with this *confidence*.

    ``str`` gives ``12.3 ± 2.1 (95 %, n = 30)``: there is no text of it that leaves the interval out.
    """

    mean: float
    half_width: float
    confidence: float
    n: int

    def __post_init__(self) -> None:
        check_confidence(self.confidence)
        if not math.isfinite(self.mean):
            raise InvalidValue("Estimate.mean", self.mean, "a finite number")
        if not (math.isfinite(self.half_width) and self.half_width >= 0):
            raise InvalidValue("Estimate.half_width", self.half_width, "a finite number, zero or more")
        if self.n < 2:
            raise InvalidValue("Estimate.n", self.n, "2 or more: one value has no interval")

    @classmethod
    def of(cls, values: Sequence[float], confidence: float = 0.95) -> Self:
        """The mean of independent values with Student's interval (Law 2015, §4.5).

        It is exact for normal values, and near for averages and counts of many things, whatever they are made of.
        Raises InvalidValue for fewer than two values, or one that is not finite.
        """
        check_confidence(confidence)
        n = len(values)
        if n < 2:
            raise InvalidValue("values", list(values), "2 or more: one value has no interval")
        for value in values:
            if not math.isfinite(value):
                raise InvalidValue("values", value, "finite numbers")
        mean = math.fsum(values) / n
        spread = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1))
        if min(values) == max(values):  # a sum of equal values need not divide into them again
            mean, spread = float(values[0]), 0.0
        return cls(mean, t_of(confidence, n) * spread / math.sqrt(n), confidence, n)

    @property
    def low(self) -> float:
        return self.mean - self.half_width

    @property
    def high(self) -> float:
        return self.mean + self.half_width

    @property
    def deviation(self) -> float:
        """The standard deviation of the values that it was made of."""
        return self.half_width * math.sqrt(self.n) / t_of(self.confidence, self.n)

    def covers(self, value: float) -> bool:
        """Whether *value* lies in the interval, its ends included."""
        return self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.interval} ({share(self.confidence)}, n = {self.n})"

    @property
    def interval(self) -> str:
        """``12.3 ± 2.1``: for tables whose heading says the rest."""
        return f"{rounded(self.mean, self.half_width)} ± {rounded(self.half_width, self.half_width)}"


def rounded(value: float, half_width: float) -> str:
    """*value* with as many decimals as two digits of *half_width* have: more would be noise."""
    if half_width == 0:
        text = f"{value:,.6g}"
    else:
        text = f"{value:,.{min(12, max(0, 1 - math.floor(math.log10(half_width))))}f}"
    if not any(digit in text for digit in "123456789"):
        text = text.removeprefix("-")
    return text.replace("-", "−")


def share(part: float) -> str:
    """A share in per cent, as people write it: 95 %, 99.9 %."""
    return f"{100 * part:.6g} %"
