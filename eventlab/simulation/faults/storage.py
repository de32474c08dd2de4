"""The kinds of faults that befall what is kept: disks, and the bits on them."""

from __future__ import annotations

from .timed import TimedFault, check_factor


class DiskFault(TimedFault, frozen=True, kw_only=True):
    """Something befalls one disk."""

    disk: str

    def disks(self) -> tuple[str, ...]:
        return (self.disk,)

    def __str__(self) -> str:
        return self.disk


class DiskStallFault(DiskFault, frozen=True, kw_only=True, tag="disk stall"):
    """*disk* answers nothing."""

    name = "disk stall"


class DiskSlowFault(DiskFault, frozen=True, kw_only=True, tag="slow disk"):
    """What *disk* begins meanwhile takes *factor* times as long."""

    factor: float

    name = "slow disk"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_factor("DiskSlowFault.factor", self.factor)

    def __str__(self) -> str:
        return f"{self.disk}, {self.factor:g} times"


class DiskFullFault(DiskFault, frozen=True, kw_only=True, tag="full disk"):
    """*disk* takes no appends; it goes on being read."""

    name = "full disk"


class BitFlipFault(TimedFault, frozen=True, kw_only=True, tag="bit flip"):
    """A bit of one event in *store* is wrong, until the right bytes are put back, as from a replica.

    The event is drawn by chance from those that are there when it begins, in *stream* if one is named. Where there is
    none, or all are damaged already, nothing happens.
    """

    store: str
    stream: str | None = None

    name = "bit flip"

    def stores(self) -> tuple[str, ...]:
        return (self.store,)

    def __str__(self) -> str:
        return self.store if self.stream is None else f"{self.store}, stream {self.stream}"
