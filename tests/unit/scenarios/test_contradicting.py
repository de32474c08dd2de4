"""Every run is asked for Little's law: it says nothing where that holds, and blames the simulator where it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from eventlab import hooks
from eventlab.history import Entry
from eventlab.scenarios import Run, load
from eventlab.scenarios.contradicting import contradictions
from eventlab.scenarios.virtual import VirtualRun
from eventlab.simulation import Recorder

FILE = """
question: Does every request that is asked get its answer while the desk fails now and then?
services: {desk: {model: {latency: 20ms, calls: [archive]}}, archive: {model: {latency: exponential(100ms)}}}
load: {open: {target: desk, rate: 20/s, for: 5s}}
faults: [{failing: desk, at: 0s, for: 5s, mean_up: 1s, mean_down: 500ms}]
"""


class WrongRecorder(Recorder):
    """Forgets the first of one kind of entry, or stamps it late: the planted bug."""

    kind: type[hooks.Happening] = hooks.CallStarted
    late_by_s: float | None = None

    @property
    def entries(self) -> list[Entry]:
        right = super().entries
        at = next(at for at, entry in enumerate(right) if isinstance(entry.what, self.kind))
        wrong = [Entry(right[at].at + self.late_by_s, right[at].node, right[at].what)] if self.late_by_s else []
        return [*right[:at], *wrong, *right[at + 1 :]]


def run(path: Path, recorder: type[Recorder] = Recorder) -> Run:
    (path / "x.yaml").write_text(FILE)
    with VirtualRun(load(path / "x.yaml")) as running:
        running.recorder.__class__ = recorder
        running.drive()
        return running.judge()


def test_a_run_that_agrees_with_itself_says_nothing_of_it(tmp_path: Path) -> None:
    found = run(tmp_path)
    assert (found.summary.invariants, found.summary.verdict) == ([], "met")
    assert found.summary.calls["desk"].unknown > 0  # callers that crashed, and calls that nobody answered


@pytest.mark.parametrize(
    ("kind", "late_by_s"), [(hooks.CallStarted, None), (hooks.CallEnded, 0.0001), (hooks.CallStarted, 0.0001)]
)
def test_a_recorder_that_forgets_or_comes_late_fails_the_run(
    tmp_path: Path, kind: type[hooks.Happening], late_by_s: float | None
) -> None:
    planted = type("Planted", (WrongRecorder,), {"kind": kind, "late_by_s": late_by_s})
    found = run(tmp_path, planted)
    (line,) = found.summary.invariants
    assert (line.name, line.valid, found.summary.verdict) == ("Little's law", False, "failed")
    assert line.because.startswith("the simulator contradicts itself, which is no fault of the scenario: at ")


def test_few_witnesses_stand_for_many() -> None:
    began = [Entry(at, "front", hooks.CallStarted(at, "front", "desk", "Work")) for at in range(9)]
    ended = [Entry(20, "front", hooks.CallEnded(at, "front", "desk", "Work", "ok", 1.0)) for at in range(9)]
    (found,) = contradictions([*began, *ended])
    assert found.witnesses[0] == "at desk, call 0 was there for 20.000000 s and says 1.000000 s"
    assert len(found.witnesses) == 5


def test_where_nobody_calls_nothing_is_said() -> None:
    assert contradictions([]) == []
    assert contradictions([Entry(0, "", hooks.FaultBegan("crash", "desk"))]) == []
