"""The command as a user types it: in this process where that tells the same, else in one of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from typer.testing import CliRunner

from eventlab.cli import app
from tests.sources import ROOT

SHOP = str(ROOT / "scenarios" / "payment-outage.yaml")
CHAIN = str(ROOT / "scenarios" / "modelled-chain.yaml")

QUIET_SHOP = (SHOP, "--set", "load.orders.first=12", "--set", "faults=[]", "--set", "expectations=[invariants hold]")
"""Few orders on a quiet day: every expectation is met."""

SHORT_CHAIN = (CHAIN, "--set", "load.open.for=2s", "--set", "faults=[]", "--set", "expectations=[duration < 10s]")
"""A few dozen requests, and no fault."""


class Told(NamedTuple):
    """What a command answered."""

    code: int
    out: str
    err: str


def eventlab(*args: str) -> Told:
    """In this process: fast, and nothing hides behind a pipe."""
    result = CliRunner().invoke(app, list(args))
    return Told(result.exit_code, result.stdout, result.stderr)


def command(*args: str) -> list[str]:
    return [sys.executable, "-m", "eventlab", *args]


def start(*args: str, cwd: Path, **options: Any) -> subprocess.Popen[str]:
    """In a process of its own, which goes on while the test looks at it."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "encoding": "utf-8"}
    return subprocess.Popen(command(*args), cwd=cwd, **(pipes | options))


def ended(process: subprocess.Popen[str], within_s: float = 60.0) -> Told:
    out, err = process.communicate(timeout=within_s)
    return Told(process.returncode, out, err)


def spawned(*args: str, cwd: Path, env: dict[str, str] | None = None, **options: Any) -> Told:
    """In a process of its own, to its end."""
    return ended(start(*args, cwd=cwd, env={**os.environ, **(env or {})}, **options))


def until(seen: Callable[[], bool], process: subprocess.Popen[str], within_s: float = 30.0) -> None:
    """Wait for something that a running command brings about."""
    deadline_s = time.monotonic() + within_s
    while not seen():
        assert process.poll() is None, f"ended too early, with {process.returncode}: {process.communicate()}"
        assert time.monotonic() < deadline_s, "it never came about"
        time.sleep(0.01)


def manifest(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    return found


def sets(*changes: str) -> list[str]:
    return [word for change in changes for word in ("--set", change)]


def names(folder: Path) -> Sequence[str]:
    return sorted(path.name for path in folder.iterdir())
