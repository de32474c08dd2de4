"""A scenario as a function of the seed, for statistics over many runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from .assembly import AppFactory
from .expecting import MEAN_LATENCY
from .latencies import latencies_s
from .loading import load
from .measuring import measurements
from .runs import Run
from .summarising import summarise
from .summary import Summary
from .virtual import run_virtual
from .warming import after_warm_up

Apps = Callable[[], Mapping[str, AppFactory]]


@dataclass(frozen=True)
class ScenarioRun:
    """Runs a scenario in virtual time with the seed that it is called with, and gives what it came to by name.

    It travels to other processes: the file is read there again, and *apps*, a function at the top of a
    module, brings `app:` services there. What began before *warm_up_s* counts only for expectations.
    """

    path: Path
    sets: tuple[str, ...] = ()
    apps: Apps | None = None
    warm_up_s: float = 0.0

    def __call__(self, seed: int) -> dict[str, float | None]:
        run = self.run(seed)
        services = list(run.scenario.services)
        found = measurements(run.summary, services)
        if self.warm_up_s:
            later = measurements(_later(run, self.warm_up_s), services)
            found |= {path: later[path] for path in later if path in found and path not in _judged(run)}
        # Over many runs, it is their means that have an interval: no run has to have one of its own.
        took_s = latencies_s(after_warm_up(run.entries, self.warm_up_s) if self.warm_up_s else run.entries)
        return found | {MEAN_LATENCY: round(1000 * fmean(took_s), 3) if took_s else None}

    def run(self, seed: int) -> Run:
        """The whole run, with its history."""
        loaded = load(self.path, [*self.sets, f"seed={seed}"])
        return run_virtual(loaded, apps=self.apps() if self.apps else None)


def _judged(run: Run) -> set[str]:
    """What is said of the whole run, whatever its warm-up."""
    return {"met", "orders", "duration", *(line.text for line in run.summary.expectations)}


def _later(run: Run, warm_up_s: float) -> Summary:
    whole = run.summary
    entries = after_warm_up(run.entries, warm_up_s)
    return summarise(
        entries, run.scenario, name=whole.scenario, seed=whole.seed, clock=whole.clock, orders=whole.orders
    )
