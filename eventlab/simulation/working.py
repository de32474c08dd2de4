"""Work takes time, and more of it on a slow node. Clocks do not: that is why work has a word of its own."""

from __future__ import annotations

import asyncio

from ..errors import InvalidValue
from .incarnation import INCARNATION


def stretched_s(work_s: float) -> float:
    """How long work of *work_s* seconds takes on the node whose code asks; just that outside any node.

    Raises InvalidValue for less than nothing.
    """
    if not work_s >= 0:
        raise InvalidValue("work_s", work_s, "a number of seconds, not negative")
    life = INCARNATION.get()
    return work_s if life is None else work_s * life.slowness


async def work_for(work_s: float) -> None:
    """Work for so many seconds: `asyncio.sleep` for what a slow node does more slowly.

    How slow the node is counts from the moment in which the work begins. On asyncio's own loop, and
    outside any node, this is a sleep.
    """
    await asyncio.sleep(stretched_s(work_s))
