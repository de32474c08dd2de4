"""The scenarios that have a formula: met as shipped and by no luck of the seed, failed where theory says so."""

from __future__ import annotations

from functools import cache

import pytest

from eventlab.scenarios import Summary, load, run_virtual
from tests.sources import ROOT

SIX_HOURS = ["load.open.for=6h", *(f"faults.{copy}.for=6h" for copy in range(5))]
"""A shorter run, for what is far from the bounds."""


@cache
def summary(name: str, *sets: str) -> Summary:
    return run_virtual(load(ROOT / "scenarios" / f"{name}.yaml", sets)).summary


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("name", ["mm1", "mmc", "two-choices", "quorum", "retry-storm"])
def test_all_is_met_whatever_the_seed(name: str, seed: int) -> None:
    found = summary(name, f"seed={seed}")
    assert [line for line in found.expectations if not line.met] == []


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("mm1", ["load.open.rate=8/s"]),
        ("mm1", ["services.desk.model.latency=100ms"]),
        ("mmc", ["services.desk.model.capacity=1", "services.desk.model.latency=exponential(33.333ms)"]),
        ("two-choices", ["services.desk.model.balance=random"]),
        ("quorum", ["services.reader.model.quorum=2", *SIX_HOURS]),
        ("quorum", ["services.reader.model.quorum=4", *SIX_HOURS]),
        ("quorum", ["faults.0.mean_down=90s", *SIX_HOURS]),
        ("retry-storm", ["policies.retry.attempts=2"]),
        ("retry-storm", ["policies.breaker.enabled=true"]),
    ],
)
def test_what_is_otherwise_fails(name: str, changes: list[str]) -> None:
    assert summary(name, *changes).verdict == "failed"


def test_trying_again_buys_next_to_nothing() -> None:
    once, thrice = summary("retry-storm", "policies.retry.attempts=1"), summary("retry-storm")
    assert (once.calls["database"].total, once.answers.ok) == (606, 340)
    assert (thrice.calls["database"].total, thrice.answers.ok) == (8702, 382)
