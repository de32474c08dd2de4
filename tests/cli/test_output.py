"""Results on stdout and nothing else there; the exit code says what they came to."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
from pathlib import Path

import pytest

from .commands import QUIET_SHOP, SHORT_CHAIN, command, eventlab, names, sets, spawned

FILES = ["history.jsonl", "manifest.json", "metrics.csv", "report.html", "summary.json"]
ESCAPE = "\x1b"
COLOUR = re.compile(r"\x1b\[[0-9;]*[34][0-7]")


def test_a_run_tells_its_story_and_leaves_its_folder(here: Path) -> None:
    told = eventlab("run", *QUIET_SHOP)
    assert (told.code, told.err) == (0, "")
    folder = "runs/payment-outage-seed1997-1"
    for part in ("✓ met: 1 of 1 expectations met", "12 started", "✓ holds  money is conserved", folder):
        assert part in told.out
    assert ESCAPE not in told.out
    assert names(here / folder) == FILES


def test_json_is_the_summary_and_nothing_else(here: Path) -> None:
    told = eventlab("run", *SHORT_CHAIN, "--format", "json", "--out", "x")
    assert (told.code, told.err) == (0, "")
    assert told.out.encode() == (here / "x" / "summary.json").read_bytes()
    assert json.loads(told.out)["verdict"] == "met"


def test_quiet_says_only_the_verdict_and_where_it_is(here: Path) -> None:
    assert eventlab("run", *SHORT_CHAIN, "--quiet", "--out", "x") == (0, "met: x\n", "")


@pytest.mark.parametrize(
    ("expectation", "code", "verdict"),
    [
        ("calls.gateway.ok >= 1000", 1, "failed"),
        ("sagas.completed >= 10%", 3, "inconclusive"),  # of no sagas at all
    ],
)
def test_the_exit_code_is_the_verdict_also_when_that_is_not_met(
    here: Path, expectation: str, code: int, verdict: str
) -> None:
    told = eventlab("run", *SHORT_CHAIN, *sets(f"expectations=[{expectation}]"), "--quiet", "--out", "x")
    assert told == (code, f"{verdict}: x\n", "")


def test_every_run_has_a_folder_of_its_own(here: Path) -> None:
    for _ in range(2):
        eventlab("run", *SHORT_CHAIN, "--seed", "5", "--quiet")
    assert names(here / "runs") == ["modelled-chain-seed5-1", "modelled-chain-seed5-2"]


def test_a_pipe_gets_no_escape_codes_and_an_old_locale_no_crash(here: Path) -> None:
    env = {"PYTHONIOENCODING": "latin-1", "TERM": "xterm-256color"}
    told = spawned("run", *SHORT_CHAIN, cwd=here, env=env, encoding="latin-1")
    assert told.code == 0 and told.err == ""
    assert ESCAPE not in told.out
    assert "\n? met: 1 of 1 expectations met" in told.out  # latin-1 has no ✓
    assert "Requests  p50" in told.out and "Sagas" not in told.out and "orders" not in told.out


def test_a_reader_who_leaves_early_is_no_error(here: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w") as gone:
        told = spawned("run", *SHORT_CHAIN, cwd=here, stdout=gone)
    assert (told.code, told.err) == (0, "")


def on_a_terminal(*args: str, cwd: Path, env: dict[str, str]) -> tuple[str, str]:
    """What stdout and stderr show when each is a terminal."""
    masters, slaves = zip(*(pty.openpty() for _ in range(2)), strict=True)
    plain = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    process = subprocess.Popen(
        command(*args), cwd=cwd, stdout=slaves[0], stderr=slaves[1], env={**plain, "TERM": "xterm-256color", **env}
    )
    for slave in slaves:
        os.close(slave)
    shown = dict.fromkeys(masters, b"")
    reading = list(masters)
    while reading:
        for master in select.select(reading, [], [], 60)[0]:
            try:
                data = os.read(master, 65536)
            except OSError:  # how Linux says that the other end is closed
                data = b""
            shown[master] += data
            if not data:
                reading.remove(master)
                os.close(master)
    assert process.wait() == 0
    out, err = (shown[master].decode() for master in masters)
    return out, err


def test_a_terminal_sees_progress_on_stderr_and_colour_unless_it_asked_for_none(here: Path) -> None:
    out, err = on_a_terminal("run", *SHORT_CHAIN, cwd=here, env={})
    assert COLOUR.search(out)
    assert "requests" in err
    assert "━" in err and "━" not in out  # the bar itself
    assert "met" in out
    out, err = on_a_terminal("run", *SHORT_CHAIN, cwd=here, env={"NO_COLOR": "1"})
    assert not COLOUR.search(out) and not COLOUR.search(err)
    assert "requests" in err
