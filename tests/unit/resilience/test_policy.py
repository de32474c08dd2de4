from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from eventlab import runtime
from eventlab.errors import CircuitOpen, DeadlinePassed, InvalidValue, Refused, TimedOut, Unavailable
from eventlab.resilience import (
    CircuitBreaker,
    CircuitBreakerConfig,
    Constant,
    Policy,
    State,
    breaker,
    deadline,
    fallback,
    hedge,
    remaining_s,
    retry,
    timeout,
    worth_retrying,
)
from eventlab.simulation import World


def circuit(**settings: float) -> CircuitBreaker:
    return CircuitBreaker("payments", CircuitBreakerConfig(minimum_calls=5, **settings))  # type: ignore[arg-type]


async def hangs() -> None:
    await asyncio.Event().wait()


async def is_down() -> None:
    raise Unavailable("payments", "cable cut")


def test_every_attempt_asks_the_breaker_and_its_timeout_is_a_failure() -> None:
    async def main() -> None:
        payments = circuit()
        policy = retry(attempts_max=3, backoff=Constant(0)) | breaker(payments) | timeout(1.0)
        with pytest.raises(TimedOut):
            await policy.call(hangs)
        assert (payments.calls, payments.failures, runtime.monotonic()) == (3, 3, 3.0)

    World().run(main)


def test_a_retry_ends_at_a_breaker_that_opens() -> None:
    async def main() -> None:
        payments, rejected = circuit(), []
        policy = retry(attempts_max=100, backoff=Constant(0.01)) | breaker(payments)
        with pytest.raises(CircuitOpen):
            await policy.call(is_down, rejected=rejected.append)
        assert payments.state is State.OPEN
        assert [error.retry_after_s for error in rejected] == [pytest.approx(4.99)]

    World().run(main)


def test_a_rejection_by_somebody_elses_breaker_is_not_reported_as_ours() -> None:
    async def rejected_further_on() -> None:
        raise CircuitOpen("ledger", 1.0)

    async def main() -> None:
        rejected: list[CircuitOpen] = []
        with pytest.raises(CircuitOpen):
            await breaker(circuit()).call(rejected_further_on, rejected=rejected.append)
        assert rejected == []

    World().run(main)


def test_an_outer_timeout_bounds_all_attempts_and_pauses_together() -> None:
    async def main() -> None:
        policy = timeout(2.5) | retry(attempts_max=100, backoff=Constant(0.1)) | timeout(1.0)
        with pytest.raises(TimedOut):
            await policy.call(hangs)
        assert runtime.monotonic() <= 2.5

    World().run(main)


def test_a_timeout_is_a_deadline_for_everything_inside() -> None:
    async def left() -> float | None:
        return remaining_s()

    async def main() -> None:
        assert await (timeout(3.0) | retry() | timeout(1.0)).call(left) == 1.0
        assert await timeout(3.0).call(left) == 3.0

    World().run(main)


def test_a_timeout_of_somebody_else_passes_unchanged() -> None:
    mine = TimeoutError("not the policy's")

    async def raises() -> None:
        raise mine

    async def main() -> None:
        with pytest.raises(TimeoutError) as raised:
            await timeout(1.0).call(raises)
        assert raised.value is mine

    World().run(main)


def test_a_refusal_goes_straight_through_all_layers() -> None:
    async def declines() -> None:
        raise Refused("declined")

    async def main() -> None:
        payments = circuit()
        with pytest.raises(Refused):
            await (retry() | breaker(payments) | timeout(1.0)).call(declines)
        assert payments.calls == 0

    World().run(main)


def test_the_attempts_timeout_is_the_innermost_one() -> None:
    assert (timeout(5) | retry() | breaker(circuit()) | timeout(1)).attempt_timeout_s == 1
    assert (timeout(5) | retry() | breaker(circuit())).attempt_timeout_s is None


def test_composition_reads_the_same_however_it_is_grouped() -> None:
    again, guard, limit = retry(), breaker(circuit()), timeout(1)
    left: Policy = (again | guard) | limit
    right: Policy = again | (guard | limit)
    assert left.layers == right.layers == (again, guard, limit)


