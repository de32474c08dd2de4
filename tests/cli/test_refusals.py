"""A run that would tell a false story, or mix with another one, is refused before anything is written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .commands import CHAIN, QUIET_SHOP, SHOP, eventlab, names

STORE = "sqlite:///shop-{service}.db"


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--speed", "10"], "--speed belongs to the real clock: add --clock real, or leave it out"),
        (["--store", STORE], "--store belongs to the real clock"),
        (["--resume"], "--resume belongs to the real clock"),
        (["--speed", "2", "--store", STORE], "--speed and --store belong to the real clock: "),
        (["--clock", "real", "--resume"], "--resume needs the --store URL of the run that was interrupted"),
        (["--clock", "real", "--store", "sqlite:///x.db"], "put {service} into the URL"),
        (["--clock", "real", "--store", "sqlite:///{service}{x}.db"], "only {service} may stand in curly brackets"),
        (["--clock", "real", "--store", "sqlite:///{service}-{.db"], "only {service} may stand in curly brackets"),
        (["--clock", "real", "--store", "mysql:///{service}"], "expected memory: or sqlite:///PATH"),
        (["--clock", "real", "--store", "sqlite:///no/{service}.db"], "the stores cannot be kept in no: "),
        (["--clock", "real", "--store", f"{STORE}?synchronous=MAYBE"], "'MAYBE'; expected FULL or NORMAL"),
        (["--clock", "real", "--store", STORE, "--resume"], f"there is nothing to resume: the stores of {STORE} are"),
        (["--clock", "real", "--speed", "inf"], "--speed is inf; expected a finite number above zero"),
        (["--clock", "real", "--speed", "nan"], "--speed"),
        (["--clock", "real", "--speed", "-1"], "--speed"),
        (["--clock", "real", "--speed", "0"], "--speed"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_would_do(here: Path, args: list[str], says: str) -> None:
    told = eventlab("run", SHOP, *args)
    assert told.code == 2 and told.out == ""
    assert says in " ".join(told.err.split())
    assert names(here) == []


@pytest.mark.parametrize("store", ["memory:", STORE])
@pytest.mark.parametrize("scenario", [SHOP, CHAIN])
def test_a_speed_at_which_the_machine_would_decide_is_refused_with_one_that_would_do(
    here: Path, scenario: str, store: str
) -> None:
    told = eventlab("run", scenario, "--clock", "real", "--speed", "5000", "--store", store)
    assert told.code == 2 and told.out == ""
    assert told.err.startswith("at speed 5000 this machine would decide the outcome: ")
    named = re.search(r"What would do: --speed ([\d.]+)", told.err)
    assert named and 0 < float(named[1]) < 5000
    assert names(here) == []


def test_a_crash_is_refused_on_the_real_clock(here: Path) -> None:
    told = eventlab("run", SHOP, "--clock", "real", "--set", "faults=[{crash: payments, at: 1s, for: 1s}]")
    assert told.code == 2
    assert told.err.startswith("faults.0 is a crash of 'payments'; on the real clock all services share one process, ")
    assert names(here) == []


def test_a_folder_that_is_no_run_folder_is_not_written_into(here: Path) -> None:
    (here / "notes").mkdir()
    (here / "notes" / "mine.txt").write_text("mine")
    told = eventlab("run", *QUIET_SHOP, "--out", "notes")
    assert told == (2, "", "notes holds mine.txt but no manifest.json: it is no run folder; choose another --out\n")
    assert names(here / "notes") == ["mine.txt"]


@pytest.mark.parametrize("out", ["file", "file/x", "/proc/nowhere/x"])
def test_a_folder_that_cannot_be_made_is_told(here: Path, out: str) -> None:
    (here / "file").write_text("")
    told = eventlab("run", *QUIET_SHOP, "--out", out)
    assert told.code == 2 and told.out == ""
    assert told.err.startswith(f"the run folder {out} cannot be made: ")
    assert names(here) == ["file"]
