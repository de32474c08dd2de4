"""Replications: the same function of a seed, many times, each time with a seed of its own."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from ...errors import InvalidValue
from .estimate import Estimate
from .workers import Progress, run_all

if TYPE_CHECKING:
    import pandas as pd

Measured: TypeAlias = float | Mapping[str, float | None]
"""What one run came to: a number, or several by name. None: this run has no such number."""

RunOne: TypeAlias = Callable[[int], Measured]
"""One run: a function of the seed and of nothing else."""

SINGLE = "value"
"""The name of the number of a run that gives only one."""


def seed_of(seed: int, index: int) -> int:
    """The seed of replication *index*, from 0: by hash, so that any worker can tell it, and none meets another's.

    It has 48 bits, and can be typed again to look at that one run.
    """
    digest = hashlib.sha256(f"{seed}/replication/{index}".encode()).digest()
    return int.from_bytes(digest[:6], "big")


@dataclass(frozen=True)
class Replications:
    """What each replication came to, in the order of their indices."""

    seeds: tuple[int, ...]
    rows: tuple[Mapping[str, float | None], ...]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def metrics(self) -> tuple[str, ...]:
        """The names of everything that was measured, in the order in which it first came."""
        return tuple(dict.fromkeys(name for row in self.rows for name in row))

    def column(self, metric: str = SINGLE) -> list[float | None]:
        """One number of every replication; None where it had none. Raises InvalidValue for an unknown name."""
        if metric not in self.metrics:
            raise InvalidValue("metric", metric, f"one of {', '.join(self.metrics)}")
        return [row.get(metric) for row in self.rows]

    def values(self, metric: str = SINGLE) -> list[float]:
        """One number of each replication that had it."""
        return [value for value in self.column(metric) if value is not None]

    def estimate(self, metric: str = SINGLE, *, confidence: float = 0.95) -> Estimate:
        """Its mean with its interval. Raises InvalidValue when fewer than two replications had it."""
        return Estimate.of(self.values(metric), confidence)

    def frame(self) -> pd.DataFrame:
        """A row for each replication: its seed, then what it came to. Needs pandas."""
        import pandas as pd

        return pd.DataFrame([{"seed": seed, **row} for seed, row in zip(self.seeds, self.rows, strict=True)])


def replicate(
    run_one: RunOne, *, replications: int = 30, seed: int = 1, workers: int = 1, progress: Progress | None = None
) -> Replications:
    """Run *run_one* with as many seeds, which follow from *seed* by :func:`seed_of`; over *workers* processes.

    Raises InvalidValue for fewer than two replications, and for a result that is no finite number; an error of a run
    is raised as it is, with a note that tells its replication and its seed.
    """
    check_replications(replications)
    seeds = tuple(seed_of(seed, index) for index in range(replications))
    tasks = [(run_one, seed, index) for index, seed in enumerate(seeds)]
    return Replications(seeds, tuple(run_all(measured, tasks, workers=workers, progress=progress)))


def check_replications(replications: object) -> None:
    if not isinstance(replications, int) or replications < 2:  # True is 1
        raise InvalidValue("replications", replications, "a whole number from 2 on: one run has no interval")


def measured(task: tuple[RunOne, int, int]) -> dict[str, float | None]:
    """One replication, by its function, seed and index, with its result looked through."""
    run_one, seed, index = task
    try:
        found = run_one(seed)
    except Exception as error:
        error.add_note(f"in replication {index}, with seed {seed}")
        raise
    row: dict[str, float | None] = dict(found) if isinstance(found, Mapping) else {SINGLE: found}
    for name, value in row.items():
        if value is not None and not _is_finite(value):
            raise InvalidValue(f"{name} of replication {index} (seed {seed})", value, "a finite number, or None")
    return row


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
