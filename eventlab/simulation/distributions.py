"""How long something takes, as a law of chance: frozen values that a seeded generator samples.

Every value answers `sample(chance)`, one draw in seconds, and `mean_s`, its
long-run average. Draws are never negative and never infinite in practice;
parameters outside their domain are refused by name when the value is built.
As JSON a law is its parameters, and its name under ``law``.
"""

from __future__ import annotations

import math
import random
from typing import Protocol, TypeAlias

import msgspec

from ..errors import InvalidValue
from ..errors.given import check_seconds
from .empirical import Empirical


class Distribution(Protocol):
    """A law of durations. *chance* is the generator of the component that draws."""

    @property
    def mean_s(self) -> float: ...

    def sample(self, chance: random.Random) -> float: ...


def _check(
    name: str, value: object, low: float, expected: str, *, low_too: bool = False, high: float = math.inf
) -> None:
    """Refuse what is no finite number above *low* (or equal to it, with *low_too*) and up to *high*."""
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise InvalidValue(name, value, expected)
    if value < low or (value == low and not low_too) or value > high:
        raise InvalidValue(name, value, expected)


def check_distribution(name: str, value: object) -> None:
    """Raises InvalidValue for *name* if nothing can be drawn from its *value*, as from a bare number."""
    if not hasattr(value, "sample"):
        raise InvalidValue(name, value, "a distribution, such as Constant(0.005)")


class Constant(msgspec.Struct, frozen=True, tag_field="law", tag="constant"):
    """Always the same; takes no draw, so that it moves nobody else's."""

    value_s: float

    def __post_init__(self) -> None:
        check_seconds("Constant.value_s", self.value_s, zero_too=True)

    @property
    def mean_s(self) -> float:
        return self.value_s

    def sample(self, chance: random.Random) -> float:
        return self.value_s


class Uniform(msgspec.Struct, frozen=True, tag_field="law", tag="uniform"):
    """Anything between *low_s* and *high_s*, equally likely."""

    low_s: float
    high_s: float

    def __post_init__(self) -> None:
        check_seconds("Uniform.low_s", self.low_s, zero_too=True)
        check_seconds("Uniform.high_s", self.high_s, zero_too=True)
        if self.high_s < self.low_s:
            raise InvalidValue("Uniform.high_s", self.high_s, f"at least low_s, {self.low_s!r}")

    @property
    def mean_s(self) -> float:
        return (self.low_s + self.high_s) / 2

    def sample(self, chance: random.Random) -> float:
        return self.low_s + (self.high_s - self.low_s) * chance.random()


class Exponential(msgspec.Struct, frozen=True, tag_field="law", tag="exponential"):
    """Waiting without memory: times between independent arrivals, and the service times of M/M/1."""

    mean_s: float

    def __post_init__(self) -> None:
        check_seconds("Exponential.mean_s", self.mean_s)

    def sample(self, chance: random.Random) -> float:
        return -self.mean_s * math.log(1.0 - chance.random())


class LogNormal(msgspec.Struct, frozen=True, tag_field="law", tag="lognormal"):
    """A product of many small influences, as latencies are: half lie below *median_s*, with a tail to the right.

    *sigma* is the deviation of the logarithm; 0.4 puts one draw in a hundred above 2.5 medians.
    """

    median_s: float
    sigma: float

    def __post_init__(self) -> None:
        check_seconds("LogNormal.median_s", self.median_s)
        _check("LogNormal.sigma", self.sigma, 0, "a number between 0 and 10, without a unit", low_too=True, high=10)

    @property
    def mean_s(self) -> float:
        return self.median_s * math.exp(self.sigma * self.sigma / 2)

    def sample(self, chance: random.Random) -> float:
        # gauss() keeps half of each pair for the next call; Random.normalvariate() depends on this call alone.
        # It is written out here: half of what a draw costs would be getting there.
        draw = chance.random
        while True:
            u = draw()
            v = 1.0 - draw()
            z = _NV_MAGIC * (u - 0.5) / v
            if z * z / 4.0 <= -_log(v):
                return self.median_s * _exp(self.sigma * z)


class Pareto(msgspec.Struct, frozen=True, tag_field="law", tag="pareto"):
    """A heavy tail: never below *minimum_s*, and the smaller *shape*, the longer the rare waits.

    At a *shape* of 1 or less the mean is infinite, so no average describes it: refused.
    """

    minimum_s: float
    shape: float

    def __post_init__(self) -> None:
        check_seconds("Pareto.minimum_s", self.minimum_s)
        _check("Pareto.shape", self.shape, 1, "a number above 1, without a unit")

    @property
    def mean_s(self) -> float:
        return self.shape * self.minimum_s / (self.shape - 1)

    def sample(self, chance: random.Random) -> float:
        return self.minimum_s * math.pow(1.0 - chance.random(), -1.0 / self.shape)


class AbsNormal(msgspec.Struct, frozen=True, tag_field="law", tag="absnormal"):
    """|N(center, sd)|: a bell around *center_s*, with what would be negative folded back, as in published experiments.

    Its mean is that of the folded normal distribution (Leone, Nelson and Nottingham, Technometrics 3, 1961): a
    little above *center_s*, and equal to it in practice where *sd_s* is below a third of it.
    """

    center_s: float
    sd_s: float

    def __post_init__(self) -> None:
        check_seconds("AbsNormal.center_s", self.center_s, zero_too=True)
        check_seconds("AbsNormal.sd_s", self.sd_s)

    @property
    def mean_s(self) -> float:
        ratio = self.center_s / self.sd_s
        folded = self.sd_s * math.sqrt(2 / math.pi) * math.exp(-ratio * ratio / 2)
        return folded + self.center_s * math.erf(ratio / math.sqrt(2))

    def sample(self, chance: random.Random) -> float:
        return abs(chance.normalvariate(self.center_s, self.sd_s))


class Jittered(msgspec.Struct, frozen=True, tag_field="law", tag="jittered"):
    """A duration plus a variation of its own: *base* is what always has to pass, *jitter* what comes on top."""

    base: AnyDistribution
    jitter: AnyDistribution

    def __post_init__(self) -> None:
        for name, part in (("Jittered.base", self.base), ("Jittered.jitter", self.jitter)):
            check_distribution(name, part)

    @property
    def mean_s(self) -> float:
        return self.base.mean_s + self.jitter.mean_s

    def sample(self, chance: random.Random) -> float:
        return self.base.sample(chance) + self.jitter.sample(chance)


_NV_MAGIC = 4 * math.exp(-0.5) / math.sqrt(2.0)
_log, _exp = math.log, math.exp

AnyDistribution: TypeAlias = Constant | Uniform | Exponential | LogNormal | Pareto | AbsNormal | Empirical | Jittered
