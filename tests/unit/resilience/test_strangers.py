"""What somebody finds who uses it in ways that nobody thought of."""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from eventlab.errors import CircuitOpen, InvalidValue
from eventlab.resilience import CircuitBreaker, CircuitBreakerConfig, CircuitBreakers, State, deadline, hedge, retry
from eventlab.simulation import World
from eventlab.testing.clock import ManualClock

COUNTS: dict[str, Callable[[float], object]] = {
    **{
        name: lambda value, name=name: CircuitBreakerConfig(**{name: value})  # type: ignore[misc]
        for name in ("window_calls", "minimum_calls", "half_open_calls", "failure_threshold")
    },
    "attempts_max": lambda value: retry(value),  # type: ignore[arg-type]
    "hedges_max": lambda value: hedge(1, idempotent=True, hedges_max=value),  # type: ignore[arg-type]
    "targets_max": lambda value: CircuitBreakers(targets_max=value),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("value", [math.nan, math.inf, 11.5, -1])
@pytest.mark.parametrize("name", COUNTS)
def test_a_count_that_would_never_be_reached_is_refused(name: str, value: float) -> None:
    with pytest.raises(InvalidValue, match=name):
        COUNTS[name](value)


def test_a_deadline_that_is_no_number_is_refused() -> None:
    with pytest.raises(InvalidValue, match="deadline"), deadline(math.nan):
        pass


def test_the_registry_lets_go_of_a_closed_one_before_an_open_one_whatever_its_name_is() -> None:
    breakers = CircuitBreakers(targets_max=2)
    breakers.of("payments").switch(State.OPEN)
    breakers.of("")
    breakers.of("stock")
    assert [breaker.name for breaker in breakers] == ["payments", "stock"]


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


def test_a_hundred_thousand_rejections_grow_nothing_whichever_way_they_come() -> None:
    shut = CircuitBreaker("payments", state=State.FORCED_OPEN)
    probed = CircuitBreaker("stock", CircuitBreakerConfig(half_open_calls=1), State.HALF_OPEN)
    out = probed.acquire()

    def reject(times: int) -> None:
        for _ in range(times):
            for way in (lambda: shut.run(int), shut.acquire, lambda: probed.run(int), probed.acquire):
                with contextlib.suppress(CircuitOpen):
                    way()

    reject(100)
    before = sys.getallocatedblocks()
    reject(25_000)
    assert sys.getallocatedblocks() - before < 100
    assert (shut.rejections, probed.rejections, probed.permits_left) == (50_200, 50_200, 0)
    out.release()
