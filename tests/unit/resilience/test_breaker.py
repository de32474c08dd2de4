"""The laws of the circuit breaker. The naive one breaks each of the first kind in `tests/unit/naive`."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from eventlab import hooks
from eventlab.errors import CircuitOpen, InvalidValue, UnknownOperation, VersionConflict
from eventlab.resilience import CircuitBreaker, CircuitBreakerConfig, State
from eventlab.testing.clock import ManualClock
from tests.unit.resilience import breaker_stories as stories
from tests.unit.resilience.breaker_stories import OPEN_S, fails, quietly, rejects, trip, works

CONFIG = CircuitBreakerConfig(window_calls=10, minimum_calls=5, failure_rate=0.5, open_s=OPEN_S, half_open_calls=3)


def breaker() -> CircuitBreaker:
    return CircuitBreaker("payments", CONFIG)


def live_through(story: Callable[[Any, ManualClock], Awaitable[Any]]) -> Any:
    clock = ManualClock()

    async def main() -> Any:
        return await story(breaker(), clock)

    return clock.run(main())


def test_exactly_n_probes_pass_in_half_open_whoever_comes() -> None:
    assert live_through(stories.herd) == CONFIG.half_open_calls


def test_a_stragglers_success_closes_nothing() -> None:
    assert live_through(stories.late_success) is True


def test_a_stragglers_failure_opens_nothing() -> None:
    assert live_through(stories.late_failure) is False


def test_nobody_slips_in_between_check_and_act() -> None:
    assert live_through(stories.caught_between_check_and_act) is True


def test_business_refusals_do_not_count() -> None:
    assert live_through(stories.declined_cards) is False


def test_a_success_now_and_then_does_not_hide_a_failing_target() -> None:
    assert live_through(stories.four_in_five) is True


@pytest.mark.parametrize(("story", "rejected"), [(stories.hands_set_forward, True), (stories.hands_set_back, False)])
def test_setting_the_wall_clock_has_no_effect(story: Any, rejected: bool) -> None:
    assert live_through(story) is rejected


def test_the_caller_gets_its_own_exception() -> None:
    assert live_through(stories.whose_exception) is True


def test_a_cancelled_probe_gives_its_permit_back_and_counts_as_nothing() -> None:
    assert live_through(stories.cancelled_probes) == CONFIG.half_open_calls


def test_one_lucky_probe_does_not_close() -> None:
    assert live_through(stories.one_lucky_probe) is True


def outcomes(*marks: str, config: CircuitBreakerConfig = CONFIG) -> list[str]:
    """The state after each call; ``F`` fails, ``S`` succeeds."""

    async def main() -> list[str]:
        circuit, states = CircuitBreaker("payments", config), []
        for mark in marks:
            permit = circuit.acquire()
            permit.failure() if mark == "F" else permit.success()
            states.append(circuit.state.value)
        return states

    return ManualClock().run(main())


def test_it_opens_at_the_minimum_of_calls_and_not_before() -> None:
    assert outcomes(*"FFFFF") == ["closed"] * 4 + ["open"]


def test_the_call_that_completes_the_minimum_may_be_a_success() -> None:
    assert outcomes(*"FFFFS") == ["closed"] * 4 + ["open"]


def test_a_rate_that_is_reached_opens_and_one_below_does_not() -> None:
    assert outcomes(*"SSSSSFFFF") == ["closed"] * 9  # 4 of 9
    assert outcomes(*"SSSSSFFFFF") == ["closed"] * 9 + ["open"]  # 5 of 10


def test_old_calls_leave_the_window() -> None:
    assert outcomes(*"SSSSSSSSSS", *"FFFF")[-1] == "closed"
    assert outcomes(*"SSSSSSSSSS", *"FFFFF")[-1] == "open"
    assert outcomes(*"FSSSSSSSSS", *"SFFFF")[-1] == "closed"  # the first failure has left


def test_a_rejection_says_how_long_to_wait() -> None:
    clock = ManualClock()

    async def main() -> None:
        circuit = breaker()
        await trip(circuit)
        clock.advance(2)
        with pytest.raises(CircuitOpen) as rejection:
            circuit.acquire()
        assert (rejection.value.target, rejection.value.retry_after_s) == ("payments", 3.0)
        clock.advance(rejection.value.retry_after_s)
        circuit.acquire()

    clock.run(main())


def test_good_probes_close_it_and_it_begins_with_an_empty_window() -> None:
    clock = ManualClock()

    async def main() -> None:
        circuit = breaker()
        await trip(circuit)
        clock.advance(OPEN_S)
        for expected in (State.HALF_OPEN, State.HALF_OPEN, State.CLOSED):
            await circuit.call(works)
            assert circuit.state is expected
        assert (circuit.calls, circuit.failures) == (0, 0)

    clock.run(main())


def test_a_permit_counts_once() -> None:
    async def main() -> None:
        circuit = breaker()
        permit = circuit.acquire()
        permit.success()
        permit.failure()
        permit.release()
        assert (circuit.calls, circuit.failures) == (1, 0)

    ManualClock().run(main())


def test_a_predicate_that_breaks_keeps_no_permit() -> None:
    clock = ManualClock()

    def broken(error: BaseException) -> bool:
        raise KeyError("predicate")

    async def main() -> None:
        config = CircuitBreakerConfig(window_calls=1, minimum_calls=1, half_open_calls=1, is_failure=broken)
        circuit = CircuitBreaker("payments", config)
        circuit.acquire().failure()
        clock.advance(OPEN_S)
        assert isinstance(await quietly(circuit, fails), KeyError)
        assert not await rejects(circuit)

    clock.run(main())


@pytest.mark.parametrize(
    "error",
    [
        UnknownOperation("payments", "Pay", ()),
        VersionConflict([("order-7", 3, 5)]),
        CircuitOpen("ledger", 1.0),
        asyncio.CancelledError(),
    ],
)
def test_what_says_nothing_about_the_target_counts_as_nothing(error: BaseException) -> None:
    async def raises() -> None:
        raise error

    async def main() -> int:
        circuit = breaker()
        with pytest.raises(type(error)):
            await circuit.call(raises)
        return circuit.calls

    assert ManualClock().run(main()) == 0


def test_a_disabled_breaker_lets_everything_through_and_counts_nothing() -> None:
    async def main() -> None:
        circuit = CircuitBreaker("payments", CONFIG, State.DISABLED)
        for _ in range(30):
            await quietly(circuit, fails)
        assert (circuit.state, circuit.calls) == (State.DISABLED, 0)

    ManualClock().run(main())


def test_metrics_only_counts_and_never_opens() -> None:
    async def main() -> None:
        circuit = CircuitBreaker("payments", CONFIG, State.METRICS_ONLY)
        for _ in range(30):
            await quietly(circuit, fails)
        assert (circuit.state, circuit.calls, circuit.failures) == (State.METRICS_ONLY, 10, 10)

    ManualClock().run(main())


def test_a_forced_open_breaker_stays_open_until_it_is_switched() -> None:
    clock = ManualClock()

    async def main() -> None:
        circuit = breaker()
        circuit.switch(State.FORCED_OPEN)
        clock.advance(1_000_000)
        assert await rejects(circuit)
        circuit.switch(State.CLOSED)
        assert not await rejects(circuit)

    clock.run(main())


def test_every_change_is_told_with_its_reason_in_words() -> None:
    clock, told = ManualClock(), []

    async def main() -> None:
        circuit = breaker()
        await trip(circuit)
        clock.advance(OPEN_S)
        for f in (fails, fails, works):
            await quietly(circuit, f)
        clock.advance(OPEN_S)
        for f in (fails, works, works):
            await quietly(circuit, f)

    def listener(happening: hooks.Happening) -> None:
        if isinstance(happening, hooks.BreakerChanged):
            told.append((happening.before, happening.after, happening.reason))

    with hooks.listen(listener):
        clock.run(main())
    assert told == [
        ("closed", "open", "5 of 5 calls failed (100 % ≥ 50 %)"),
        ("open", "half-open", "5 s have passed"),
        ("half-open", "open", "2 of 3 probes failed (66.7 % ≥ 50 %)"),
        ("open", "half-open", "5 s have passed"),
        ("half-open", "closed", "1 of 3 probes failed (33.3 % < 50 %)"),
    ]


def test_every_counted_call_is_told_with_the_window() -> None:
    told: list[hooks.Happening] = []
    with hooks.listen(told.append):
        outcomes(*"SFFFF")
    assert told[:2] == [hooks.BreakerCounted("payments", 1, None), hooks.BreakerCounted("payments", 2, None)]
    assert told[4] == hooks.BreakerCounted("payments", 5, 0.8)


def test_the_rate_of_slow_calls_is_told_where_there_are_such() -> None:
    told: list[hooks.Happening] = []
    clock = ManualClock()
    circuit = CircuitBreaker("payments", CircuitBreakerConfig(window_calls=4, minimum_calls=2, slow_call_s=2.0))

    async def takes(seconds: float) -> None:
        clock.advance(seconds)

    async def main() -> None:
        for seconds in (1.0, 3.0, 1.0):
            await circuit.call(takes, seconds)

    with hooks.listen(told.append):
        clock.run(main())
    assert told == [
        hooks.BreakerCounted("payments", 1, None),
        hooks.BreakerCounted("payments", 2, 0.0, 0.5),
        hooks.BreakerCounted("payments", 3, 0.0, 1 / 3),
    ]
    assert b"slow_rate" not in msgspec.json.encode(hooks.BreakerCounted("payments", 2, 0.0))


def test_a_hundred_thousand_rejections_grow_nothing() -> None:
    async def main() -> int:
        circuit = breaker()
        await trip(circuit)

        async def reject(times: int) -> None:
            for _ in range(times):
                try:
                    await circuit.call(works)
                except CircuitOpen:
                    continue

        await reject(100)
        before = sys.getallocatedblocks()
        await reject(100_000)
        return sys.getallocatedblocks() - before

    assert ManualClock().run(main()) < 100


@pytest.mark.parametrize(
    "settings",
    [
        {"window_calls": 0},
        {"minimum_calls": 21},
        {"failure_rate": 0.0},
        {"failure_rate": 50},
        {"open_s": 0},
        {"open_s": float("nan")},
        {"half_open_calls": 0},
    ],
)
def test_a_setting_outside_its_domain_is_named(settings: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue, match=next(iter(settings))):
        CircuitBreakerConfig(**settings)


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
