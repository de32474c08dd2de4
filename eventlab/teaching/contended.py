"""Many clerks on one stream: how often they conflict, and how long they wait, measured in worlds."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import cache

from eventlab.commands import ConflictRetry, execute
from eventlab.commands.contention import conflict_probability
from eventlab.errors import VersionConflict
from eventlab.figures.contention import Share, Sweep
from eventlab.figures.contention_waits import Waits
from eventlab.resilience.backoff import Exponential, Jitter
from eventlab.runtime import monotonic, random_stream
from eventlab.shop.boxoffice import SellSeat, show_stream
from eventlab.shop.holding import HoldingStore
from eventlab.simulation import Constant, World
from eventlab.store import MemoryStore

SHOW = show_stream("lear")
SEATS = 1_000_000
RATE_PER_S = 1.0
_BEFORE_COUNTING = 10
"""Attempts that find the office still empty and are not counted."""

POLICIES: dict[str, Jitter] = {"no jitter": "none", "± 20 %": 0.2, "full jitter": "full"}


async def _attempts(clerks: int, hold_s: float, attempts: int) -> float:
    """The share of attempts that conflict, if they come at any moment and are never repeated."""
    store = HoldingStore(MemoryStore(), Constant(hold_s))
    chance = random_stream(f"contended/{clerks}/{hold_s:g}")  # no two settings share their chance

    async def conflicted(number: int) -> bool:
        try:
            await execute(store, SellSeat(SHOW, f"clerk {number}", capacity=SEATS), retry=ConflictRetry(1))
        except VersionConflict:
            return True
        return False

    tasks = []
    for number in range(attempts + _BEFORE_COUNTING):
        await asyncio.sleep(chance.expovariate(clerks * RATE_PER_S))
        tasks.append(asyncio.ensure_future(conflicted(number)))
    ended = await asyncio.gather(*tasks)
    return sum(ended[_BEFORE_COUNTING:]) / attempts


def share(clerks: int, hold_s: float, *, attempts: int = 100, runs: int = 20) -> Share:
    """Each clerk tries to sell about once a second, whatever the others do."""
    found = []
    for seed in range(runs):
        with World(seed) as world:
            found.append(world.run(_attempts(clerks, hold_s, attempts)))
    return Share(clerks, hold_s, RATE_PER_S, tuple(found))


def formula(load: float) -> float:
    """Erlang's, for one line."""
    return conflict_probability(load, 1.0)


def sweep(clerks: Sequence[int] = (2, 5, 10, 20, 40), holds_ms: Sequence[int] = (10, 25, 100, 200, 400)) -> Sweep:
    """First more clerks who hold for 50 ms, then ten clerks who hold for longer."""
    together = 1 - 0.01 / (len(clerks) + len(holds_ms))
    by_clerks = [share(number, 0.050) for number in clerks]
    by_hold = [share(10, hold_ms / 1000) for hold_ms in holds_ms]
    return Sweep(
        tuple(one._replace(confidence=together) for one in by_clerks),
        tuple(one._replace(confidence=together) for one in by_hold),
        formula,
    )


async def _rush(clerks: int, hold_s: float, retry: ConflictRetry) -> list[tuple[float, int]]:
    """All begin at the same moment. Gives when each had written, and in how many attempts."""
    store = HoldingStore(MemoryStore(), Constant(hold_s))

    async def sell(number: int) -> tuple[float, int]:
        done = await execute(store, SellSeat(SHOW, f"clerk {number}", capacity=SEATS), retry=retry)
        return monotonic(), done.attempts

    return await asyncio.gather(*(sell(number) for number in range(clerks)))


@cache
def waits(clerks: int, pause_ms: int = 10, *, hold_s: float = 0.010, runs: int = 12) -> tuple[Waits, ...]:
    """The sale opens and all clerks begin at once: with no jitter, a little, and full jitter."""
    found = []
    for policy, jitter in POLICIES.items():
        retry = ConflictRetry(1000, Exponential(pause_ms / 1000, cap_s=max(1.0, pause_ms / 1000), jitter=jitter))
        ended = []
        for seed in range(runs):
            with World(seed) as world:
                ended += world.run(_rush(clerks, hold_s, retry))
        found.append(Waits(policy, tuple(at for at, _ in ended), tuple(tried for _, tried in ended)))
    return tuple(found)
