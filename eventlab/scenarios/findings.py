"""What a comparison of scenarios found, as plain values: every number with its interval, and in words."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ..simulation.statistics import Comparison, Difference, Estimate, Share
from .measuring import unit_of


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One variant minus the first, on the same seeds; *text* says it in words, with its interval."""

    variant: str
    against: str
    mean: float
    half_width: float
    confidence: float
    n: int
    real: bool
    visible_from: float
    correlation: float | None
    unpaired_half_width: float
    text: str


class Mean(msgspec.Struct, frozen=True, kw_only=True):
    """The mean of one variant, with how far to each side of it the true one may lie."""

    variant: str
    mean: float
    half_width: float
    confidence: float
    n: int
    text: str


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """One number of the runs. *values* are those of each variant, in the order of the seeds; None where there was none.

    A mean is missing where fewer than two runs had such a number, for it would have no interval.
    """

    name: str
    unit: str
    means: list[Mean]
    differences: list[Compared]
    values: dict[str, list[float | None]]


class MetShare(msgspec.Struct, frozen=True, kw_only=True):
    """In how many runs of a variant an expectation was met, and between which shares (0 to 1) the true one lies."""

    variant: str
    met: int
    inconclusive: int
    n: int
    low: float
    high: float


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """An expectation over all runs; `met` is all of them together, and the invariants."""

    text: str
    shares: list[MetShare]


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """A comparison in numbers and words: what ``--format json`` prints."""

    scenario: str
    question: str
    seed: int
    seeds: list[int]
    confidence: float
    warm_up_s: float
    variants: dict[str, list[str]]
    expectations: list[Expected]
    metrics: list[Metric]

    def to_json(self) -> bytes:
        """Indented for people, and the same for the same seeds, however many processes ran them."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"


def met_share(variant: str, answers: Sequence[float | None], confidence: float) -> MetShare:
    """What runs answered to an expectation: 1 met, 0 not met, None inconclusive, which is not met either."""
    share = Share.of(answers.count(1.0), len(answers), confidence)
    return MetShare(
        variant=variant,
        met=share.count,
        inconclusive=answers.count(None),
        n=share.n,
        low=share.low,
        high=share.high,
    )


def metric_of(found: Comparison, name: str, confidence: float) -> Metric:
    """One number of every variant, and its differences to the first, whose intervals hold together."""
    first, *others = found.variants
    together = 1 - (1 - confidence) / len(others)
    return Metric(
        name=name,
        unit=unit_of(name),
        means=[
            _mean(label, runs.estimate(name, confidence=confidence))
            for label, runs in found.variants.items()
            if len(runs.values(name)) > 1
        ],
        differences=[
            _compared(label, first, found.difference(label, name, confidence=together))
            for label in others
            if len(found.pairs(label, name)) > 1
        ],
        values={label: runs.column(name) for label, runs in found.variants.items()},
    )


def _mean(label: str, found: Estimate) -> Mean:
    return Mean(
        variant=label,
        mean=found.mean,
        half_width=found.half_width,
        confidence=found.confidence,
        n=found.n,
        text=found.interval,
    )


def _compared(label: str, first: str, found: Difference) -> Compared:
    estimate = found.estimate
    return Compared(
        variant=label,
        against=first,
        mean=estimate.mean,
        half_width=estimate.half_width,
        confidence=estimate.confidence,
        n=estimate.n,
        real=found.is_real,
        visible_from=found.visible_from,
        correlation=found.correlation,
        unpaired_half_width=found.unpaired_half_width,
        text=str(found),
    )
