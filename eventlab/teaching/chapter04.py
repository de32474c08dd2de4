"""What chapter 4 needs beyond a few lines: runs by name, laws in words, theory in a table."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from eventlab import hooks
from eventlab.checks import CheckResult
from eventlab.history import of_kind
from eventlab.scenarios import Run, load, run_virtual
from eventlab.simulation.statistics import t_quantile

from .guarded import exercise
from .said import Said
from .spending import exercise as budget
from .storefront import PROBES, Day, day, in_vain, naive, no_more_probes_than, sound
from .table import Table

__all__ = [
    "CURES", "LOSSES", "PROBES", "run", "runs", "law", "days", "answered_late", "Amplified", "amplified", "as_table",
    "day", "naive", "sound", "no_more_probes_than", "in_vain", "exercise", "budget",
    "SLOW_CALLS",
]  # fmt: skip

FOLDER = Path("../scenarios")
CURES = {
    "as it is": (),
    "backoff": ("policies.retry.backoff={base: 2s, factor: 2, cap: 10s, jitter: equal}",),
    "budget": ("policies.retry.budget={ratio: 10%}",),
    "breaker": ("policies.breaker.enabled=true",),
    "shedding": ("services.database.model.discipline=codel",),
}
"""What is changed in the file, one cure at a time."""

SLOW_CALLS = {
    "slow calls count": (),
    "failures alone": ("policies.breaker.slow_call=60s", "policies.breaker.slow_call_rate=100%"),
}
"""What the breaker of `slow-never-fails` looks at."""

LOSSES = (0.05, 0.15, 0.3, 0.5)
ATTEMPTS = 4


def run(name: str, *sets: str, folder: Path = FOLDER) -> Run:
    """One run of a shipped scenario, with some of its values changed."""
    return run_virtual(load(folder / f"{name}.yaml", list(sets)))


def runs(name: str, variants: Mapping[str, Sequence[str]], *sets: str, folder: Path = FOLDER) -> dict[str, Run]:
    """A run of each variant, by its label; *sets* hold for all of them."""
    return {label: run(name, *sets, *changed, folder=folder) for label, changed in variants.items()}


def law(check: CheckResult) -> Said:
    """What a check found, with its witnesses."""
    if check.valid:
        return Said(f"“{check.name}” holds.", "good")
    return Said(f"“{check.name}” broke: {'; '.join(map(str, check.witnesses))}.", "bad")


def days(**found: Day) -> Table:
    """What became of the customers, and how many calls hung for a second."""
    rows = [[label, f"{one.answered} of {one.customers}", f"{in_vain(one)}"] for label, one in found.items()]
    return Table(["", "customers answered", "calls in vain"], rows)


def answered_late(found: Run) -> float:
    """Of those who asked after the cause had gone, the share that was answered, in percent."""
    (counts,) = (found.summary.answers_after or {}).values()
    return round(100 * counts.ok / counts.total, 1)


class Amplified(NamedTuple):
    """Calls for each request, where each call is lost with probability *loss*: measured, with its interval."""

    loss: float
    mean: float
    within: float

    @property
    def expected(self) -> float:
        """1 + p + p² + …: the n-th attempt is made if all before it were lost."""
        return (1 - self.loss**ATTEMPTS) / (1 - self.loss)

    @property
    def agrees(self) -> bool:
        return abs(self.mean - self.expected) <= self.within


def amplified(losses: Iterable[float] = LOSSES, folder: Path = FOLDER) -> list[Amplified]:
    """Some six hundred requests for each loss, up to four attempts, and no breaker."""
    found = []
    for loss in losses:
        sets = (f"network.links.0.loss={loss}", "load.open.for=20s", "policies.breaker.enabled=false")
        entries = run("breaker-hurts", *sets, folder=folder).entries
        calls = Counter(call.key for _, call in of_kind(entries, hooks.CallStarted) if call.target == "stock")
        tries = list(calls.values())
        spread = statistics.stdev(tries) / len(tries) ** 0.5
        found.append(Amplified(loss, statistics.mean(tries), t_quantile(0.99, len(tries) - 1) * spread))
    return found


def as_table(found: Iterable[Amplified]) -> Table:
    """Expected and measured, a row for each loss."""
    return Table(["lost calls", "expected", "measured (99 %)", "agrees"], [_row(one) for one in found])


def _row(one: Amplified) -> list[str]:
    measured = f"{one.mean:.3f} ± {one.within:.3f}"
    return [f"{100 * one.loss:g} %", f"{one.expected:.3f}", measured, "yes" if one.agrees else "NO"]
