"""Checking what many rooms are given."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

from .settings import InvalidValue


def check_seconds(
    name: str, value: Any, *, zero_too: bool = False, endless_too: bool = False, otherwise: str = ""
) -> None:
    """Raises InvalidValue for *name* unless *value* is a finite number of seconds above 0.

    With *zero_too* nothing may pass as well, with *endless_too* infinity. A text out of a file is none, nor is a
    `timedelta`, nor nan. *otherwise* is told: what else would do, which the caller has let through already.
    """
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if not is_number or not (value > 0 or (zero_too and value == 0)) or (value == math.inf and not endless_too):
        expected = f"a {'' if endless_too else 'finite '}number of seconds{', 0 or more' if zero_too else ' above 0'}"
        raise InvalidValue(name, value, f"{expected}, or {otherwise}" if otherwise else expected)
