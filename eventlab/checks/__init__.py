"""Was it right? Pure functions of what was found, answering valid, invalid or unknown, and because of what."""

from __future__ import annotations

from eventlab.checks.conservation import never_negative, same_per_key, same_total
from eventlab.checks.little import littles_law
from eventlab.checks.presence import all_ended, all_within, at_most_once, none_found
from eventlab.checks.result import CheckResult, verdict

__all__ = [
    "CheckResult",
    "all_ended",
    "all_within",
    "at_most_once",
    "littles_law",
    "never_negative",
    "none_found",
    "same_per_key",
    "same_total",
    "verdict",
]
