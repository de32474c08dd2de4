"""The shipped scenarios give the bytes that were written down: in any process, on Python 3.11, 3.12 and 3.13.

When a change of their histories is meant, or a scenario is new: ``python -m tests.scenarios.test_digests`` writes
the digests anew. Look at what changed, and that each Python writes the same.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from eventlab import history
from eventlab.scenarios import load, run_virtual

FILE = Path(__file__).with_name("digests.json")
SCENARIOS = FILE.parents[2] / "scenarios"
NAMES = sorted(path.stem for path in SCENARIOS.glob("*.yaml"))


def digest(name: str, *sets: str) -> str:
    """SHA-256 of a run's history and summary, byte for byte."""
    run = run_virtual(load(SCENARIOS / f"{name}.yaml", list(sets)))
    return hashlib.sha256(history.to_lines(run.entries) + run.summary.to_json()).hexdigest()


def test_every_shipped_scenario_has_its_digest() -> None:
    assert sorted(json.loads(FILE.read_text())) == NAMES, (
        "a new scenario, or one that is gone: python -m tests.scenarios.test_digests"
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_scenario_gives_the_bytes_that_were_written_down(name: str) -> None:
    assert digest(name) == json.loads(FILE.read_text()).get(name), (
        "if that is meant: python -m tests.scenarios.test_digests"
    )


def test_one_more_draw_would_be_noticed() -> None:
    assert digest("write-skew", "seed=2") != json.loads(FILE.read_text())["write-skew"]


if __name__ == "__main__":
    FILE.write_text(json.dumps({name: digest(name) for name in NAMES}, indent=2) + "\n")
