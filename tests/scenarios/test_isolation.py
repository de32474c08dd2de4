"""What the executors promise, judged from the histories of runs: the naive one skews writes, the sound one never."""

from __future__ import annotations

import pytest

from eventlab.checks.isolation import judged, snapshot_isolation, strict_serializable
from eventlab.checks.recorded import recorded
from eventlab.checks.transactions import Transaction
from eventlab.scenarios import load
from eventlab.scenarios.virtual import run_virtual
from tests.sources import ROOT


def ran(scenario: str, *sets: str) -> list[Transaction]:
    return recorded(run_virtual(load(ROOT / "scenarios" / f"{scenario}.yaml", sets)).entries)


def test_ushers_who_check_only_what_they_write_skew_and_each_circle_is_of_two_who_went_home() -> None:
    transactions = ran("write-skew", "services.foyer.boxoffice.executor=naive")
    found = judged(transactions).anomalies
    assert {each.name for each in found} == {"write skew"}
    assert all(line.count("EndDuty on usher-") == 2 for each in found for line in each.lines)
    assert snapshot_isolation(transactions).valid is True


@pytest.mark.parametrize(
    ("scenario", "sets"),
    [
        ("write-skew", ()),
        ("hot-stream", ()),
        ("hot-stream", ("services.desk.boxoffice.executor=naive",)),  # one stream, read and written: nothing to skew
        ("stuck-compensation", ()),  # commands that failed are asked again, and would have written the same
    ],
)
def test_the_sound_executor_is_strictly_serializable(scenario: str, sets: tuple[str, ...]) -> None:
    transactions = ran(scenario, *sets)
    assert len(transactions) >= 200
    assert strict_serializable(transactions).valid is True
