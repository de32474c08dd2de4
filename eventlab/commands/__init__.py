"""Commands: declare the streams, fold, decide; `execute` does the rest.

Begin with `Command`, then `execute`.
"""

from __future__ import annotations

from .command import Command, declared_streams
from .contention import conflict_probability, conflict_probability_among
from .execution import DEFAULT_RETRY, ConflictRetry, Executed, execute
from .reading import DISCOVERED_STREAMS_MAX
from .snapshot import Snapshot
from .tracing import execute_with_tracing

__all__ = [
    "Command",
    "execute",
    "execute_with_tracing",
    "Executed",
    "ConflictRetry",
    "DEFAULT_RETRY",
    "declared_streams",
    "Snapshot",
    "DISCOVERED_STREAMS_MAX",
    "conflict_probability",
    "conflict_probability_among",
]
