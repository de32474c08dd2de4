"""Was it right? Pure functions of what was found, answering valid, invalid or unknown, and because of what."""

from __future__ import annotations

from eventlab.checks.conservation import never_negative, same_per_key, same_total
from eventlab.checks.linearizable import linearizable
from eventlab.checks.little import littles_law
from eventlab.checks.presence import all_ended, all_within, at_most_once, none_found
from eventlab.checks.result import CheckResult, verdict
from eventlab.checks.sessions import session_guarantee
from eventlab.checks.streams import no_gaps, nothing_lost, nothing_missed, nothing_twice

__all__ = [
    "CheckResult",
    "all_ended",
    "all_within",
    "at_most_once",
    "linearizable",
    "littles_law",
    "never_negative",
    "no_gaps",
    "none_found",
    "nothing_lost",
    "nothing_missed",
    "nothing_twice",
    "same_per_key",
    "same_total",
    "session_guarantee",
    "verdict",
]
