"""The scenarios that have a formula: met as shipped and by no luck of the seed, failed where theory says so."""

from __future__ import annotations

from functools import cache
from math import exp, log

import pytest

from eventlab.scenarios import Summary, load, run_virtual
from tests.sources import ROOT
from tests.unit.simulation.theory import formulas

SIX_HOURS = ["load.open.for=6h", *(f"faults.{copy}.for=6h" for copy in range(5))]
"""A shorter run, for what is far from the bounds."""


@cache
def summary(name: str, *sets: str) -> Summary:
    return run_virtual(load(ROOT / "scenarios" / f"{name}.yaml", sets)).summary


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("name", ["mm1", "mmc", "mg1", "two-choices", "quorum", "retry-storm"])
def test_all_is_met_whatever_the_seed(name: str, seed: int) -> None:
    found = summary(name, f"seed={seed}")
    assert [line for line in found.expectations if not line.met] == []


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("mm1", ["load.open.rate=8/s"]),
        ("mm1", ["services.desk.model.latency=100ms"]),
        ("mmc", ["services.desk.model.capacity=1", "services.desk.model.latency=exponential(33.333ms)"]),
        ("mg1", ["services.desk.model.latency=exponential(100ms)"]),
        ("mg1", ["services.desk.model.latency=100ms"]),
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


BURSTY = {0.05: 0.9, 0.55: 0.1}
"""The service of mg1: nine of ten take 50 ms, the tenth 550 ms."""


@pytest.mark.parametrize(
    ("name", "said", "number"),
    [
        ("mg1", "the stay {:.1f} ms", 1000 * (0.1 + formulas.pollaczek_khinchine(5, 0.1, 2.25))),
        ("mg1", "half are gone after {:.0f} ms", 1000 * formulas.mg1_stay(5, BURSTY, 0.5)),
        ("mg1", "95 % after {:.0f} ms", 1000 * formulas.mg1_stay(5, BURSTY, 0.95)),
        ("mg1", "99 % after {:,.0f} ms", 1000 * formulas.mg1_stay(5, BURSTY, 0.99)),
        ("mg1", "{:.0f} ms (M/M/1)", 1000 * (0.1 + formulas.pollaczek_khinchine(5, 0.1, 1))),
        ("mg1", "{:.0f} ms (M/D/1)", 1000 * (0.1 + formulas.pollaczek_khinchine(5, 0.1, 0))),
        ("quorum", "k from 3 to 5: {:.2f} %", 100 * formulas.available(5, 3, 90, 30)),
        ("quorum", "any two of five: {:.2f} %", 100 * formulas.available(5, 2, 90, 30)),
        ("quorum", "four of five: {:.2f} %", 100 * formulas.available(5, 4, 90, 30)),
    ],
)
def test_a_file_says_what_the_formula_says(name: str, said: str, number: float) -> None:
    text = (ROOT / "scenarios" / f"{name}.yaml").read_text(encoding="utf-8")
    assert said.format(number) in " ".join(text.replace("\n#", " ").split())


def test_the_transform_gives_what_is_known_of_memoryless_service() -> None:
    step_s = 0.002
    cells = {k * step_s: exp(-(k - 0.5) * step_s / 0.1) - exp(-(k + 0.5) * step_s / 0.1) for k in range(1, 800)}
    service = {0.0: 1 - exp(-0.5 * step_s / 0.1), **cells}
    found = [formulas.mg1_stay(5, service, share, step_s=step_s) for share in (0.5, 0.95)]
    assert found == pytest.approx([0.2 * log(2), 0.2 * log(20)], rel=0.01)  # exponential, of rate μ − λ


def test_trying_again_buys_next_to_nothing() -> None:
    once, thrice = summary("retry-storm", "policies.retry.attempts=1"), summary("retry-storm")
    assert (once.calls["database"].total, once.answers.ok) == (606, 340)
    assert (thrice.calls["database"].total, thrice.answers.ok) == (8702, 382)
