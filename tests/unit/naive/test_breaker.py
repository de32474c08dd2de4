"""How the naive breaker fails: the stories that the sound one lives through, with the other ending."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from eventlab import hooks
from eventlab.errors import InvalidValue
from eventlab.naive.breaker import CircuitIsOpen, HalfOpen, NaiveBreaker, OperationFailed, OperationTimedOut
from eventlab.simulation import World
from eventlab.testing.clock import ManualClock
from tests.unit.resilience import breaker_stories as stories
from tests.unit.resilience import breaker_threads as threads
from tests.unit.resilience.breaker_stories import OPEN_S, fails, quietly, rejects, trip, works


def live_through(story: Callable[[Any, ManualClock], Awaitable[Any]]) -> Any:
    clock = ManualClock()

    async def main() -> Any:
        return await story(NaiveBreaker("payments", failure_threshold=5, retry_timeout_s=OPEN_S), clock)

    return clock.run(main())


def test_half_open_lets_the_whole_herd_through() -> None:
    assert live_through(stories.herd) == 100


def test_a_stragglers_success_closes_an_open_circuit() -> None:
    assert live_through(stories.late_success) is False


def test_a_stragglers_failure_opens_it_while_a_probe_is_out() -> None:
    assert live_through(stories.late_failure) is True


def test_a_caller_between_check_and_act_skips_the_open_period() -> None:
    assert live_through(stories.caught_between_check_and_act) is False


def test_declined_cards_open_the_circuit() -> None:
    assert live_through(stories.declined_cards) is True


def test_four_failures_in_five_calls_never_open_it() -> None:
    assert live_through(stories.four_in_five) is False


def test_setting_the_clock_forward_ends_the_open_period() -> None:
    assert live_through(stories.hands_set_forward) is False


def test_setting_the_clock_back_prolongs_the_open_period() -> None:
    assert live_through(stories.hands_set_back) is True


def test_the_caller_gets_a_wrapper() -> None:
    assert live_through(stories.whose_exception) is False


def test_cancelled_probes_leave_it_half_open_for_everybody() -> None:
    assert live_through(stories.cancelled_probes) == 100


def test_one_lucky_probe_closes_it() -> None:
    assert live_through(stories.one_lucky_probe) is False


def test_half_open_lets_every_thread_through() -> None:
    breaker = NaiveBreaker("payments", failure_threshold=1)
    breaker.state = HalfOpen()
    assert threads.hammered(breaker) == threads.THREADS


def test_threads_are_inside_at_once_as_they_should_be() -> None:
    assert threads.all_inside_at_once(NaiveBreaker("payments")) is True


def test_a_plain_function_opens_it_too_and_its_caller_gets_the_wrapper() -> None:
    breaker = NaiveBreaker("payments", failure_threshold=1)
    with pytest.raises(OperationFailed):
        breaker.run(int, "five")
    with pytest.raises(CircuitIsOpen):
        breaker.run(int, "5")


def test_with_one_caller_at_a_time_it_looks_right() -> None:
    clock, told = ManualClock(), []

    async def main() -> None:
        breaker = NaiveBreaker("payments", failure_threshold=5, retry_timeout_s=OPEN_S)
        assert isinstance(await quietly(breaker, fails), OperationFailed)
        await breaker.call(works)
        await trip(breaker)
        assert await rejects(breaker)
        clock.advance(OPEN_S)
        await quietly(breaker, fails)
        assert await rejects(breaker)
        clock.advance(OPEN_S)
        assert await breaker.call(works) == "answer"

    def listener(happening: hooks.Happening) -> None:
        assert isinstance(happening, hooks.BreakerChanged)
        told.append(f"{happening.before} → {happening.after}")

    with hooks.listen(listener):
        clock.run(main())
    assert told == [
        "closed → open",
        "open → half-open",
        "half-open → open",
        "open → half-open",
        "half-open → closed",
    ]


def test_a_slow_call_is_cut_off_and_counts() -> None:
    async def main() -> None:
        breaker = NaiveBreaker("payments", failure_threshold=1, timeout_s=0.5)
        assert isinstance(await quietly(breaker, asyncio.sleep, 1), OperationTimedOut)
        assert await rejects(breaker)

    World().run(main)


def test_a_threshold_of_no_failures_is_refused() -> None:
    with pytest.raises(InvalidValue, match="failure_threshold"):
        NaiveBreaker("payments", failure_threshold=0)
