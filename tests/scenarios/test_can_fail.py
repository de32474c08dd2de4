"""The shipped scenario is met as it is; without what it praises, it fails."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.commands import SHOP, eventlab


def summary_of(folder: Path, *args: str) -> tuple[int, dict[str, Any]]:
    told = eventlab("run", SHOP, *args, "--format", "json", "--out", str(folder / "run"))
    assert told.err == ""
    return told.code, json.loads(told.out)


def wrong(summary: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Expectations and invariants that do not hold."""
    return (
        [line["text"] for line in summary["expectations"] if line["met"] is not True],
        [line["name"] for line in summary["invariants"] if line["valid"] is not True],
    )


def test_as_shipped_all_is_met(tmp_path: Path) -> None:
    code, summary = summary_of(tmp_path)
    assert (code, summary["verdict"], wrong(summary)) == (0, "met", ([], []))
    assert summary["sagas"]["started"] == summary["orders"] == 500
    assert summary["sagas"]["compensated"] > 0


def test_without_the_breaker_an_expectation_breaks(tmp_path: Path) -> None:
    code, summary = summary_of(tmp_path, "--set", "policies.breaker.enabled=false")
    assert (code, summary["verdict"]) == (1, "failed")
    expectations, invariants = wrong(summary)
    assert "breaker payments opens" in expectations
    assert "calls.payments.unknown <= 60" in expectations  # not only the breaker's own lines: callers wait in vain
    assert invariants == []


def test_without_compensation_an_invariant_breaks(tmp_path: Path) -> None:
    code, summary = summary_of(tmp_path, "--set", "policies.saga.compensation=false")
    assert (code, summary["verdict"]) == (1, "failed")
    expectations, invariants = wrong(summary)
    assert "invariants hold" in expectations
    assert "no money stays reserved" in invariants
    broken = [line for line in summary["invariants"] if line["name"] in invariants]
    assert all(line["witnesses"] for line in broken)


@pytest.mark.parametrize("switch", ["policies.breaker.enabld=false", "policies.saga.compensate=false"])
def test_a_switch_that_is_not_there_switches_nothing_off(switch: str) -> None:
    assert eventlab("run", SHOP, "--set", switch).code == 2
