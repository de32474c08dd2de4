"""``eventlab run --trace``: the spans of the run beside its history."""

from __future__ import annotations

import json
from pathlib import Path

from eventlab import history, hooks

from .commands import QUIET_SHOP, eventlab, names
from .test_output import FILES


def test_a_traced_run_leaves_its_spans_and_one_seed_the_same_bytes(here: Path) -> None:
    for out in ("one", "two"):
        assert eventlab("run", *QUIET_SHOP, "--trace", "--quiet", "--out", out).code == 0
    assert names(here / "one") == sorted([*FILES, "traces.json"])
    traces = (here / "one" / "traces.json").read_bytes()
    assert traces == (here / "two" / "traces.json").read_bytes()
    services = [
        attribute["value"]["stringValue"]
        for resource in json.loads(traces)["resourceSpans"]
        for attribute in resource["resource"]["attributes"]
    ]
    assert {"orders", "payments", "inventory", "shipping"} <= set(services)
    told = history.read(here / "one" / "history.jsonl")
    assert any(isinstance(entry.what, hooks.SpanEnded) for entry in told)


def test_a_run_that_is_traced_is_the_run_that_is_not(here: Path) -> None:
    eventlab("run", *QUIET_SHOP, "--trace", "--quiet", "--out", "traced")
    eventlab("run", *QUIET_SHOP, "--quiet", "--out", "plain")
    summaries = [(here / name / "summary.json").read_bytes() for name in ("traced", "plain")]
    assert summaries[0] == summaries[1]
    traced, plain = ([*history.read(here / name / "history.jsonl")] for name in ("traced", "plain"))
    assert [entry for entry in traced if not isinstance(entry.what, hooks.SpanEnded)] == plain
