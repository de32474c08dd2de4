"""What the sections of a scenario are made of: mappings with known keys, and values with their kinds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, TypeAlias

import msgspec

from ..simulation.distributions import AnyDistribution
from .kinds import (
    BandwidthKind,
    DistributionKind,
    DurationKind,
    NumberKind,
    ProbabilityKind,
    RateKind,
    ServiceKind,
    SizeKind,
    TextKind,
    WholeKind,
)

Text = Annotated[str, TextKind()]
Duration = Annotated[float, DurationKind()]
Lasting = Annotated[float, DurationKind(above_zero=True)]
Rate = Annotated[float, RateKind()]
RateOrNone = Annotated[float, RateKind(zero_too=True)]
Probability = Annotated[float, ProbabilityKind()]
Count = Annotated[int, WholeKind(0)]
AtLeastOne = Annotated[int, WholeKind(1)]
AtLeastTwo = Annotated[int, WholeKind(2)]
Latency = Annotated[AnyDistribution, DistributionKind()]
Bandwidth = Annotated[float, BandwidthKind()]
Size = Annotated[int, SizeKind()]
Factor = Annotated[float, NumberKind(above_zero=True)]
End = Annotated[str, ServiceKind(front=True)]

Problem: TypeAlias = tuple[str, str]
"""The key that is wrong, in the mapping at hand, and why."""


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mapping in the file. *exactly_one* names keys of which one, and one only, must be there."""

    exactly_one: ClassVar[tuple[str, ...]] = ()

    def problems(self) -> Iterator[Problem]:
        """What is wrong with these values together, though each is right by itself."""
        yield from ()
