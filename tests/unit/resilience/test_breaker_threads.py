"""One breaker, many threads. The naive one is put through the same in `tests/unit/naive`."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from eventlab.errors import CircuitOpen
from eventlab.resilience import CircuitBreaker, CircuitBreakerConfig, CircuitBreakers, State
from tests.unit.resilience import breaker_threads as stories
from tests.unit.resilience.breaker_threads import THREADS


def half_open(probes: int = 3) -> CircuitBreaker:
    return CircuitBreaker("payments", CircuitBreakerConfig(half_open_calls=probes), State.HALF_OPEN)


def test_eight_threads_are_inside_one_closed_breaker_at_once() -> None:
    assert stories.all_inside_at_once(CircuitBreaker("payments")) is True


class OneByOne(CircuitBreaker):
    """Holds its lock while it calls."""

    def run(self, f: Callable[..., Any], *args: object, **kwargs: object) -> Any:
        with self._lock:
            return super().run(f, *args, **kwargs)


def test_a_breaker_that_holds_its_lock_during_the_call_is_found_out() -> None:
    assert stories.all_inside_at_once(OneByOne("payments"), patience_s=0.01) is False


def test_threads_that_hammer_a_half_open_breaker_get_exactly_n_permits() -> None:
    assert [stories.hammered(half_open(probes)) for probes in (1, 3, 5)] == [1, 3, 5]


def test_failures_in_a_row_open_it_at_exactly_the_nth_whichever_threads_they_are_on() -> None:
    for _ in range(20):
        breaker = CircuitBreaker("payments", CircuitBreakerConfig(failure_threshold=THREADS, open_s=1e9))
        permits = [breaker.acquire() for _ in range(2 * THREADS)]
        stories.together([permit.failure for permit in permits[: THREADS - 1]])
        assert breaker.state is State.CLOSED
        stories.together([permit.failure for permit in permits[THREADS - 1 :]])
        assert (breaker.state, breaker.openings) == (State.OPEN, 1)


def test_no_call_and_no_rejection_is_lost_between_threads() -> None:
    breaker = CircuitBreaker("payments", CircuitBreakerConfig(window_calls=20_000, minimum_calls=20_000))
    shut = CircuitBreaker("ledger", state=State.FORCED_OPEN)

    def work(number: int) -> None:
        for each in range(1000):
            permit = breaker.acquire()
            permit.failure() if each % 2 else permit.success()
            with pytest.raises(CircuitOpen):
                shut.run(int)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, range(THREADS)))
    assert (breaker.calls, breaker.failures, shut.rejections) == (8000, 4000, 8000)


def test_a_permit_that_several_threads_settle_counts_once() -> None:
    breaker = CircuitBreaker("payments", CircuitBreakerConfig(window_calls=1000, minimum_calls=1000))
    for _ in range(50):
        permit = breaker.acquire()
        stories.together([permit.failure] * THREADS)
    assert (breaker.calls, breaker.failures) == (50, 50)


def test_permits_never_leak_whatever_threads_do_with_them() -> None:
    breaker = half_open(4)

    def work(number: int) -> None:
        for _ in range(500):
            try:
                permit = breaker.acquire()
            except CircuitOpen:
                continue
            permit.release()
            permit.release()

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, range(THREADS)))
    assert breaker.permits_left == 4


def test_the_breaker_of_a_target_is_one_for_all_threads() -> None:
    breakers = CircuitBreakers()
    with ThreadPoolExecutor(THREADS) as pool:
        got = list(pool.map(breakers.of, itertools.repeat("payments", 200)))
    assert len({id(breaker) for breaker in got}) == 1
