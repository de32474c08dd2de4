"""A node that fails by chance: up for a while, down for a while, and again, until the fault is lifted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ... import runtime
from ..distributions import Exponential
from .kinds import FailingFault
from .targets import Breakable


async def fail_and_mend(fault: FailingFault, targets: Breakable) -> None:
    """Crash and restart the node of *fault* until its time is over; ended sooner, it leaves the node up as well.

    A repair counts from the crash to the restart; what the node's boot takes comes on top.
    """
    chance = runtime.random_stream(f"failing/{fault.node}")
    up, down = Exponential(fault.mean_up_s), Exponential(fault.mean_down_s)
    while (crashes_s := runtime.monotonic() + up.sample(chance)) < fault.ends_s:
        await until(crashes_s)
        async with crashed(fault.node, targets):
            await until(min(runtime.monotonic() + down.sample(chance), fault.ends_s))
    await until(fault.ends_s)


@asynccontextmanager
async def crashed(node: str, targets: Breakable) -> AsyncIterator[None]:
    """Down until the block ends, then restarted."""
    targets.crash(node)
    try:
        yield
    finally:
        await targets.restart(node)


async def until(at_s: float) -> None:
    """Wait for a moment of the run's own clock; not at all for one that has passed."""
    await asyncio.sleep(max(0.0, at_s - runtime.monotonic()))
