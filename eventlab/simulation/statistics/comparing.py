"""Several policies, each on the same seeds, and what differs between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Literal

from ...errors import InvalidValue
from .estimate import Estimate
from .pairing import Difference, difference
from .replicating import SINGLE, Replications, RunOne, check_replications, measured, seed_of
from .student import check_confidence
from .workers import Progress, run_all

if TYPE_CHECKING:
    import pandas as pd

Pairs = Literal["first", "all"]
"""Which are compared: each with the first, or each with each."""


@dataclass(frozen=True)
class Comparison:
    """What every variant came to, on the same seeds, by its name; the first is what others are compared with."""

    variants: Mapping[str, Replications]

    @property
    def seeds(self) -> tuple[int, ...]:
        return next(iter(self.variants.values())).seeds

    @property
    def metrics(self) -> tuple[str, ...]:
        """The names of everything that was measured in any of them."""
        return tuple(dict.fromkeys(name for found in self.variants.values() for name in found.metrics))

    def estimate(self, variant: str, metric: str = SINGLE, *, confidence: float = 0.95) -> Estimate:
        """The mean of one variant with its interval. Raises InvalidValue when fewer than two runs had such a number."""
        return self._of(variant).estimate(metric, confidence=confidence)

    def difference(
        self, variant: str, metric: str = SINGLE, *, against: str | None = None, confidence: float = 0.95
    ) -> Difference:
        """*variant* minus *against*, or minus the first: this one difference by itself.

        Only seeds count with which both had such a number. Raises InvalidValue when these are fewer than two.
        """
        both = self.pairs(variant, metric, against=against)
        return difference([a for a, _ in both], [b for _, b in both], confidence)

    def pairs(self, variant: str, metric: str = SINGLE, *, against: str | None = None) -> list[tuple[float, float]]:
        """What *against*, or the first, and *variant* came to on each seed with which both had such a number."""
        first = self._of(next(iter(self.variants)) if against is None else against).column(metric)
        return [
            (a, b)
            for a, b in zip(first, self._of(variant).column(metric), strict=True)
            if a is not None and b is not None
        ]

    def differences(
        self, metric: str = SINGLE, *, pairs: Pairs = "first", confidence: float = 0.95
    ) -> dict[tuple[str, str], Difference]:
        """Every pair (one, other) with the other minus the one, all intervals true together with this *confidence*.

        Of k intervals each leaves out 1/k of what all may leave out (Bonferroni; Law 2015, §10.3).
        """
        check_confidence(confidence)
        asked = compared(tuple(self.variants), pairs)
        each = 1 - (1 - confidence) / len(asked)
        return {(a, b): self.difference(b, metric, against=a, confidence=each) for a, b in asked}

    def frame(self) -> pd.DataFrame:
        """A row for each run: its variant and seed, then what it came to. Needs pandas."""
        import pandas as pd

        frames = [found.frame().assign(variant=name) for name, found in self.variants.items()]
        whole = pd.concat(frames, ignore_index=True)
        return whole[["variant", *(column for column in whole if column != "variant")]]

    def _of(self, variant: str) -> Replications:
        found = self.variants.get(variant)
        if found is None:
            raise InvalidValue("variant", variant, f"one of {', '.join(self.variants)}")
        return found


def compared(names: tuple[str, ...], pairs: Pairs = "first") -> list[tuple[str, str]]:
    """The pairs (one, other) among *names*."""
    if pairs == "all":
        return list(combinations(names, 2))
    return [(names[0], name) for name in names[1:]]


def compare(
    variants: Mapping[str, RunOne],
    *,
    replications: int = 30,
    seed: int = 1,
    workers: int = 1,
    progress: Progress | None = None,
) -> Comparison:
    """Run every variant on the same seeds; how many *workers* share the work changes nothing.

    Raises InvalidValue for fewer than two variants or replications, and what :func:`run_all` raises.
    """
    if len(variants) < 2:
        raise InvalidValue("variants", list(variants), "two or more")
    check_replications(replications)
    seeds = tuple(seed_of(seed, index) for index in range(replications))
    tasks = [(run_one, one, index) for run_one in variants.values() for index, one in enumerate(seeds)]
    rows = iter(run_all(measured, tasks, workers=workers, progress=progress))
    return Comparison({name: Replications(seeds, tuple(next(rows) for _ in seeds)) for name in variants})
