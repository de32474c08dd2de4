"""What a circuit breaker may be in, and one stretch of its time in such a state."""

from __future__ import annotations

import enum
import math
from collections import deque

from .window import CountWindow, Window


class State(enum.Enum):
    """What a breaker does with calls."""

    CLOSED = "closed"
    """Calls pass and are counted."""
    OPEN = "open"
    """Calls are rejected until the open time is over; the first one after that begins the half-open period."""
    HALF_OPEN = "half-open"
    """A fixed number of probes pass, and decide."""
    DISABLED = "disabled"
    """Calls pass and nothing is counted."""
    FORCED_OPEN = "forced open"
    """Calls are rejected until somebody switches the breaker back."""
    METRICS_ONLY = "metrics only"
    """Calls pass and are counted, and the breaker never opens."""


PASSING = (State.CLOSED, State.DISABLED, State.METRICS_ONLY)
STOPPING = (State.OPEN, State.FORCED_OPEN)


class Period:
    """A stretch in one state, with what was counted in it. Calls belong to the period that let them in.

    Each change of state begins another one; what ends in a period that is over decides nothing.
    """

    __slots__ = ("left", "passes", "returned", "simple", "state", "stops", "until_s", "window")

    def __init__(self, state: State, window: Window, permits: int = 0, until_s: float = math.inf) -> None:
        self.state = state
        self.window = window
        self.until_s = until_s
        """When this state is over, if nothing else ends it: of OPEN and HALF_OPEN, on the monotonic clock."""
        self.passes = state in PASSING
        """Whether calls go through unasked."""
        self.stops = state in STOPPING
        """Whether all are rejected until then."""
        self.simple = state is State.CLOSED and not window.ages
        """Whether a call that ends well decides nothing, once as many are known as are needed to judge."""
        self.left = permits
        """Permits that nobody has had yet."""
        self.returned: deque[None] = deque()
        """Permits that were given back. Appending needs no lock, so that a call may be dropped at any moment, also
        by the garbage collector in the middle of the breaker's own counting."""

    def take(self) -> bool:
        """Whether there was a permit left; if so it is taken."""
        if self.left:
            self.left -= 1
            return True
        if self.returned:
            self.returned.popleft()
            return True
        return False

    def give_back(self) -> None:
        """A call that took a permit has ended without telling anything."""
        if self.state is State.HALF_OPEN:
            self.returned.append(None)

    @property
    def permits_left(self) -> int:
        return self.left + len(self.returned)


def nothing_counted() -> Window:
    """The window of a state that counts nothing."""
    return CountWindow(1)
