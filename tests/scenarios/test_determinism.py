"""One seed, one run, to the byte: everything in the run folder but its manifest."""

from __future__ import annotations

from pathlib import Path

import pytest

from eventlab.scenarios import load, run_virtual
from eventlab.scenarios.folder import FILES
from tests.cli.commands import CHAIN, SHOP, eventlab, sets, spawned

CHANGES = sets("load.orders.first=40", "faults.0.at=5s", "faults.0.for=6s")


def files(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in FILES}


def here(folder: Path, *more: str) -> dict[str, bytes]:
    """The run in this process, after whatever else ran in it."""
    eventlab("run", SHOP, *CHANGES, *more, "--quiet", "--out", str(folder))
    return files(folder)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return here(tmp_path_factory.mktemp("first") / "run")


def test_it_is_a_run_worth_comparing(first: dict[str, bytes]) -> None:
    assert first["history.jsonl"].count(b"\n") > 1000
    for kind in (b"breaker_changed", b"fault_began", b"compensation_completed"):
        assert kind in first["history.jsonl"]
    assert b"<svg" in first["report.html"]


def test_twice_in_one_process_also_after_an_unrelated_run(first: dict[str, bytes], tmp_path: Path) -> None:
    run_virtual(load(CHAIN, ["load.open.for=5s", "seed=77"]))
    assert here(tmp_path / "again") == first


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_in_another_process_under_another_hash_seed(first: dict[str, bytes], tmp_path: Path, hash_seed: str) -> None:
    env = {"PYTHONHASHSEED": hash_seed}
    spawned("run", SHOP, *CHANGES, "--quiet", "--out", "run", cwd=tmp_path, env=env)
    assert files(tmp_path / "run") == first


def test_another_seed_gives_another_history(first: dict[str, bytes]) -> None:
    scenario = load(SHOP, [*CHANGES[1::2], "seed=2"])
    assert run_virtual(scenario).summary.to_json() != first["summary.json"]
