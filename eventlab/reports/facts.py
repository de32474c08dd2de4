"""What a report is written of."""

from __future__ import annotations

from typing import Protocol

from eventlab.figures import RunLike
from eventlab.scenarios.summary import Summary


class ReportedRun(RunLike, Protocol):
    """A history with its summary: a run, one loaded from its folder, or a literal one."""

    @property
    def summary(self) -> Summary: ...
