"""Was it right? Pure functions of what was found, answering valid, invalid or unknown, and because of what."""

from __future__ import annotations

from eventlab.checks.availability import bounded_unavailability, recovered
from eventlab.checks.conditions import always, eventually, fault_windows, healed_s
from eventlab.checks.conservation import never_negative, same_per_key, same_total
from eventlab.checks.deliveries import nothing_missed
from eventlab.checks.explaining import Movement, explained
from eventlab.checks.isolation import (
    Isolation,
    isolation,
    judged,
    parallel_snapshot_isolation,
    read_atomic,
    read_committed,
    serializable,
    snapshot_isolation,
    strict_serializable,
)
from eventlab.checks.linearizable import linearizable
from eventlab.checks.little import littles_law, littles_law_everywhere
from eventlab.checks.presence import all_ended, all_within, at_most_once, none_found
from eventlab.checks.recorded import recorded
from eventlab.checks.result import CheckResult, verdict
from eventlab.checks.sessions import session_guarantee
from eventlab.checks.streams import no_gaps, nothing_lost, nothing_twice
from eventlab.checks.transactions import Transaction, transactions

__all__ = [
    "CheckResult",
    "Isolation",
    "Movement",
    "Transaction",
    "all_ended",
    "all_within",
    "always",
    "at_most_once",
    "bounded_unavailability",
    "eventually",
    "explained",
    "fault_windows",
    "healed_s",
    "isolation",
    "judged",
    "linearizable",
    "littles_law",
    "littles_law_everywhere",
    "never_negative",
    "no_gaps",
    "none_found",
    "nothing_lost",
    "nothing_missed",
    "nothing_twice",
    "parallel_snapshot_isolation",
    "read_atomic",
    "read_committed",
    "recorded",
    "recovered",
    "same_per_key",
    "same_total",
    "serializable",
    "session_guarantee",
    "snapshot_isolation",
    "strict_serializable",
    "transactions",
    "verdict",
]
