"""A share of the traffic that may be spent on asking twice."""

from __future__ import annotations

from .. import runtime
from ..errors import InvalidValue

_ROUNDING = 1e-9  # ten tenths add up to a little less than one


class RetryBudget:
    """Lets retries, or hedges, be at most a share of the calls, so that they cannot keep down what they wait for.

    Every call earns *ratio* of a retry, and *floor_per_s* retries come with
    time, so that a client with little traffic may retry at all. What is not
    spent is kept up to *saved_max*, which a new budget starts with.

    Whatever is given the same budget shares it: one for each target bounds the load that a target gets; one for all
    of a client's policies bounds what the client does. It is for one event loop. As in Finagle (``RetryBudget``: a
    share, a floor, and a bounded store), and unlike Envoy, which bounds how many retries there are at one time.
    """

    def __init__(self, ratio: float = 0.1, floor_per_s: float = 1.0, saved_max: float = 10.0) -> None:
        if not 0 <= ratio <= 1:
            raise InvalidValue("RetryBudget.ratio", ratio, "a share from 0 to 1")
        if not floor_per_s >= 0:
            raise InvalidValue("RetryBudget.floor_per_s", floor_per_s, "0 or more retries a second")
        if not saved_max >= 1:
            raise InvalidValue("RetryBudget.saved_max", saved_max, "at least one retry")
        self.ratio, self.floor_per_s, self.saved_max = ratio, floor_per_s, saved_max
        self.calls = 0
        """Calls that earned."""
        self.spent = 0
        """Retries that were let through."""
        self.denied = 0
        """Retries that were not."""
        self._saved = saved_max
        self._at_s: float | None = None

    @property
    def saved(self) -> float:
        """How many retries could be spent now."""
        gained = 0.0
        if self._at_s is not None:  # a new world's clock begins at 0 again: that takes nothing away
            gained = max(0.0, runtime.monotonic() - self._at_s) * self.floor_per_s
        return min(self.saved_max, self._saved + gained)

    def earn(self) -> None:
        """A call begins."""
        self.calls += 1
        self._saved = min(self.saved_max, self._saved + self.ratio)

    def spend(self) -> bool:
        """Take one retry out, if there is one."""
        self._saved, self._at_s = self.saved, runtime.monotonic()
        if self._saved < 1 - _ROUNDING:
            self.denied += 1
            return False
        self.spent += 1
        self._saved -= 1
        return True

    def __repr__(self) -> str:
        return f"RetryBudget(ratio={self.ratio:g}, floor_per_s={self.floor_per_s:g}, saved_max={self.saved_max:g})"
