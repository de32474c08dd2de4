"""A scenario as a function of its seed, with and without its warm-up."""

from __future__ import annotations

import pytest

from eventlab import hooks
from eventlab.history import Entry
from eventlab.scenarios import load, run_virtual
from eventlab.scenarios.expecting import known_paths
from eventlab.scenarios.measuring import default_metrics, unknown_metric
from eventlab.scenarios.replicating import ScenarioRun
from eventlab.scenarios.warming import after_warm_up
from eventlab.simulation.statistics import difference, replicate
from tests.sources import ROOT

CHAIN = ROOT / "scenarios" / "modelled-chain.yaml"
SHORT = ("load.open.for=3s", "faults=[]", "expectations=[duration < 10s, calls.gateway.ok >= 100%]")


def test_a_run_gives_every_number_that_an_expectation_could_name() -> None:
    found = ScenarioRun(CHAIN, SHORT)(5)
    summary = run_virtual(load(CHAIN, [*SHORT, "seed=5"])).summary
    assert set(known_paths(["gateway", "backend"])) < set(found)
    assert found["latency.p95"] == summary.latency_ms["p95"]
    assert found["calls.gateway.ok"] == summary.calls["gateway"].ok
    assert found["duration"] == summary.duration_s
    assert (found["duration < 10s"], found["calls.gateway.ok >= 100%"], found["met"]) == (1.0, 0.0, 0.0)


def test_common_seeds_make_the_difference_of_a_real_scenario_surer() -> None:
    slow, quick = (
        replicate(ScenarioRun(CHAIN, (*SHORT, f"services.backend.model.latency=exponential({mean})")), replications=6)
        for mean in ("20ms", "15ms")
    )
    found = difference(slow.values("latency.p50"), quick.values("latency.p50"))
    assert found.is_real and found.estimate.mean < 0
    assert found.correlation is not None and found.correlation > 0.5
    assert found.estimate.half_width < found.unpaired_half_width


def test_what_began_in_the_warm_up_does_not_count_even_where_it_ended_later() -> None:
    early = [
        Entry(1.0, "front", hooks.OperationInvoked(1, "c", "work", "x")),
        Entry(1.0, "front", hooks.CallStarted(7, "front", "x", "work")),
        Entry(1.5, "x", hooks.SagaMoved("s-1", "checkout", "started")),
    ]
    late = [
        Entry(2.0, "front", hooks.OperationInvoked(2, "c", "work", "x")),
        Entry(2.6, "front", hooks.CallStarted(8, "front", "x", "work")),
        Entry(2.7, "front", hooks.CallEnded(8, "front", "x", "work", "ok", 0.1)),
    ]
    ends = [
        Entry(2.5, "front", hooks.CallEnded(7, "front", "x", "work", "ok", 1.5)),
        Entry(2.5, "front", hooks.OperationEnded(1, "ok")),
        Entry(2.8, "x", hooks.SagaMoved("s-1", "checkout", "completed")),
        Entry(9.0, "x", hooks.Observed("shop", {"sagas": {}})),
    ]
    assert after_warm_up(sorted([*early, *late, *ends], key=lambda entry: entry.at), 2.0) == late


def test_a_warm_up_changes_metrics_and_no_verdict() -> None:
    whole, warm = ScenarioRun(CHAIN, SHORT)(3), ScenarioRun(CHAIN, SHORT, warm_up_s=1.5)(3)
    judged = ("met", "duration < 10s", "calls.gateway.ok >= 100%", "duration")
    assert [warm[name] for name in judged] == [whole[name] for name in judged]
    assert 0 < (warm["answers.ok"] or 0) < (whole["answers.ok"] or 0)
    assert ScenarioRun(CHAIN, SHORT, warm_up_s=100.0)(3)["latency.p50"] is None


def test_what_a_scenario_expects_is_what_is_compared_first() -> None:
    scenario = load(CHAIN).scenario
    asked = ["breakers.backend.opened", "calls.backend.unknown", "calls.gateway.ok", "latency.p95"]
    assert default_metrics(scenario)[:4] == asked


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("latency.p9", "nothing is called 'latency.p9'; did you mean 'latency.p99'?"),
        ("zzz", "nothing is called 'zzz'; known are answers.ok, "),
    ],
)
def test_an_unknown_number_is_told_with_the_nearest(name: str, says: str) -> None:
    assert (unknown_metric(name, ["gateway"]) or "").startswith(says)
    assert unknown_metric("calls.gateway.ok", ["gateway"]) is unknown_metric("all", []) is None


def test_a_scenario_travels_to_other_processes() -> None:
    run = ScenarioRun(CHAIN, SHORT)
    assert replicate(run, replications=2, workers=2) == replicate(run, replications=2)
