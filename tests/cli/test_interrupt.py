"""Ctrl-C stops a run cleanly, on either clock, and leaves a folder that says so."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from .commands import QUIET_SHOP, SHOP, ended, eventlab, manifest, start, until

STORE = "sqlite:///shop-{service}.db?synchronous=NORMAL"

CLOCKS = {"virtual": [], "real": ["--clock", "real", "--speed", "10", "--store", STORE]}


@pytest.mark.parametrize("clock", CLOCKS)
def test_a_folder_is_written_by_one_run_at_a_time(here: Path, clock: str) -> None:
    process = start("run", SHOP, *CLOCKS[clock], "--out", "x", cwd=here)
    until((here / "x" / "manifest.json").exists, process)
    second = eventlab("run", *QUIET_SHOP, "--out", "x")
    assert second == (2, "", "another run is writing into x: wait for its end, or choose another --out\n")
    process.kill()
    assert ended(process).code == -9
    assert eventlab("run", *QUIET_SHOP, "--out", "x", "--quiet") == (0, "met: x\n", "")


@pytest.mark.parametrize("clock", CLOCKS)
def test_ctrl_c_ends_a_run_as_interrupted_and_the_folder_can_be_used_again(here: Path, clock: str) -> None:
    process = start("run", SHOP, *CLOCKS[clock], "--out", "x", cwd=here)
    until((here / "x" / "manifest.json").exists, process)  # written first; 500 orders take a while on either clock
    if clock == "real":
        until((here / "shop-shipping.db").exists, process)
    process.send_signal(signal.SIGINT)
    told = ended(process)
    assert told == (130, "", "interrupted\n")
    assert manifest(here / "x")["status"] == "incomplete"
    assert manifest(here / "x")["status_reason"] == "interrupted"
    assert eventlab("run", *QUIET_SHOP, "--out", "x", "--quiet") == (0, "met: x\n", "")
    assert manifest(here / "x")["status"] == "complete"
