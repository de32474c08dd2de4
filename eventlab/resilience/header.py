"""A deadline in the header of a message: as the time that is left.

A moment on a monotonic clock means nothing on another machine, and the time of day differs between two. So the
caller writes how long it will still wait, and the callee counts from the arrival. What the message was under way is
not taken off, since nobody knows it: the callee may work that much longer than its caller waits, never less. The
form is that of gRPC's ``grpc-timeout`` (*gRPC over HTTP2*: at most eight digits and a unit).
"""

from __future__ import annotations

import math
import re

from ..errors import InvalidValue
from .deadline import remaining_s

DEADLINE_HEADER = "eventlab-timeout"
"""The name under which it travels."""

_UNITS = (("n", 10**9, 1), ("u", 10**6, 1), ("m", 1000, 1), ("S", 1, 1), ("M", 1, 60), ("H", 1, 3600))
_UNIT = {unit: (per_second, seconds) for unit, per_second, seconds in _UNITS}
_DIGITS_MAX = 99_999_999
_LONGEST_S = _DIGITS_MAX * 3600.0  # eleven thousand years
_FORM = re.compile(r"([0-9]{1,8})([HMSmun])")


def deadline_to_header(left_s: float | None = None) -> str | None:
    """The header's text for *left_s*, or for what is left of the ambient deadline; None when there is none.

    Rounded down, to the finest unit that has room: 1.5 seconds are ``"1500000u"``. A passed deadline is ``"0n"``.
    """
    if left_s is None:
        left_s = remaining_s()
    if left_s is None or left_s == math.inf:
        return None
    if math.isnan(left_s):
        raise InvalidValue("left_s", left_s, "a number of seconds")
    left_s = min(max(0.0, left_s), _LONGEST_S)
    counts = ((math.floor(left_s * per_second / seconds), unit) for unit, per_second, seconds in _UNITS)
    return next(f"{count}{unit}" for count, unit in counts if count <= _DIGITS_MAX)


def deadline_from_header(text: str | None) -> float:
    """The seconds that a header leaves: ``with deadline(deadline_from_header(headers.get(DEADLINE_HEADER)))``.

    Without a header, which is None, there is no end to them. Raises InvalidValue, naming the text, for one that is not
    of the form.
    """
    if text is None:
        return math.inf
    found = _FORM.fullmatch(text)
    if found is None:
        raise InvalidValue(DEADLINE_HEADER, text, "up to eight digits and one of H, M, S, m, u, n, such as '1500m'")
    per_second, seconds = _UNIT[found[2]]
    return int(found[1]) * seconds / per_second
