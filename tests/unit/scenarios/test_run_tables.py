"""A scenario's run gives the tables that a world's recording gives, in memory and from its folder."""

from __future__ import annotations

from pathlib import Path

from eventlab.history import operations
from eventlab.scenarios import load
from eventlab.scenarios.folder import Manifest, writing
from eventlab.scenarios.runs import Run
from eventlab.scenarios.virtual import run_virtual
from tests.sources import ROOT

TIMES = ["invoked_s", "ended_s", "duration_s"]
"""A file has them rounded to the microsecond."""


def test_a_run_and_its_folder_tell_the_same_operations_messages_and_faults(tmp_path: Path) -> None:
    loaded = load(ROOT / "scenarios" / "modelled-chain.yaml")
    run = run_virtual(loaded)
    begun = Manifest(
        scenario="x",
        scenario_path="x.yaml",
        document=loaded.document,
        seed=1,
        clock="virtual",
        argv=["run"],
    )
    with writing(tmp_path / "run", begun) as folder:
        run.write(folder)
    again = Run.load(tmp_path / "run")
    assert list(run.operations["outcome"]) == [operation.outcome for operation in operations(run.entries)]
    assert set(run.messages["outcome"]) == {"arrived", "lost"}
    assert [run.faults["fault"][0], run.faults["began_s"][0], run.faults["ended_s"][0]] == ["partition", 10, 15]
    assert {(edge.source, edge.target) for edge in run.call_graph} == {("front", "gateway"), ("gateway", "backend")}
    assert len(run.storage) == 0  # single reads and appends are left out of a scenario's history
    assert again.operations.drop(columns=TIMES).equals(run.operations.drop(columns=TIMES))
