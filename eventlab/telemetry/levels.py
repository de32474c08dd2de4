"""How loud a happening is in a log."""

from __future__ import annotations

from collections.abc import Callable
from logging import DEBUG, ERROR, INFO, WARNING
from typing import Any, Final

from .. import hooks
from ..hooks import Happening

_COMMANDS = {"refused": INFO, "cancelled": INFO, "unknown": WARNING, "failed": ERROR}
_CALLS = {"refused": INFO, "failed": ERROR, "unavailable": WARNING, "rejected": WARNING, "unknown": WARNING}
_SAGAS = {
    "started": INFO,
    "completed": INFO,
    "compensation_completed": INFO,
    "failed": WARNING,
    "timed_out": WARNING,
    "unreached": WARNING,
    "compensating": WARNING,
    "compensation_failed": WARNING,
    "turned_back": WARNING,
    "taken_up": WARNING,
    "stuck": ERROR,
    "retried": INFO,
    "skipped_by_hand": WARNING,
    "resolved": INFO,
    "cancelled": INFO,
    "abandoned": ERROR,
}


def _of_command(what: hooks.CommandAttempted) -> int:
    """A conflict is how it works, until there are no attempts left."""
    if what.outcome == "conflict":
        return DEBUG if what.backoff_s is not None else WARNING
    return _COMMANDS.get(what.outcome, DEBUG)


LEVELS: Final[dict[type[Happening], int | Callable[[Any], int]]] = {
    hooks.CommandAttempted: _of_command,
    hooks.CallEnded: lambda what: _CALLS.get(what.outcome, DEBUG),
    hooks.CallRejected: WARNING,
    hooks.BreakerChanged: lambda what: WARNING if what.after in ("open", "forced open") else INFO,
    hooks.SagaMoved: lambda what: _SAGAS.get(what.phase, DEBUG),
    hooks.SagaParked: WARNING,
    hooks.EventParked: WARNING,
    hooks.ProjectionStopped: ERROR,
    hooks.ProjectionRebuilt: INFO,
    hooks.SnapshotNotTaken: WARNING,
    hooks.SubscriptionResumed: INFO,
    hooks.LeaseChanged: lambda what: WARNING if what.change == "lost" else DEBUG,
    hooks.NodeChanged: lambda what: WARNING if what.state == "crashed" else INFO,
    hooks.ClockChanged: INFO,
    hooks.StorageChanged: lambda what: WARNING if what.on else INFO,
    hooks.FaultBegan: INFO,
    hooks.FaultEnded: INFO,
}
"""What is not named here is DEBUG."""


def level_of(what: Happening) -> int:
    """The level of `logging` at which *what* is told."""
    level = LEVELS.get(type(what), DEBUG)
    return level(what) if callable(level) else level
