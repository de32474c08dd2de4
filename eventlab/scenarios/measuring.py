"""What one run came to as numbers by name: the paths that expectations compare, and whether they were met."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from .expecting import ANSWERS, BreakerDoes, Compares, known_paths, measure
from .model import Scenario
from .summary import Summary

MET = "met"
"""1 where the run as a whole met what was expected of it, and 0 where not; missing where nobody can tell."""

ALL = "all"
"""Asks for every number that is not zero throughout."""

_ALWAYS = (
    *(path for path in ANSWERS),
    "sagas.completed",
    "sagas.compensated",
    "sagas.stuck",
    "conflicts",
    "latency.p50",
    "latency.p95",
    "latency.p99",
)


def measurements(summary: Summary, services: Sequence[str]) -> dict[str, float | None]:
    """Every path with its number, latencies in milliseconds; then `met`, and each expectation by its text as 1 or 0."""
    found = {path: measure(path, summary)[0] for path in known_paths(services)}
    for path, value in found.items():
        if path.startswith("latency.") and value is not None:
            found[path] = round(1000 * value, 3)
    answers = {line.text: line.met for line in summary.expectations}
    verdict = {"met": True, "failed": False}.get(summary.verdict)
    return found | {name: None if met is None else float(met) for name, met in {MET: verdict, **answers}.items()}


def unit_of(path: str) -> str:
    """The unit of what stands at a path; nothing for a count."""
    return "ms" if path.startswith("latency.") else "s" if path == "duration" else ""


def default_metrics(scenario: Scenario) -> list[str]:
    """What the scenario's expectations ask about, then what everybody asks."""
    asked = []
    for line in scenario.expectations:
        if isinstance(line, Compares):
            asked.append(line.path)
        elif isinstance(line, BreakerDoes):
            asked.append(f"breakers.{line.service}.opened")
    return list(dict.fromkeys([*asked, *_ALWAYS]))


def unknown_metric(name: str, services: Sequence[str]) -> str | None:
    """What is wrong with a path, with the nearest that there is; None if nothing is."""
    paths = known_paths(services)
    if name == ALL or name in paths:
        return None
    near = get_close_matches(name, paths, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(_ALWAYS)}, calls.SERVICE.ok and others"
    return f"nothing is called {name!r}; {hint}"
