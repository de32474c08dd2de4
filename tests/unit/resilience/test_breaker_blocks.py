"""Blocks that overlap, in tasks and in generators: each settles the permit that it took."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

from eventlab.resilience import CircuitBreaker, CircuitBreakerConfig, State
from eventlab.simulation import World
from eventlab.testing.clock import ManualClock
from tests.unit.resilience.breaker_stories import settle
from tests.unit.resilience.breakers import half_open


def test_blocks_that_overlap_in_tasks_each_settle_their_own_permit() -> None:
    async def main() -> list[int | None]:
        breaker, left = half_open(3), []
        gates = [asyncio.Event() for _ in range(3)]

        async def stay(gate: asyncio.Event) -> None:
            async with breaker:
                await gate.wait()

        tasks = [asyncio.create_task(stay(gate)) for gate in gates]
        await settle()
        left.append(breaker.permits_left)
        for task in (tasks[1], tasks[0]):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            left.append(breaker.permits_left)
        tasks[2].cancel()
        await asyncio.gather(tasks[2], return_exceptions=True)
        return [*left, breaker.permits_left]

    assert ManualClock().run(main()) == [0, 1, 2, 3]


def test_a_block_within_a_block_of_another_breaker_settles_each() -> None:
    outer, inner = half_open(2), half_open(2)
    with outer, inner, inner:
        assert (outer.permits_left, inner.permits_left) == (1, 0)
    assert (outer.calls, inner.state) == (1, State.CLOSED)


def test_generators_that_take_turns_each_settle_the_permit_of_their_own_block() -> None:
    clock = ManualClock()
    with clock.ruling():
        breaker = CircuitBreaker("payments", CircuitBreakerConfig(half_open_calls=1))

        def rows() -> Iterator[int]:
            with breaker:
                yield 1

        straggler, probe = rows(), rows()
        next(straggler)
        breaker.switch(State.OPEN)
        clock.advance(breaker.config.open_s)
        next(probe)
        assert list(straggler) == []
        assert (breaker.state, breaker.permits_left) == (State.HALF_OPEN, 0)
        assert list(probe) == []
        assert breaker.state is State.CLOSED


def test_asynchronous_generators_that_take_turns_each_settle_the_permit_of_their_own_block() -> None:
    breaker = CircuitBreaker("payments", CircuitBreakerConfig(half_open_calls=1))

    async def rows() -> AsyncIterator[int]:
        async with breaker:
            yield 1

    async def main() -> list[State]:
        straggler, probe = rows(), rows()
        await anext(straggler)
        breaker.switch(State.HALF_OPEN)
        await anext(probe)
        await anext(straggler, None)
        states = [breaker.state]
        await anext(probe, None)
        return [*states, breaker.state]

    assert World().run(main) == [State.HALF_OPEN, State.CLOSED]