def test_a_policy_reads_as_it_was_written() -> None:
    policy = (
        fallback(value=())
        | timeout(5)
        | retry(5, Constant(0.1), within_s=2, retry_on=worth_retrying)
        | hedge(0.1, idempotent=True)
        | breaker(circuit())
        | timeout(1.5)
    )
    assert repr(policy) == (
        "fallback(value=()) | timeout(5) | retry(attempts_max=5, backoff=Constant(seconds=0.1), within_s=2)"
        " | hedge(0.1, idempotent=True) | breaker('payments') | timeout(1.5)"
    )


def test_a_decorated_function_keeps_its_name_and_gets_its_arguments() -> None:
    tried: list[str] = []

    @(retry(backoff=Constant(0)) | timeout(1))
    async def pay(order: str, *, cents: int) -> str:
        """Pays."""
        tried.append(order)
        if len(tried) < 3:
            raise Unavailable("payments", "cable cut")
        return f"{order}: {cents}"

    async def twice(number: int) -> int:
        return 2 * number

    async def main() -> None:
        assert await pay("order-7", cents=5) == "order-7: 5"
        assert (pay.__name__, pay.__doc__, len(tried)) == ("pay", "Pays.", 3)
        assert await (retry() | timeout(1)).call(twice, 21) == await retry().call(twice, 21) == 42

    World().run(main)


def test_a_method_may_be_decorated() -> None:
    class Wallet:
        cents = 5

        @retry()
        async def more(self, by: int) -> int:
            return self.cents + by

    assert World().run(lambda: Wallet().more(2)) == 7


@pytest.mark.parametrize("plain", [lambda: 1, print, lambda: (yield 1)])
def test_a_plain_function_is_refused_since_a_pause_would_stop_the_loop(plain: Callable[[], Any]) -> None:
    with pytest.raises(InvalidValue, match="an async function"):
        retry()(plain)


def test_one_policy_serves_many_calls_at_once() -> None:
    async def main() -> None:
        policy = retry(backoff=Constant(0.1)) | breaker(circuit()) | timeout(1)
        tried: Counter[int] = Counter()

        async def flaky(number: int) -> int:
            tried[number] += 1
            await asyncio.sleep(0.01 * number)
            if tried[number] <= number % 3:
                raise Refused("busy") if number % 3 == 0 else Unavailable("payments", "cable cut")
            return number

        guarded = retry(backoff=Constant(0.1)) | timeout(1)
        assert await asyncio.gather(*(guarded.call(flaky, n) for n in range(50))) == list(range(50))
        assert tried == {n: n % 3 + 1 for n in range(50)}
        assert await asyncio.gather(*(policy.call(flaky, n) for n in range(50))) == list(range(50))

    World().run(main)


def test_a_shorter_deadline_ends_it_and_is_named() -> None:
    async def main() -> None:
        with deadline(1.0), pytest.raises(TimedOut) as raised:
            await timeout(5.0).call(hangs)
        assert (raised.value.timeout_s, runtime.monotonic()) == (1.0, 1.0)

    World().run(main)


def test_nothing_is_begun_once_the_deadline_has_passed() -> None:
    begun: list[int] = []
    rejected: list[Exception] = []

    async def begin() -> None:
        begun.append(1)

    async def main() -> None:
        with deadline(1.0):
            await asyncio.sleep(1.0)
            with pytest.raises(DeadlinePassed) as raised:
                await (retry() | timeout(5.0)).call(begin, rejected=rejected.append)
        assert (begun, rejected) == ([], [raised.value])

    World().run(main)


@pytest.mark.parametrize("outer_s", [0.7, 1.1, 2.3, 3.7, 7.3])
def test_where_two_timeouts_end_at_one_moment_the_outer_one_is_named(outer_s: float) -> None:
    async def main() -> tuple[float, float]:
        with pytest.raises(TimedOut) as raised:
            await (timeout(outer_s) | retry(99, Constant(0.1)) | timeout(0.3)).call(hangs)
        return raised.value.timeout_s, runtime.monotonic()

    assert World().run(main) == (outer_s, pytest.approx(outer_s))
