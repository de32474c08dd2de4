"""What every fault is: something from a moment on, for a while, and then lifted."""

from __future__ import annotations

import math

import msgspec

from ...errors import InvalidValue


class TimedFault(msgspec.Struct, frozen=True, kw_only=True, tag_field="fault", forbid_unknown_fields=True):
    """What all faults say: from *at_s* on, in seconds since the run began, *for_s* long."""

    at_s: float
    for_s: float

    name = ""
    """The kind, in a word or two."""

    def __post_init__(self) -> None:
        for field in self.__struct_fields__:  # 5 and 5.0 seconds are one fault, and one line of a file
            if type(value := getattr(self, field)) is int:
                msgspec.structs.force_setattr(self, field, float(value))
            elif type(value) is list:  # as it comes back from a file
                msgspec.structs.force_setattr(self, field, tuple(value))
        kind = type(self).__name__
        for field, seconds in (("at_s", self.at_s), ("for_s", self.for_s)):
            if type(seconds) is not float:
                raise InvalidValue(f"{kind}.{field}", seconds, "a number of seconds")
        targets: tuple[object, ...] = (*self.nodes(), *self.disks(), *self.stores())
        for named in targets:
            if not isinstance(named, str) or not named:
                raise InvalidValue(f"the target of a {kind}", named, "a name")
        if not 0 <= self.at_s < math.inf:
            raise InvalidValue(f"{kind}.at_s", self.at_s, "a time from the start of the run, not negative")
        if not 0 < self.for_s < math.inf:
            raise InvalidValue(f"{kind}.for_s", self.for_s, "a duration above nothing")

    @property
    def ends_s(self) -> float:
        """When it is lifted."""
        return self.at_s + self.for_s

    def nodes(self) -> tuple[str, ...]:
        """The nodes that it concerns."""
        return ()

    def disks(self) -> tuple[str, ...]:
        """The disks that it concerns."""
        return ()

    def stores(self) -> tuple[str, ...]:
        """The stores that it concerns."""
        return ()


def check_factor(field: str, factor: float) -> None:
    """Raises InvalidValue for what makes nothing slower."""
    if type(factor) is not float or not 1 <= factor < math.inf:
        raise InvalidValue(field, factor, "a finite factor from 1 up")
