"""The end of a run with faults: everything is lifted, the world settles, and the last reads are of a quiet world."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from ...errors import BudgetSpent
from ...errors.given import check_seconds
from ..waiting import describe_waiting

if TYPE_CHECKING:
    from ..disk import Disk
    from ..storage import SimulatedStore
    from ..world import World

LOOK_EVERY_S = 1.0


async def recover(
    world: World,
    settled: Callable[[], Awaitable[bool]],
    *,
    within_s: float,
    every_s: float = LOOK_EVERY_S,
    disks: Iterable[Disk] | Mapping[str, Disk] = (),
    stores: Iterable[SimulatedStore] | Mapping[str, SimulatedStore] = (),
) -> None:
    """Lift every fault that holds, then wait until *settled* says so.

    The network is whole again and as quick as it was, but for rules of your own; nodes are up, awake, and as quick as
    ever, their clocks right; nothing is wrong with *disks*, nor with *stores* and what lies below them, listed or in
    dicts as `play_in` takes them. Call it from the world's own code before the final reads: `play` lifts its faults
    itself, this ends what a test did by hand as well. Nodes that are down are restarted together, so that one may wait
    in its boot for another. Raises BudgetSpent, with what was waiting, if the boots have not ended and the world has
    not settled *within_s*; *every_s* is how often *settled* is asked.
    """
    check_seconds("recover, within_s", within_s)
    check_seconds("recover, every_s", every_s)
    world.network.links.heal()
    for disk in disks.values() if isinstance(disks, Mapping) else disks:
        disk.mend()
    for store in stores.values() if isinstance(stores, Mapping) else stores:
        store.mend_all()
    for node in world.nodes.values():
        node.restore()
    booting = [node.restart() for node in world.nodes.values() if not node.is_up]
    limit = asyncio.timeout(within_s)
    try:
        async with limit:
            for boot in booting:
                await boot
            while not await settled():  # noqa: ASYNC110 - what settles is the caller's, and tells nobody
                await asyncio.sleep(every_s)
    except TimeoutError:
        if not limit.expired():  # one of the test's own
            raise
        raise BudgetSpent(f"{within_s:g} s to settle", describe_waiting(world.loop, in_vain=False)) from None
