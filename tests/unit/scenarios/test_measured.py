"""Durations from a file: taken in while the scenario is read, and refused with the place that names them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from eventlab.errors import ScenarioInvalid
from eventlab.scenarios.loading import from_document, load
from eventlab.scenarios.model import ModelledService, Scenario
from eventlab.simulation import Constant, Empirical, Jittered
from eventlab.simulation.distributions import Distribution

from .documents import MODELLED, put

DELAYS = "at,took_ms\n1,2.5\n2,4\n"


def latency(scenario: Scenario) -> Distribution:
    web = scenario.services["web"]
    assert isinstance(web, ModelledService)
    return web.model.latency


def loaded(folder: Path, text: str) -> Scenario:
    (folder / "delays.csv").write_text(DELAYS)
    (folder / "plain.txt").write_text("0.25\n0.5\n")
    return load(put(folder, MODELLED, orders=None), [f"services.web.model.latency={text}"]).scenario


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("empirical(file delays.csv, column took_ms, unit ms)", Empirical([0.0025, 0.004])),
        ("{empirical: {file: delays.csv, column: took_ms, unit: ms}}", Empirical([0.0025, 0.004])),
        ("empirical(file plain.txt)", Empirical([0.25, 0.5])),
        ("jittered(1s, empirical(file plain.txt unit min))", Jittered(Constant(1), Empirical([15, 30]))),
        (
            "{jittered: {base: 1s, jitter: {empirical: {file: plain.txt}}}}",
            Jittered(Constant(1), Empirical([0.25, 0.5])),
        ),
    ],
)
def test_durations_are_those_of_the_file(tmp_path: Path, text: str, meaning: Distribution) -> None:
    assert latency(loaded(tmp_path, text)) == meaning


def test_the_kept_document_needs_the_file_no_more(tmp_path: Path) -> None:
    (tmp_path / "delays.csv").write_text(DELAYS)
    text = MODELLED.replace("exponential(20ms)", '"empirical(file delays.csv, column took_ms, unit ms)"')
    kept = load(put(tmp_path, text, orders=None))
    (tmp_path / "delays.csv").unlink()
    assert from_document(kept.document) == kept.scenario


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("empirical(file delay.csv)", "there is no file 'delay.csv'; did you mean 'delays.csv'?"),
        ("empirical(file delays.csv, column took)", "column of delays.csv is 'took'; expected one of at, took_ms"),
        ("empirical(file delays.csv)", "delays.csv, line 1 is 'at,took_ms'; expected a finite number, zero or more"),
        (
            "empirical(file delays.csv, column)",
            "empirical takes file, column and unit, each with its value; found 'column' alone",
        ),
        (
            "empirical(file plain.txt, units ms)",
            "empirical takes file, column, unit where it takes a file; found 'units'",
        ),
        (
            "empirical(file plain.txt, unit days)",
            "empirical, unit: expected one of us, µs, ms, s, min, h; found 'days'",
        ),
        ("{empirical: {file: 3}}", "empirical, file: expected a text, found 3"),
    ],
)
def test_a_file_that_does_not_serve_is_told_with_its_place(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(ScenarioInvalid) as caught:
        loaded(tmp_path, text)
    (line,) = caught.value.problems
    assert line.startswith("--set services.web.model.latency=") and line.endswith(problem), line


def test_a_scenario_says_where_it_names_the_file(tmp_path: Path) -> None:
    text = MODELLED.replace("exponential(20ms)", "empirical(file none.csv)")
    with pytest.raises(ScenarioInvalid) as caught:
        load(put(tmp_path, text, orders=None))
    (line,) = caught.value.problems
    assert line.replace(f"{tmp_path}{os.sep}", "").startswith(
        "x.yaml:4:22: services.web.model.latency: empirical: there is no"
    )
