"""All layers around one target, in the order that the page names: whatever happens, nothing is held or left behind."""

from __future__ import annotations

import asyncio

import pytest

from eventlab import runtime
from eventlab.errors import EventlabError, Refused, Unavailable
from eventlab.resilience import (
    AdaptiveLimit,
    Bulkhead,
    CircuitBreaker,
    Constant,
    GradientConfig,
    RateLimiter,
    RetryBudget,
    Shedder,
    State,
    adaptive_limit,
    breaker,
    bulkhead,
    deadline,
    fallback,
    hedge,
    rate_limit,
    retry,
    shedding,
    timeout,
)
from eventlab.simulation import World


@pytest.mark.parametrize("seed", range(5))
def test_after_any_storm_every_place_is_free_and_no_task_is_left(seed: int) -> None:
    circuit, room, queue = CircuitBreaker("stock"), Bulkhead("stock", 16, waiting_max=20), Shedder("stock", 12)
    rate, limit = RateLimiter("stock", rate_per_s=200, burst=50), AdaptiveLimit("stock", GradientConfig(limit_min=10))
    policy = (
        fallback(lambda error: type(error).__name__)
        | timeout(3.0)
        | retry(3, Constant(0.2), budget=RetryBudget(0.2))
        | hedge(0.3, idempotent=True, budget=RetryBudget(0.1))
        | breaker(circuit)
        | rate_limit(rate)
        | bulkhead(room)
        | shedding(queue)
        | adaptive_limit(limit)
        | timeout(1.0)
    )
    ends: dict[str, int] = {}

    async def target() -> str:
        chance = runtime.random_stream("target")
        await asyncio.sleep(chance.choice([0.01, 0.1, 0.4, 2.0]))
        if (luck := chance.random()) < 0.4:
            raise Unavailable("stock", "cable cut") if luck < 0.3 else Refused("sold out")
        return "answered"

    async def caller() -> None:
        try:
            with deadline(runtime.random_stream("callers").uniform(0.2, 9)):
                end = await policy.call(target)
        except EventlabError as error:
            end = type(error).__name__
        ends[end] = ends.get(end, 0) + 1

    async def main() -> None:
        before, chance = asyncio.all_tasks(), runtime.random_stream("storm")
        callers = []
        for _ in range(300):
            callers.append(asyncio.ensure_future(caller()))
            if chance.random() < 0.2:
                asyncio.get_running_loop().call_later(chance.uniform(0, 2), callers[-1].cancel)
            await asyncio.sleep(chance.expovariate(50))
        await asyncio.gather(*callers, return_exceptions=True)
        assert (room.inside, room.waiting, queue.inside, queue.waiting, limit.inside) == (0, 0, 0, 0, 0)
        assert asyncio.all_tasks() == before
        circuit.switch(State.CLOSED)

        async def well() -> str:
            return "answered"

        await asyncio.sleep(60)
        assert await asyncio.gather(*(policy.call(well) for _ in range(10))) == ["answered"] * 10

    World(seed).run(main)
    assert {"answered", "CircuitOpen", "BulkheadFull", "TimedOut", "Refused"} <= set(ends)  # each had its say
