"""How long the warm-up of a scenario is: found in a few runs of each variant before they are compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..errors import InvalidValue, RunRefused
from ..history import Entry, operations
from ..simulation.statistics import seed_of, warm_up, welch
from ..simulation.statistics.workers import run_all
from .replicating import ScenarioRun

PILOTS = 5
"""Runs of each variant that are looked at: enough to see through the noise of a single one."""

Served = tuple[float, float]
"""When something was asked for, and how long its answer took, in seconds."""


def warm_up_of(runs: Mapping[str, ScenarioRun], seed: int, *, workers: int = 1) -> float:
    """The time after which all variants have settled: one for all, or they would not be compared alike.

    It is where MSER-5 cuts the mean over the runs of the latencies, in the order in which they were asked for.
    Raises RunRefused, which names the variant, where nothing settles, or too little was answered to tell.
    """
    # Seeds before the first: a cut that is chosen on the runs that are then compared would suit these too well.
    tasks = [(run, seed_of(seed, -1 - index)) for run in runs.values() for index in range(PILOTS)]
    found = iter(run_all(_served_by, tasks, workers=workers))
    return max(settled_s([next(found) for _ in range(PILOTS)], label) for label in runs)


def settled_s(series: Sequence[Sequence[Served]], label: str) -> float:
    """When the runs of one variant have settled; 0 where they began as they went on."""
    try:
        cut = warm_up(welch([[took_s for _, took_s in one] for one in series]))
    except InvalidValue:
        raise RunRefused(
            f"--warm-up auto: fewer than fifty answers came in some run of {label}: give the time instead"
        ) from None
    if not cut.is_found:
        raise RunRefused(
            f"--warm-up auto: {label} does not settle in the first half of its run: let it run longer, or give the time"
        )
    return max(one[cut.skipped][0] for one in series) if cut.skipped else 0.0


def served(entries: Sequence[Entry]) -> list[Served]:
    """Everything that was asked for and answered, in the order in which it was asked for."""
    return [
        (one.invoked, one.ended - one.invoked)
        for one in operations(entries)
        if one.outcome == "ok" and one.ended is not None
    ]


def _served_by(task: tuple[ScenarioRun, int]) -> list[Served]:
    run, seed = task
    return served(run.run(seed).entries)
