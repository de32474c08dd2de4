"""How a capacity was used: averages over time, and over customers, of which Little's law speaks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Usage:
    """What was seen of a capacity in *observed_s* seconds.

    *waiting_mean* and *in_service_mean* are averages over time; *wait_s_mean* is one over those whose
    service began, *stay_s_mean* (waiting and service) over those who were *served*. Little's law (1961)
    joins them: ``waiting_mean + in_service_mean`` is the rate of the served times *stay_s_mean*, exactly if the time
    begins and ends with nobody there and nobody left unserved. An average over nothing is None.
    """

    observed_s: float
    arrived: int
    served: int
    refused: int
    """Turned away, because the queue was full."""
    dropped: int
    """Not served, because their deadline was over, or because their discipline shed them."""
    abandoned: int
    """Left unserved: cancelled, or dead with their node."""
    waiting_mean: float | None
    in_service_mean: float | None
    utilisation: float | None
    """The part of all servers that was busy, averaged over time."""
    wait_s_mean: float | None
    stay_s_mean: float | None

    @property
    def served_per_s(self) -> float | None:
        return _ratio(self.served, self.observed_s)


class Meter:
    """Sums up what `Usage` tells. Times are the caller's; it asks no clock."""

    __slots__ = (
        *("abandoned", "arrived", "began", "dropped", "refused", "served"),
        *("_busy_s", "_changed_s", "_queued_s", "_since_s", "stayed_s", "waited_s"),
    )

    def __init__(self, now_s: float) -> None:
        self._since_s = self._changed_s = now_s
        self._queued_s = self._busy_s = self.waited_s = self.stayed_s = 0.0
        self.arrived = self.began = self.served = self.refused = self.dropped = self.abandoned = 0

    def passed(self, now_s: float, waiting: int, in_service: int) -> None:
        """Until *now_s* so many were waiting, and so many in service. To be told before either changes."""
        for_s = now_s - self._changed_s
        if for_s:
            self._changed_s = now_s
            self._busy_s += for_s * in_service
            if waiting:
                self._queued_s += for_s * waiting

    def usage(self, servers: int) -> Usage:
        observed_s = self._changed_s - self._since_s
        return Usage(
            observed_s=observed_s,
            arrived=self.arrived,
            served=self.served,
            refused=self.refused,
            dropped=self.dropped,
            abandoned=self.abandoned,
            waiting_mean=_ratio(self._queued_s, observed_s),
            in_service_mean=_ratio(self._busy_s, observed_s),
            utilisation=_ratio(self._busy_s, observed_s * servers),
            wait_s_mean=_ratio(self.waited_s, self.began),
            stay_s_mean=_ratio(self.stayed_s, self.served),
        )


def _ratio(whole: float, parts: float) -> float | None:
    return whole / parts if parts else None
