"""Load: what is asked of a system, as values, and putting it on.

Begin with :func:`drive`. An open load (:class:`OpenLoad` of a rate, or a :class:`Replay` of recorded times) asks
whether or not it is answered; a :class:`ClosedLoad` is users who wait for their answers. Each has an end.
"""

from .arriving import arrivals
from .driving import Arrival, drive
from .loads import REQUESTS_MAX, ClosedLoad, Load, OpenLoad, Replay, constant, peak_per_s, poisson
from .rates import Profile, Ramp, Rate, Spike, Steady, expected_requests

__all__ = [
    "REQUESTS_MAX",
    "Arrival",
    "ClosedLoad",
    "Load",
    "OpenLoad",
    "Profile",
    "Ramp",
    "Rate",
    "Replay",
    "Spike",
    "Steady",
    "arrivals",
    "constant",
    "drive",
    "expected_requests",
    "peak_per_s",
    "poisson",
]
