"""What protects whom: each scenario is met as it is shipped, and is another one without what it is about."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from eventlab.scenarios import load, run_virtual
from eventlab.scenarios.summary import Summary

SCENARIOS = Path(__file__).parents[2] / "scenarios"
SLOW_IS_FINE = ("policies.breaker.slow_call=60s", "policies.breaker.slow_call_rate=100%")
OF_ALL_SHARDS = ("policies.breaker.per=shards",)


@cache
def summary_of(name: str, *sets: str) -> Summary:
    return run_virtual(load(SCENARIOS / f"{name}.yaml", list(sets))).summary


def asked_late(summary: Summary) -> int:
    """How many were answered of those who asked when the cause was gone."""
    (counts,) = (summary.answers_after or {}).values()
    return counts.ok


@pytest.mark.parametrize(
    "name", ["breaker-hurts", "cascade", "half-open-herd", "metastable", "shards", "slow-never-fails"]
)
def test_as_shipped_all_is_met(name: str) -> None:
    assert [line.text for line in summary_of(name).expectations if not line.met] == []


@pytest.mark.parametrize(
    ("name", "sets"),
    [
        ("breaker-hurts", ("policies.breaker.enabled=false",)),
        ("cascade", ("policies.breaker.enabled=false",)),
        ("half-open-herd", ("policies.breaker.open_jitter=0%",)),
        ("shards", OF_ALL_SHARDS),
        ("slow-never-fails", SLOW_IS_FINE),
    ],
)
def test_without_what_it_is_about_its_first_expectation_fails(name: str, sets: tuple[str, ...]) -> None:
    assert summary_of(name, *sets).expectations[0].met is False


@pytest.mark.parametrize(
    ("cure", "answered"),
    [
        ("policies.retry.backoff={base: 2s, factor: 2, cap: 10s, jitter: equal}", 591),
        ("policies.retry.budget={ratio: 10%}", 591),
        ("policies.breaker.enabled=true", 591),
        ("services.database.model.discipline=codel", 591),
        ("policies.retry.attempts=1", 591),
        ("load.open.spike.peak=20/s", 599),
    ],
)
def test_each_cure_alone_brings_a_system_back_that_its_retries_keep_down(cure: str, answered: int) -> None:
    assert (asked_late(summary_of("metastable")), asked_late(summary_of("metastable", cure))) == (0, answered)


def test_the_numbers_that_the_files_tell_are_those_of_their_runs() -> None:
    answered = {
        ("cascade",): 1558,
        ("shards",): 1452,
        ("shards", *OF_ALL_SHARDS): 790,
        ("slow-never-fails", *SLOW_IS_FINE): 822,
        ("breaker-hurts",): 661,
        ("breaker-hurts", "policies.breaker.enabled=false"): 1768,
    }
    assert {run: summary_of(*run).answers.ok for run in answered} == answered
    herd = [asked_late(summary_of("half-open-herd", *sets)) for sets in ((), ("policies.breaker.open_jitter=0%",))]
    assert herd == [184, 107]
