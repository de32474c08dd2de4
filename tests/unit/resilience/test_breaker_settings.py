"""What a breaker is told, and what follows from each setting."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from eventlab import hooks, runtime
from eventlab.errors import CircuitOpen, InvalidValue
from eventlab.resilience import CircuitBreaker, CircuitBreakerConfig, Exponential, State
from eventlab.testing.clock import ManualClock
from tests.unit.resilience.breaker_stories import Outside, fails, quietly, rejects, works
from tests.unit.resilience.breakers import closed, half_open


def test_the_chapters_settings_open_at_exactly_the_nth_failure_in_a_row() -> None:
    clock = ManualClock()

    async def main() -> list[object]:
        breaker = closed(failure_threshold=3, timeout=timedelta(seconds=1), retry_timeout=timedelta(seconds=30))
        seen: list[object] = []
        for f in (fails, fails, works, fails, fails):
            await quietly(breaker, f)
            seen.append(breaker.failure_count)
        seen.append(breaker.failed_at)
        clock.advance(7)
        await quietly(breaker, fails)
        seen += [breaker.state, breaker.failed_at, await rejects(breaker)]
        clock.advance(30)
        return [*seen, await rejects(breaker)]

    at = datetime(2026, 1, 1, 0, 0, 7, tzinfo=UTC)
    assert clock.run(main()) == [1, 2, 0, 1, 2, None, State.OPEN, at, True, False]


def test_results_may_be_failures_and_reach_the_caller_all_the_same() -> None:
    async def answers(status: int) -> int:
        return status

    async def main() -> tuple[list[int], int, int]:
        breaker = closed(is_failure_result=lambda status: isinstance(status, int) and status >= 500)
        return [await breaker.call(answers, status) for status in (200, 503, 404)], breaker.calls, breaker.failures

    assert ManualClock().run(main()) == ([200, 503, 404], 3, 1)


def test_a_predicate_of_results_that_breaks_keeps_no_permit() -> None:
    def broken(result: object) -> bool:
        raise KeyError("predicate")

    async def main() -> int | None:
        breaker = half_open(1, is_failure_result=broken)
        assert isinstance(await quietly(breaker, works), KeyError)
        return breaker.permits_left

    assert ManualClock().run(main()) == 1


def test_what_is_ignored_counts_as_nothing_though_it_is_a_failure() -> None:
    async def main() -> int:
        breaker = closed(is_failure=lambda error: True, is_ignored=lambda error: isinstance(error, Outside))
        await quietly(breaker, fails)
        return breaker.calls

    assert ManualClock().run(main()) == 0


def reasons(config: CircuitBreakerConfig, story: Callable[[CircuitBreaker, ManualClock], Awaitable[None]]) -> list[str]:
    """Why it changed, each time."""
    clock, told = ManualClock(), []

    def listener(happening: hooks.Happening) -> None:
        if isinstance(happening, hooks.BreakerChanged):
            told.append(happening.reason)

    async def main() -> None:
        await story(CircuitBreaker("payments", config), clock)

    with hooks.listen(listener):
        clock.run(main())
    return told


def test_slow_calls_open_it_and_say_so() -> None:
    async def story(breaker: CircuitBreaker, clock: ManualClock) -> None:
        for took_s in (1, 3, 2, 3):  # two seconds are not over two seconds
            permit = breaker.acquire()
            clock.advance(took_s)
            permit.success()

    config = CircuitBreakerConfig(minimum_calls=4, slow_call_s=2, slow_call_rate=0.5)
    assert reasons(config, story) == ["2 of 4 calls were slow, over 2 s (50 % ≥ 50 %)"]


def test_probes_that_do_not_decide_in_time_open_it_as_of_then() -> None:
    async def story(breaker: CircuitBreaker, clock: ManualClock) -> None:
        breaker.switch(State.HALF_OPEN, "a test")
        breaker.acquire().success()
        late = breaker.acquire()
        clock.advance(12)
        late.success()
        assert breaker.state is State.OPEN
        with pytest.raises(CircuitOpen) as rejection:
            breaker.acquire()
        assert rejection.value.retry_after_s == 3.0  # open for five seconds, since ten

    config = CircuitBreakerConfig(half_open_max_s=10, half_open_calls=3, open_s=5)
    assert reasons(config, story) == [
        "a test",
        "1 of 3 probes had answered after 10 s, the longest that it may be half-open",
    ]


def test_each_opening_in_a_row_lasts_longer_and_a_closing_ends_the_row() -> None:
    async def story(breaker: CircuitBreaker, clock: ManualClock) -> None:
        for _ in range(3):
            await quietly(breaker, fails)
            with pytest.raises(CircuitOpen) as rejection:
                breaker.acquire()
            clock.advance(rejection.value.retry_after_s)
        await quietly(breaker, works)
        await quietly(breaker, fails)
        clock.advance(1)
        breaker.acquire()

    config = CircuitBreakerConfig(
        failure_threshold=1, half_open_calls=1, open_backoff=Exponential(1, factor=2, jitter="none")
    )
    waits = [reason for reason in reasons(config, story) if reason.endswith("have passed")]
    assert waits == ["1 s have passed", "2 s have passed", "4 s have passed", "1 s have passed"]


def test_open_times_are_drawn_from_a_stream_of_the_breakers_own() -> None:
    def opened_for_s(other_draws: int) -> float:
        clock = ManualClock(seed=3)

        async def main() -> float:
            for _ in range(other_draws):
                runtime.random_stream("somebody/else").random()
            breaker = closed(failure_threshold=1, open_backoff=Exponential(10, jitter="full"))
            await quietly(breaker, fails)
            return breaker.snapshot().open_for_s

        return clock.run(main())

    assert opened_for_s(0) == opened_for_s(5) != 10


def test_a_breaker_that_is_held_open_says_so() -> None:
    with pytest.raises(CircuitOpen, match="payments was not reached: its circuit is held open"):
        CircuitBreaker("payments", state=State.FORCED_OPEN).acquire()


def test_a_reset_forgets_everything() -> None:
    async def main() -> tuple[object, ...]:
        breaker = closed(failure_threshold=1)
        await quietly(breaker, fails)
        await rejects(breaker)
        breaker.reset()
        return breaker.state, breaker.openings, breaker.rejections, breaker.failed_at, breaker.failures

    assert ManualClock().run(main()) == (State.CLOSED, 0, 0, None, 0)


@pytest.mark.parametrize(
    "told",
    [
        {"window_s": 0},
        {"window_s": 1e-320},
        {"slow_call_s": -1},
        {"slow_call_rate": 0.5},
        {"slow_call_s": 1, "slow_call_rate": 1.5},
        {"half_open_max_s": float("inf")},
        {"failure_threshold": 0},
        {"failure_threshold": 3, "window_s": 10},
        {"failure_threshold": 3, "slow_call_s": 1},
        {"failure_threshold": 3, "minimum_calls": 2},
        {"window_s": 10, "window_calls": 50},
        {"timeout": timedelta(0)},
        {"retry_timeout": 10, "open_s": 7},
    ],
)
def test_what_is_out_of_its_domain_or_contradicts_itself_is_refused(told: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue):
        CircuitBreakerConfig(**told)


def test_it_says_of_itself_how_it_is() -> None:
    async def main() -> list[str]:
        breaker = closed(window_calls=4, minimum_calls=3)
        seen = []
        for f in (works, fails, fails, works):
            await quietly(breaker, f)
            seen.append(repr(breaker))
        return seen

    name = closed().name
    assert ManualClock().run(main()) == [
        f"<CircuitBreaker {name}: {how} rejected>"
        for how in (
            "closed, 0 of 1 failed, 0",
            "closed, 1 of 2 failed, 0",
            "open, 0 of 0 failed, 0",
            "open, 0 of 0 failed, 1",
        )
    ]
