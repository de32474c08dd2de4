from __future__ import annotations

import asyncio

import pytest

from eventlab import runtime
from eventlab.errors import CircuitOpen, InvalidValue, Refused, TimedOut, Unavailable
from eventlab.resilience import (
    Breaker,
    CircuitBreaker,
    CircuitBreakerConfig,
    Constant,
    Policy,
    Retry,
    State,
    Timeout,
    remaining_s,
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
        breaker = circuit()
        policy = Retry(attempts_max=3, backoff=Constant(0)) | Breaker(breaker) | Timeout(1.0)
        with pytest.raises(TimedOut):
            await policy.call(hangs)
        assert (breaker.calls, breaker.failures, runtime.monotonic()) == (3, 3, 3.0)

    World().run(main)


def test_a_retry_ends_at_a_breaker_that_opens() -> None:
    async def main() -> None:
        breaker, rejected = circuit(), []
        policy = Retry(attempts_max=100, backoff=Constant(0.01)) | Breaker(breaker)
        with pytest.raises(CircuitOpen):
            await policy.call(is_down, rejected=rejected.append)
        assert breaker.state is State.OPEN
        assert [error.retry_after_s for error in rejected] == [pytest.approx(4.99)]

    World().run(main)


def test_a_rejection_by_somebody_elses_breaker_is_not_reported_as_ours() -> None:
    async def rejected_further_on() -> None:
        raise CircuitOpen("ledger", 1.0)

    async def main() -> None:
        rejected: list[CircuitOpen] = []
        with pytest.raises(CircuitOpen):
            await Breaker(circuit()).call(rejected_further_on, rejected=rejected.append)
        assert rejected == []

    World().run(main)


def test_an_outer_timeout_bounds_all_attempts_and_pauses_together() -> None:
    async def main() -> None:
        policy = Timeout(2.5) | Retry(attempts_max=100, backoff=Constant(0.1)) | Timeout(1.0)
        with pytest.raises(TimedOut):
            await policy.call(hangs)
        assert runtime.monotonic() <= 2.5

    World().run(main)


def test_a_timeout_is_a_deadline_for_everything_inside() -> None:
    async def left() -> float | None:
        return remaining_s()

    async def main() -> None:
        assert await (Timeout(3.0) | Retry() | Timeout(1.0)).call(left) == 1.0
        assert await Timeout(3.0).call(left) == 3.0

    World().run(main)


def test_a_timeout_of_somebody_else_passes_unchanged() -> None:
    mine = TimeoutError("not the policy's")

    async def raises() -> None:
        raise mine

    async def main() -> None:
        with pytest.raises(TimeoutError) as raised:
            await Timeout(1.0).call(raises)
        assert raised.value is mine

    World().run(main)


def test_a_refusal_goes_straight_through_all_layers() -> None:
    async def declines() -> None:
        raise Refused("declined")

    async def main() -> None:
        breaker = circuit()
        with pytest.raises(Refused):
            await (Retry() | Breaker(breaker) | Timeout(1.0)).call(declines)
        assert breaker.calls == 0

    World().run(main)


def test_the_attempts_timeout_is_the_innermost_one() -> None:
    assert (Timeout(5) | Retry() | Breaker(circuit()) | Timeout(1)).attempt_timeout_s == 1
    assert (Timeout(5) | Retry() | Breaker(circuit())).attempt_timeout_s is None


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (lambda: Breaker(circuit()) | Retry(), r"Retry \| Breaker"),
        (lambda: Breaker(circuit()) | Timeout(1) | Retry(), r"Retry \| Breaker"),
        (lambda: Retry() | Retry(), "multiply"),
        (lambda: Breaker(circuit()) | Breaker(circuit()), "one Breaker at most"),
        (lambda: Timeout(1) | Breaker(circuit()), "counts as nothing"),
        (lambda: Retry() | Timeout(1) | Breaker(circuit()), "counts as nothing"),
        (lambda: Timeout(1) | Timeout(2), "only the shorter counts"),
        (lambda: Timeout(1) | Retry() | Timeout(2), "at least 2 s"),
        (lambda: Timeout(0), "seconds"),
        (lambda: Retry(attempts_max=0), "attempts_max"),
    ],
)
def test_a_senseless_order_is_refused_with_the_reason(build: object, reason: str) -> None:
    with pytest.raises(InvalidValue, match=reason):
        build()  # type: ignore[operator]


def test_composition_reads_the_same_however_it_is_grouped() -> None:
    retry, breaker, timeout = Retry(), Breaker(circuit()), Timeout(1)
    left: Policy = (retry | breaker) | timeout
    right: Policy = retry | (breaker | timeout)
    assert left.layers == right.layers == (retry, breaker, timeout)
    assert repr(left) == "Retry | Breaker | Timeout"
