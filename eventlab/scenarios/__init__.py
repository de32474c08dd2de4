"""Scenarios: the file format, loading, building, running, and what a run leaves behind.

``load`` a file, then ``run_virtual`` or ``run_real`` it; either gives a :class:`Run`.
"""

from __future__ import annotations

from .folder import Manifest
from .front import Progress
from .loading import Loaded, load
from .model import Scenario
from .real import run_real
from .runs import Run
from .schema import scenario_schema
from .summary import Summary
from .virtual import run_virtual

__all__ = [
    "load",
    "Loaded",
    "run_virtual",
    "run_real",
    "Run",
    "Summary",
    "Scenario",
    "scenario_schema",
    "Manifest",
    "Progress",
]
