"""Variants of one scenario on the same seeds, looked through, run, and told of as values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import RunRefused, ScenarioInvalid
from ..simulation.statistics import Comparison, compare
from ..simulation.statistics.workers import Progress
from .assembly import check_apps
from .expecting import known_paths
from .findings import Expected, Findings, Metric, met_share, metric_of
from .loading import Loaded, load
from .measuring import ALL, MET, default_metrics, unknown_metric
from .replicating import Apps, ScenarioRun
from .settling import warm_up_of
from .variants import Variant, variants_of


@dataclass(frozen=True)
class Plan:
    """A comparison that is ready to run, and has not. *named*: the metrics were asked for by their names."""

    variants: list[Variant]
    loaded: Loaded
    metrics: list[str]
    named: bool
    runs: dict[str, ScenarioRun]
    replications: int
    confidence: float
    warm_up_s: float | None

    @property
    def runs_in_all(self) -> int:
        return self.replications * len(self.variants)


def plan(
    file: Path,
    sets: Sequence[str],
    *,
    replications: int = 30,
    metrics: Sequence[str] = (),
    confidence: float = 0.95,
    warm_up_s: float | None = 0.0,
    apps: Apps | None = None,
) -> Plan:
    """Look through what is to be compared; *warm_up_s* is None where it is to be found first.

    Raises ScenarioInvalid, RunRefused or InvalidValue, as a single run does.
    """
    variants = variants_of(sets)
    loaded = _load_all(file, variants)
    brought = apps() if apps else {}
    for one in loaded:
        check_apps(one, brought)
    return Plan(
        variants,
        loaded[0],
        _metrics(metrics, loaded[0]),
        bool(metrics) and ALL not in metrics,
        {one.label: ScenarioRun(file, one.sets, apps) for one in variants},
        replications,
        confidence,
        warm_up_s,
    )


def _load_all(file: Path, variants: Sequence[Variant]) -> list[Loaded]:
    """Every variant, or the problems of all of them together, each once."""
    loaded: list[Loaded] = []
    problems: list[str] = []
    for one in variants:
        try:
            loaded.append(load(file, one.sets))
        except ScenarioInvalid as invalid:
            problems += invalid.problems
    if problems:
        raise ScenarioInvalid(list(dict.fromkeys(problems)))
    return loaded


def _metrics(asked: Sequence[str], loaded: Loaded) -> list[str]:
    services = list(loaded.scenario.services)
    wrong = [f"--metric {name}: {problem}" for name in asked if (problem := unknown_metric(name, services))]
    if wrong:
        raise RunRefused("\n".join(wrong))
    return list(dict.fromkeys(asked)) or default_metrics(loaded.scenario)


def carry_out(plan: Plan, *, workers: int = 1, progress: Progress | None = None) -> Findings:
    """Run every variant on the same seeds, and find what differs; the same for any number of *workers*.

    A number that is zero in every run is only told of when it was asked for by name. Raises RunRefused when no
    run outlasts the warm-up.
    """
    seed = plan.loaded.scenario.seed
    warm_up_s = warm_up_of(plan.runs, seed, workers=workers) if plan.warm_up_s is None else plan.warm_up_s
    runs = {label: replace(run, warm_up_s=warm_up_s) for label, run in plan.runs.items()}
    found = compare(runs, replications=plan.replications, seed=seed, workers=workers, progress=progress)
    _check_warm_up(found, warm_up_s)
    return Findings(
        scenario=plan.loaded.name,
        question=plan.loaded.scenario.question,
        seed=seed,
        seeds=list(found.seeds),
        confidence=plan.confidence,
        warm_up_s=warm_up_s,
        variants={one.label: list(one.changed) for one in plan.variants},
        expectations=list(_expectations(found, plan)),
        metrics=list(_metrics_of(found, plan)),
    )


def _check_warm_up(found: Comparison, warm_up_s: float) -> None:
    longest_s = max((lasted_s for runs in found.variants.values() for lasted_s in runs.values("duration")), default=0.0)
    if warm_up_s and longest_s <= warm_up_s:
        raise RunRefused(
            f"--warm-up {warm_up_s:g}s: every run had ended by then, the longest after {longest_s:g} s, "
            "so nothing is left to compare: give a shorter one"
        )


def _expectations(found: Comparison, plan: Plan) -> Iterator[Expected]:
    texts = [line.text for line in plan.loaded.scenario.expectations]
    for text in dict.fromkeys([MET, *texts]):
        # A variant may change what is expected, and then has no answer to what the first one expects.
        answers = {label: runs.column(text) for label, runs in found.variants.items() if text in runs.metrics}
        yield Expected(
            text=text, shares=[met_share(label, column, plan.confidence) for label, column in answers.items()]
        )


def _metrics_of(found: Comparison, plan: Plan) -> Iterator[Metric]:
    known = [name for name in found.metrics if all(name in runs.metrics for runs in found.variants.values())]
    for name in known_paths(list(plan.loaded.scenario.services)) if ALL in plan.metrics else plan.metrics:
        if name in known and (plan.named or any(any(runs.values(name)) for runs in found.variants.values())):
            yield metric_of(found, name, plan.confidence)
