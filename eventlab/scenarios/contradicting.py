"""What the history of a run says against itself. It should be nothing: whatever it is, the simulator is to blame."""

from __future__ import annotations

from collections.abc import Sequence

from .. import hooks
from ..checks import CheckResult, littles_law_everywhere
from ..checks.result import broken
from ..history import Entry

WITNESSES_MAX = 5


def contradictions(entries: Sequence[Entry]) -> list[CheckResult]:
    """Little's law at every service of a run in virtual time, recorded whole: empty where it holds, as it must.

    Calls that had not ended, as those of a caller that crashed, count until the end of the history.
    """
    found = littles_law_everywhere(entries)
    if found.valid or not any(isinstance(entry.what, hooks.CallStarted | hooks.CallEnded) for entry in entries):
        return []
    because = f"the simulator contradicts itself, which is no fault of the scenario: {found.because}"
    return [broken(found.name, because, found.witnesses[:WITNESSES_MAX])]
