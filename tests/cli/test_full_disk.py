"""A disk that is full gives a clear error, and no folder that looks complete."""

from __future__ import annotations

import resource
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from eventlab.errors import RunRefused
from eventlab.scenarios import Run

from .commands import SHOP, SHORT_CHAIN, manifest, names, sets, spawned

KILOBYTE = 1024
STORE = "sqlite:///shop-{service}.db?synchronous=NORMAL"


def files_up_to(size: int) -> Callable[[], None]:
    """Files of the child may not grow beyond *size*: what a full disk looks like to whoever writes."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit


@pytest.mark.parametrize(
    ("size", "file"), [(1 * KILOBYTE, "manifest.json"), (5 * KILOBYTE, "history.jsonl"), (40 * KILOBYTE, "report.html")]
)
def test_a_full_disk_is_told_and_the_folder_does_not_look_complete(here: Path, size: int, file: str) -> None:
    second = [*SHORT_CHAIN, *sets("load.open.for=1s")]  # its history takes some 30 kB, its report some 50
    told = spawned("run", *second, "--out", "x", cwd=here, preexec_fn=files_up_to(size))
    assert told == (4, "", f"x/{file}: cannot be written: File too large; the run is not complete\n")
    assert not [name for name in names(here / "x") if name.endswith(".partial")]
    if file == "manifest.json":
        assert names(here / "x") == []
    else:
        assert file not in names(here / "x")
        assert manifest(here / "x")["status"] == "incomplete"
    with pytest.raises(RunRefused):
        Run.load(here / "x")


def test_a_store_that_is_full_ends_a_real_run_at_once(here: Path) -> None:
    began_s = time.monotonic()
    told = spawned(
        *["run", SHOP, *sets("load.orders.first=60", "faults=[]"), "--out", "x"],
        *["--clock", "real", "--speed", "10", "--store", STORE],
        cwd=here,
        preexec_fn=files_up_to(700 * KILOBYTE),
    )
    assert told.code == 4 and told.out == ""
    assert told.err.startswith("sqlite:///shop-") and "go on with --resume" in told.err
    assert len(told.err.splitlines()) == 1
    assert manifest(here / "x")["status"] == "incomplete"
    assert time.monotonic() - began_s < 30  # it does not wait for sagas that cannot end: that would take 90 s


def test_a_store_that_is_full_from_the_beginning_refuses_the_run(here: Path) -> None:
    told = spawned("run", SHOP, "--clock", "real", "--store", STORE, cwd=here, preexec_fn=files_up_to(100 * KILOBYTE))
    assert told == (
        2,
        "",
        "the stores cannot be kept in .: no file of yours may grow beyond 102,400 bytes; nothing was written\n",
    )
    assert names(here) == []


def test_a_result_that_cannot_be_printed_is_told_with_the_place_of_the_run(here: Path) -> None:
    with open("/dev/full", "w") as full:
        told = spawned("run", *SHORT_CHAIN, "--out", "x", cwd=here, stdout=full)
    assert told.code == 4
    assert told.err == "stdout: cannot be written: No space left on device; the run lies in x\n"
    assert manifest(here / "x")["status"] == "complete"
