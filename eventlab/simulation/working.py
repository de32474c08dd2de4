"""Work takes time, and more of it on a slow node. Clocks do not: that is why work has a word of its own."""

from __future__ import annotations

import asyncio
import math
from numbers import Real
from typing import Any

from ..errors import InvalidValue
from ..errors.given import check_seconds
from .incarnation import INCARNATION


def check_work(name: str, work_s: Any) -> None:
    """Raises InvalidValue for less than nothing, and for what is no number of seconds, as a text out of a file is."""
    if type(work_s) is not float or not work_s >= 0:  # what comes with every read and append is seen here
        check_seconds(name, work_s, zero_too=True, endless_too=True)


def check_slowness(name: str, factor: Any) -> None:
    """Raises InvalidValue for what makes nothing slower, and for what is no number."""
    if not isinstance(factor, Real) or not 1 <= float(factor) < math.inf:
        raise InvalidValue(name, factor, "a finite factor from 1 up")


def stretched_s(work_s: float) -> float:
    """How long work of *work_s* seconds takes on the node whose code asks; just that outside any node.

    Raises InvalidValue as `check_work` does.
    """
    check_work("work_s", work_s)
    life = INCARNATION.get()
    return work_s if life is None else work_s * life.slowness


async def work_for(work_s: float) -> None:
    """Work for so many seconds: `asyncio.sleep` for what a slow node does more slowly.

    How slow the node is counts from the moment in which the work begins. On asyncio's own loop, and
    outside any node, this is a sleep.
    """
    await asyncio.sleep(stretched_s(work_s))
