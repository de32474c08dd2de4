"""Work takes time, and more of it on a slow node. Clocks do not: that is why work has a word of its own."""

from __future__ import annotations

import asyncio

from .incarnation import INCARNATION


def stretched_s(work_s: float) -> float:
    """How long work of *work_s* seconds takes on the node whose code asks; just that outside any node."""
    life = INCARNATION.get()
    return work_s if life is None else work_s * life.slowness


async def work_for(work_s: float) -> None:
    """Work for so many seconds: `asyncio.sleep` for what a slow node does more slowly.

    How slow the node is counts from the moment in which the work begins. On asyncio's own loop, and
    outside any node, this is a sleep.
    """
    await asyncio.sleep(stretched_s(work_s))
