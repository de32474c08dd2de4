"""The mean latency of a run: asked for by an expectation, and never told without its interval."""

from __future__ import annotations

import random
from statistics import fmean

import pytest

from eventlab import hooks
from eventlab.history import Entry
from eventlab.scenarios import Summary, load, run_virtual
from eventlab.scenarios.latencies import latencies_s, mean_latency
from eventlab.scenarios.replicating import ScenarioRun
from eventlab.scenarios.summary import MeanLatency
from tests.sources import ROOT

CHAIN = ROOT / "scenarios" / "modelled-chain.yaml"
SHORT = ("load.open.for=5s", "faults=[]")


def run(*expectations: str) -> Summary:
    return run_virtual(load(CHAIN, [*SHORT, f"expectations=[{', '.join(expectations)}]"])).summary


def test_a_mean_is_told_with_its_interval_and_judged_by_itself() -> None:
    summary = run("latency.mean <= 1s", "latency.mean > 1s")
    mean = summary.latency_mean
    assert isinstance(mean, MeanLatency)
    assert [(line.measured, line.met) for line in summary.expectations] == [(mean.text, True), (mean.text, False)]
    assert mean.text.startswith(f"{mean.mean_ms:.1f} ± {mean.half_width_ms:.1f} ms (95 %, 20 batches of ")


def test_it_is_kept_where_it_was_asked_for_and_leaves_other_summaries_as_they_were() -> None:
    asked, unasked = run("latency.mean < 1s"), run("latency.p50 < 1s")
    assert Summary.from_json(asked.to_json()) == asked
    assert b"latency_mean" in asked.to_json()
    assert b"latency_mean" not in unasked.to_json()


def test_of_too_few_answers_nothing_is_told() -> None:
    few = run_virtual(load(CHAIN, [*SHORT, "load.open.count=30", "expectations=[latency.mean < 1s]"])).summary
    assert few.expectations[0].measured == "too few answers for a mean with its interval"
    assert (few.expectations[0].met, few.verdict) == (None, "inconclusive")


def test_neighbours_that_are_alike_are_told_of() -> None:
    chance = random.Random(1)
    alone = [chance.random() for _ in range(400)]
    drifting = [took_s + at / 100 for at, took_s in enumerate(alone)]
    for took_s, doubt in ((alone, False), (drifting, True)):
        found = mean_latency(took_s)
        assert isinstance(found, MeanLatency)
        assert found.mean_ms == pytest.approx(1000 * fmean(took_s), abs=0.001)
        assert ("neighbouring batches are alike" in found.text) is doubt


def test_a_comparison_takes_the_mean_of_each_run_with_and_without_its_warm_up() -> None:
    entries = run_virtual(load(CHAIN, [*SHORT, "seed=3"])).entries
    whole, warm = ScenarioRun(CHAIN, SHORT)(3), ScenarioRun(CHAIN, SHORT, warm_up_s=3.0)(3)
    assert whole["latency.mean"] == pytest.approx(1000 * fmean(latencies_s(entries)), abs=0.001)
    assert warm["latency.mean"] not in (None, whole["latency.mean"])
    assert ScenarioRun(CHAIN, SHORT, warm_up_s=100.0)(3)["latency.mean"] is None


def test_only_what_was_answered_has_a_latency_in_the_order_of_asking() -> None:
    asked = [Entry(at, "front", hooks.OperationInvoked(at, "c", "work", "x")) for at in range(3)]
    ends = [(5, 1, "ok"), (6, 0, "ok"), (7, 2, "failed")]
    ended = [Entry(at, "front", hooks.OperationEnded(number, outcome)) for at, number, outcome in ends]
    assert latencies_s([*asked, *ended]) == [6, 4]
