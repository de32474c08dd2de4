"""The kinds of faults that befall the network: cuts, and links that are worse than usual."""

from __future__ import annotations

from ..degrading import Degradation
from ..distributions import AnyDistribution, Exponential
from ..partitions import Cut, Flapping, InFlight, Isolation, Partition, SeenAs
from .timed import TimedFault


class CuttingFault(TimedFault, frozen=True, kw_only=True):
    """Some messages do not pass."""

    in_flight: InFlight = "arrives"
    seen_as: SeenAs | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.cut()  # raises what is wrong with it

    def cut(self) -> Cut:
        """The rule that holds meanwhile."""
        raise NotImplementedError

    def nodes(self) -> tuple[str, ...]:
        return self.cut().nodes()

    def __str__(self) -> str:
        return str(self.cut())


class PartitionFault(CuttingFault, frozen=True, kw_only=True, tag="partition"):
    """No message passes between *left* and *right*; with *one_way*, none from *left* to *right*."""

    left: tuple[str, ...]
    right: tuple[str, ...]
    one_way: bool = False

    name = "partition"

    def cut(self) -> Cut:
        return Partition(self.left, self.right, one_way=self.one_way, in_flight=self.in_flight, seen_as=self.seen_as)


class FlappingFault(CuttingFault, frozen=True, kw_only=True, tag="flapping"):
    """A partition that comes and goes: it holds for the first *duty* of every *period_s*."""

    left: tuple[str, ...]
    right: tuple[str, ...]
    period_s: float
    duty: float = 0.5

    name = "flapping"

    def cut(self) -> Cut:
        return Flapping(
            Partition(self.left, self.right, in_flight=self.in_flight, seen_as=self.seen_as), self.period_s, self.duty
        )


class IsolationFault(CuttingFault, frozen=True, kw_only=True, tag="isolation"):
    """No message passes between *node* and any other."""

    node: str

    name = "isolation"

    def cut(self) -> Cut:
        return Isolation(self.node, in_flight=self.in_flight, seen_as=self.seen_as)


class DegradationFault(TimedFault, frozen=True, kw_only=True, tag="degradation"):
    """Links between *left* and *right*, or all of *left*, are worse than they are: see `Degradation` for each field."""

    left: tuple[str, ...]
    right: tuple[str, ...] = ()
    one_way: bool = False
    latency_factor: float = 1.0
    extra_latency: AnyDistribution | None = None
    loss: float = 0.0
    duplication: float = 0.0
    reordering: float = 0.0
    holding: AnyDistribution = Exponential(0.01)
    bandwidth_bytes_s: float | None = None

    name = "degraded links"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.degradation()  # raises what is wrong with it

    def degradation(self) -> Degradation:
        """What holds meanwhile."""
        said = {field: getattr(self, field) for field in Degradation.__struct_fields__}
        return Degradation(**said)

    def nodes(self) -> tuple[str, ...]:
        return self.degradation().nodes()

    def __str__(self) -> str:
        return str(self.degradation())
