"""Faults as data: what breaks, when, and for how long; written down, checked, played, shrunk.

Begin with :class:`Schedule`. Strategies that draw schedules are in `eventlab.simulation.strategies`.
"""

from .kinds import (
    BitFlipFault,
    ClockFault,
    CrashFault,
    DegradationFault,
    DiskFullFault,
    DiskSlowFault,
    DiskStallFault,
    FailingFault,
    Fault,
    FlappingFault,
    IsolationFault,
    PartitionFault,
    PauseFault,
    SlowFault,
)
from .playing import play, play_in
from .recovery import recover
from .schedule import Schedule
from .shrinking import shrink
from .targets import Breakable, Targets

__all__ = [
    "BitFlipFault",
    "Breakable",
    "ClockFault",
    "CrashFault",
    "DegradationFault",
    "DiskFullFault",
    "DiskSlowFault",
    "DiskStallFault",
    "FailingFault",
    "Fault",
    "FlappingFault",
    "IsolationFault",
    "PartitionFault",
    "PauseFault",
    "Schedule",
    "SlowFault",
    "Targets",
    "play",
    "play_in",
    "recover",
    "shrink",
]
