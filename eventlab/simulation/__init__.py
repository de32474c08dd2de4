"""The simulated world: asyncio in SimPy's virtual time, nodes that crash, a network that partitions.

Begin with :class:`World`. ``http`` (httpx and ASGI applications) is imported by itself.
"""

from .calls import CallEdge, call_graph
from .capacity import Capacity
from .degrading import Degradation
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
from .faults import (
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
    Schedule,
    SlowFault,
    Targets,
    play,
    play_in,
    recover,
    shrink,
)
from .links import Link, Links, Partition
from .network import Network
from .node import Node
from .partitions import Cut, Flapping, Isolation, MajoritiesRing
from .presets import MOBILE, ONE_DATA_CENTRE, ONE_HOST, REGIONS, Preset
from .recorder import Recorder
from .recording import Recorded, Recording
from .scheduling import PCT, Scripted
from .shapes import bridge, halves, minority_majority
from .storage import SimulatedStore
from .transport import SimulatedTransport
from .usage import Usage
from .working import work_for
from .world import World
from .writeback import WriteBack

__all__ = [
    "AbsNormal",
    "BitFlipFault",
    "CallEdge",
    "Capacity",
    "ClockFault",
    "Constant",
    "CrashFault",
    "Cut",
    "Degradation",
    "DegradationFault",
    "Difference",
    "Disk",
    "DiskFullFault",
    "DiskSlowFault",
    "DiskStallFault",
    "Distribution",
    "Empirical",
    "Exponential",
    "FailingFault",
    "Fault",
    "Flapping",
    "FlappingFault",
    "Isolation",
    "IsolationFault",
    "Jittered",
    "Leak",
    "Link",
    "Links",
    "LogNormal",
    "MOBILE",
    "MajoritiesRing",
    "Network",
    "Node",
    "ONE_DATA_CENTRE",
    "ONE_HOST",
    "PCT",
    "Pareto",
    "Partition",
    "PartitionFault",
    "PauseFault",
    "Preset",
    "REGIONS",
    "Recorded",
    "Recorder",
    "Recording",
    "Schedule",
    "Scripted",
    "SimulatedStore",
    "SimulatedTransport",
    "SlowFault",
    "Targets",
    "Uniform",
    "Usage",
    "World",
    "WorldEnvironment",
    "WriteBack",
    "bridge",
    "call_graph",
    "first_difference",
    "halves",
    "minority_majority",
    "play",
    "play_in",
    "recover",
    "shrink",
    "wait_for_event",
    "work_for",
]
