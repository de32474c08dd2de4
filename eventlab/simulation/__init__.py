"""The simulated world: asyncio in SimPy's virtual time, nodes that crash, a network that partitions.

Begin with :class:`World`. ``http`` (httpx and ASGI applications) is imported by itself.
"""

from .calls import CallEdge, call_graph
from .capacity import Capacity
from .disk import Disk
from .distributions import (
    AbsNormal,
    Constant,
    Distribution,
    Exponential,
    Jittered,
    LogNormal,
    Pareto,
    Uniform,
)
from .draws import Difference, first_difference
from .empirical import Empirical
from .entropy import Leak
from .environment import WorldEnvironment, wait_for_event
from .faults import CrashFault, Fault, PartitionFault, play
from .kinds_of_faults import (
    AnyFault,
    ClockFault,
    DiskFullFault,
    DiskSlowFault,
    DiskStallFault,
    IsolationFault,
    PauseFault,
    SlowFault,
)
from .links import Link, Links, Partition
from .network import Network
from .node import Node
from .partitions import Cut, Flapping, Isolation, MajoritiesRing
from .playing import play_in
from .presets import MOBILE, ONE_DATA_CENTRE, ONE_HOST, REGIONS, Preset
from .recorder import Recorder
from .recording import Recorded, Recording
from .schedule import Schedule
from .scheduling import PCT, Scripted
from .shapes import bridge, halves, minority_majority
from .shrinking import shrink
from .storage import SimulatedStore
from .transport import SimulatedTransport
from .usage import Usage
from .working import work_for
from .world import World
from .writeback import WriteBack

__all__ = [
    "MOBILE",
    "ONE_DATA_CENTRE",
    "ONE_HOST",
    "REGIONS",
    "Capacity",
    "AbsNormal",
    "AnyFault",
    "ClockFault",
    "DiskFullFault",
    "DiskSlowFault",
    "DiskStallFault",
    "IsolationFault",
    "PauseFault",
    "Schedule",
    "SlowFault",
    "play_in",
    "shrink",
    "CallEdge",
    "Constant",
    "CrashFault",
    "Cut",
    "Difference",
    "Disk",
    "Distribution",
    "Empirical",
    "Exponential",
    "Fault",
    "Flapping",
    "Isolation",
    "Jittered",
    "Leak",
    "Link",
    "Links",
    "LogNormal",
    "MajoritiesRing",
    "Network",
    "Node",
    "Pareto",
    "Partition",
    "PartitionFault",
    "Preset",
    "Recorded",
    "Recorder",
    "Recording",
    "PCT",
    "Scripted",
    "SimulatedStore",
    "SimulatedTransport",
    "Uniform",
    "Usage",
    "World",
    "WorldEnvironment",
    "bridge",
    "WriteBack",
    "call_graph",
    "first_difference",
    "halves",
    "minority_majority",
    "play",
    "wait_for_event",
    "work_for",
]
