"""A scenario that does not come to its end is inconclusive, and says what was waiting."""

from __future__ import annotations

from eventlab.scenarios import load, run_virtual
from eventlab.scenarios.virtual import STEPS_MAX
from tests.cli.commands import CHAIN

SHORT = ["load.open.for=1s"]


def test_a_run_whose_steps_are_used_up_is_inconclusive() -> None:
    summary = run_virtual(load(CHAIN, SHORT), steps_max=100).summary
    (line,) = summary.invariants
    assert (summary.verdict, line.valid, line.because[:29]) == ("inconclusive", None, "it had not after 100 steps, a")
    assert [line.met for line in summary.expectations] == [None] * len(summary.expectations)
    assert any("main at " in witness for witness in line.witnesses)


def test_a_budget_that_suffices_changes_nothing() -> None:
    runs = [run_virtual(load(CHAIN, SHORT), steps_max=steps).summary for steps in (STEPS_MAX, 50_000)]
    assert runs[0] == runs[1]
    assert runs[0].verdict != "inconclusive"
