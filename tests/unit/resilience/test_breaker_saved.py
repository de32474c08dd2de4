"""Breakers as values, and one for each target."""

from __future__ import annotations

import msgspec
import pytest

from eventlab.errors import InvalidValue
from eventlab.resilience import BreakerSnapshot, CircuitBreaker, CircuitBreakerConfig, CircuitBreakers, State
from eventlab.testing.clock import ManualClock
from tests.unit.resilience.breaker_stories import fails, quietly, rejects, works

CONFIG = CircuitBreakerConfig(window_calls=4, minimum_calls=3, slow_call_s=1, open_s=5, half_open_calls=2)


def through_json(breaker: CircuitBreaker, config: CircuitBreakerConfig = CONFIG) -> CircuitBreaker:
    text = msgspec.json.encode(breaker.snapshot())
    return CircuitBreaker.restored(msgspec.json.decode(text, type=BreakerSnapshot), config)


def test_a_snapshot_is_readable() -> None:
    clock = ManualClock()

    async def main() -> BreakerSnapshot:
        breaker = CircuitBreaker("payments", CONFIG)
        for f in (works, fails):
            await quietly(breaker, f)
        permit = breaker.acquire()
        clock.advance(2)
        permit.success()
        return breaker.snapshot()

    seen = clock.run(main())
    assert (seen.name, seen.state, seen.outcomes) == ("payments", State.CLOSED, "SFs")
    assert (seen.calls, seen.failures, seen.slow_calls) == (3, 1, 1)


def test_an_open_circuit_stays_open_for_what_was_left_in_a_process_with_another_clock() -> None:
    first, second = ManualClock(), ManualClock()

    async def opens() -> bytes:
        breaker = CircuitBreaker("payments", CONFIG)
        for _ in range(3):
            await quietly(breaker, fails)
        first.advance(2)
        return msgspec.json.encode(breaker.snapshot())

    text = first.run(opens())
    second.advance(10_000)

    async def goes_on() -> list[bool]:
        breaker = CircuitBreaker.restored(msgspec.json.decode(text, type=BreakerSnapshot), CONFIG)
        seen = []
        for _ in range(3):
            second.advance(1)
            seen.append(await rejects(breaker))
        return seen

    assert second.run(goes_on()) == [True, True, False]


def test_probes_that_were_out_are_no_probes_of_the_restored_breaker_and_decide_nothing() -> None:
    async def main() -> tuple[object, ...]:
        old = CircuitBreaker("payments", CONFIG, State.HALF_OPEN)
        old.acquire().success()
        out = old.acquire()
        seen = old.snapshot()
        new = through_json(old)
        out.failure()
        return seen.permits_left, seen.probes_out, new.permits_left, new.state, new.failures

    assert ManualClock().run(main()) == (0, 1, 1, State.HALF_OPEN, 0)


def test_a_window_that_has_become_smaller_keeps_the_latest() -> None:
    snapshot = BreakerSnapshot(name="payments", state=State.CLOSED, outcomes="FFSS")
    restored = CircuitBreaker.restored(snapshot, CircuitBreakerConfig(window_calls=3, minimum_calls=3))
    assert (restored.calls, restored.failures) == (3, 1)


def test_fewer_probes_than_had_answered_leave_one_to_decide() -> None:
    snapshot = BreakerSnapshot(name="payments", state=State.HALF_OPEN, outcomes="SSS")
    restored = CircuitBreaker.restored(snapshot, CircuitBreakerConfig(half_open_calls=2))
    assert (restored.calls, restored.permits_left) == (1, 1)


@pytest.mark.parametrize(
    "wrong", [{"outcomes": "SX"}, {"remaining_s": float("nan")}, {"open_for_s": -1.0}, {"openings": -1}]
)
def test_a_snapshot_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidValue):
        BreakerSnapshot(name="payments", state=State.OPEN, **wrong)  # type: ignore[arg-type]


def test_each_target_has_one_breaker_with_its_own_settings_if_it_has_any() -> None:
    own = CircuitBreakerConfig(failure_threshold=1)
    breakers = CircuitBreakers(CONFIG, {"ledger": own})
    assert breakers.of("payments") is breakers.of("payments")
    assert [(breaker.name, breaker.config) for breaker in breakers] == [("payments", CONFIG)]
    assert breakers.of("ledger").config is own
    assert (len(breakers), "ledger" in breakers, "orders" in breakers) == (2, True, False)


def test_the_registry_keeps_so_many_and_lets_go_of_the_closed_one_asked_for_longest_ago() -> None:
    breakers = CircuitBreakers(CONFIG, targets_max=3)
    breakers.of("a").switch(State.OPEN)
    for target in ("b", "c", "b", "d"):
        breakers.of(target)
    assert [breaker.name for breaker in breakers] == ["a", "b", "d"]


def test_the_registry_lets_go_of_an_open_one_when_there_is_no_other() -> None:
    breakers = CircuitBreakers(CONFIG, targets_max=1)
    breakers.of("a").switch(State.OPEN)
    breakers.of("b")
    assert [breaker.name for breaker in breakers] == ["b"]


def test_a_registry_is_saved_and_restored_as_a_whole() -> None:
    breakers, again = CircuitBreakers(CONFIG), CircuitBreakers(CONFIG)
    breakers.of("b").switch(State.FORCED_OPEN)
    breakers.of("a")
    again.of("b")
    again.restore(breakers.snapshots())
    assert [(breaker.name, breaker.state) for breaker in again] == [("a", State.CLOSED), ("b", State.FORCED_OPEN)]


def test_a_registry_of_none_is_refused() -> None:
    with pytest.raises(InvalidValue, match="targets_max"):
        CircuitBreakers(targets_max=0)


def test_the_registry_lets_go_of_a_closed_one_before_an_open_one_whatever_its_name_is() -> None:
    breakers = CircuitBreakers(targets_max=2)
    breakers.of("payments").switch(State.OPEN)
    breakers.of("")
    breakers.of("stock")
    assert [breaker.name for breaker in breakers] == ["payments", "stock"]
