"""A run on the real clock beside a notebook: the command line program in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from eventlab.errors import RunRefused
from eventlab.scenarios import Run

_VERDICTS = (0, 1, 3)
"""Exit codes of a run that came to its end: met, failed, inconclusive."""


class RealClock:
    """``eventlab run … --clock real``, begun at once; :meth:`run` waits for its end and gives what it left behind.

    Every service keeps a SQLite file of its own, in a folder that is gone
    afterwards. Its commits do not wait for the disk: at speed 10 a slow one
    would decide the outcome.
    """

    def __init__(self, scenario: str | Path, sets: Sequence[str] = (), *, speed: float = 10) -> None:
        self._scratch = TemporaryDirectory(prefix="eventlab-")
        self._run: Run | None = None
        stores = Path(self._scratch.name) / "shop-{service}.db"
        self._out = Path(self._scratch.name) / "run"
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "eventlab", "run", str(scenario)),
                *(word for one in sets for word in ("--set", one)),
                *("--clock", "real", "--speed", f"{speed:g}"),
                *("--store", f"sqlite:///{stores}?synchronous=NORMAL", "--out", str(self._out), "--quiet"),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, timeout_s: float = 60) -> Run:
        """The run; asked again, the same one. Raises RunRefused with what the program said."""
        if self._run is None:
            try:
                said, complained = self._process.communicate(timeout=timeout_s)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.communicate()
                raise
            if self._process.returncode not in _VERDICTS:
                raise RunRefused((complained or said).strip())
            self._run = Run.load(self._out)
            self._scratch.cleanup()
        return self._run
