"""The circuit breaker beside a bare lock with a counter, and beside other people's breakers; a policy beside a timeout.

The limit of one call is what nobody who counts calls from several threads can go below: the same call, then
``with threading.Lock(): count += 1``. In asyncio both are awaited through one coroutine function of their own.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any

import aiobreaker
import circuitbreaker
import purgatory
import pybreaker
from purgatory.domain.model import OpenedState

from benchmarks.harness import Goal, Row, Sample, main, measure, per_unit
from eventlab.errors import CircuitOpen
from eventlab.resilience import CircuitBreaker, CircuitBreakerConfig, State, breaker, retry, timeout

CALLS = 20_000
ROUNDS = 15

AsyncCall = Callable[[], Awaitable[object]]
PlainCall = Callable[[], object]


async def answer() -> str:
    return "answer"


def plain_answer() -> str:
    return "answer"


class Counter:
    """A bare lock and a counter around a call: no window, no state, no decision."""

    def __init__(self) -> None:
        self.count = 0
        self._lock = threading.Lock()

    async def call(self, f: AsyncCall) -> object:
        result = await f()
        with self._lock:
            self.count += 1
        return result

    def run(self, f: PlainCall) -> object:
        result = f()
        with self._lock:
            self.count += 1
        return result


def ours(window_calls: int = 100) -> CircuitBreaker:
    """A closed breaker whose window is full of successes."""
    made = CircuitBreaker("target", CircuitBreakerConfig(window_calls=window_calls))
    for _ in range(window_calls):
        made.run(plain_answer)
    return made


def after_a_failure(circuit: CircuitBreaker, sample: Sample) -> Sample:
    """The same, but with a failure in the window all the while, so that each call has to be counted."""

    def run() -> float:
        circuit.acquire().failure()
        return sample.run()

    return Sample(run)


def closed(call: AsyncCall) -> Sample:
    """Seconds for each of many calls, one after the other on one loop, that succeed."""

    async def calls() -> None:
        for _ in range(CALLS):
            await call()

    return Sample(lambda: per_unit(lambda: asyncio.run(calls()), CALLS, scale=1e9))


def plain(call: PlainCall) -> Sample:
    def calls() -> None:
        for _ in range(CALLS):
            call()

    return Sample(lambda: per_unit(calls, CALLS, scale=1e9))


def rejected(call: AsyncCall, error: type[BaseException]) -> Sample:
    """Seconds for each of many calls that are rejected, the error caught."""

    async def calls() -> None:
        for _ in range(CALLS):
            try:
                await call()
            except error:
                continue

    return Sample(lambda: per_unit(lambda: asyncio.run(calls()), CALLS, scale=1e9))


def plain_rejected(call: PlainCall, error: type[BaseException]) -> Sample:
    def calls() -> None:
        for _ in range(CALLS):
            try:
                call()
            except error:
                continue

    return Sample(lambda: per_unit(calls, CALLS, scale=1e9))


async def through(block: Any) -> object:
    """One call in purgatory's way, with a breaker that is at hand."""
    async with block:
        return await answer()


def purgatory_breaker(opened: bool = False) -> AsyncCall:
    async def made() -> Any:
        circuit = await purgatory.AsyncCircuitBreakerFactory(default_ttl=1e9).get_breaker("target")
        with contextlib.suppress(ConnectionError):
            for _ in range(5 if opened else 0):
                with contextlib.suppress(ConnectionError):
                    async with circuit:
                        raise ConnectionError
        return circuit

    return partial(through, asyncio.run(made()))


def aiobreaker_breaker(opened: bool = False) -> AsyncCall:
    circuit = aiobreaker.CircuitBreaker()
    if opened:
        circuit.open()
    return partial(circuit.call_async, answer)


def pybreaker_breaker(opened: bool = False) -> PlainCall:
    circuit = pybreaker.CircuitBreaker()
    if opened:
        circuit.open()
    return partial(circuit.call, plain_answer)


def circuitbreaker_breaker(f: Callable[..., Any], opened: bool = False) -> Callable[[], Any]:
    circuit = circuitbreaker.CircuitBreaker(failure_threshold=1, recovery_timeout=10**9, name="target")
    guarded = circuit.decorate(f)
    if opened:
        with contextlib.suppress(ConnectionError), circuit:
            raise ConnectionError
    return guarded


def closed_rows() -> Iterator[Row]:
    calm, counting, counter = ours(), ours(CALLS + 1), Counter()
    by_time = CircuitBreaker("target", CircuitBreakerConfig(window_s=60))
    bare, plain_bare = closed(partial(counter.call, answer)), plain(partial(counter.run, plain_answer))
    kinds = (
        ("healthy", closed(partial(calm.call, answer)), plain(partial(calm.run, plain_answer))),
        (
            "a failure in the window",
            after_a_failure(counting, closed(partial(counting.call, answer))),
            after_a_failure(counting, plain(partial(counting.run, plain_answer))),
        ),
        ("window of time", closed(partial(by_time.call, answer)), plain(partial(by_time.run, plain_answer))),
    )
    for name, awaited, ran in kinds:
        goal = Goal(2.5) if name != "window of time" else None
        yield _row(f"async, {name}", awaited, "lock and counter", bare, goal)
        yield _row(f"plain, {name}", ran, "lock and counter", plain_bare, goal)
    for name, awaited, ran in kinds[:2]:
        yield _row(f"async, {name}", awaited, "purgatory", closed(purgatory_breaker()), Goal(2))
        yield _row(f"async, {name}", awaited, "aiobreaker", closed(aiobreaker_breaker()), Goal(1))
        yield _row(f"async, {name}", awaited, "circuitbreaker", closed(circuitbreaker_breaker(answer)), None)
        yield _row(f"plain, {name}", ran, "pybreaker", plain(pybreaker_breaker()), Goal(1))
        yield _row(f"plain, {name}", ran, "circuitbreaker", plain(circuitbreaker_breaker(plain_answer)), None)


def _row(name: str, subject: Sample, limit_name: str, limit: Sample, goal: Goal | None) -> Row:
    return measure(name, subject, limit_name, limit, goal=goal, unit="ns", rounds=ROUNDS)


def rejected_rows() -> Iterator[Row]:
    """Every peer: 0.65 of each is 0.65 of the fastest."""
    circuit = CircuitBreaker("target", CircuitBreakerConfig(open_s=1e9), State.OPEN)
    subject = rejected(partial(circuit.call, answer), CircuitOpen)
    for peer, call, error in (
        ("purgatory", purgatory_breaker(opened=True), OpenedState),
        ("aiobreaker", aiobreaker_breaker(opened=True), aiobreaker.CircuitBreakerError),
        ("circuitbreaker", circuitbreaker_breaker(answer, opened=True), circuitbreaker.CircuitBreakerError),
    ):
        limit = rejected(call, error)
        yield measure("rejected/async", subject, peer, limit, goal=Goal(0.65), unit="ns", rounds=ROUNDS)
    subject = plain_rejected(partial(circuit.run, plain_answer), CircuitOpen)
    for peer, call, error in (
        ("pybreaker", pybreaker_breaker(opened=True), pybreaker.CircuitBreakerError),
        ("circuitbreaker", circuitbreaker_breaker(plain_answer, opened=True), circuitbreaker.CircuitBreakerError),
    ):
        limit = plain_rejected(call, error)
        yield measure("rejected/plain", subject, peer, limit, goal=Goal(0.65), unit="ns", rounds=ROUNDS)


def composed_rows() -> Iterator[Row]:
    """Retry, breaker and timeout around a call that succeeds, beside what a timeout alone costs."""
    policy = retry(attempts_max=3) | breaker(ours()) | timeout(1.0)

    async def bare() -> object:
        async with asyncio.timeout(1.0):
            return await answer()

    subject = closed(partial(policy.call, answer))
    yield measure(
        "retry | breaker | timeout", subject, "asyncio.timeout", closed(bare), goal=Goal(3), unit="ns", rounds=ROUNDS
    )


if __name__ == "__main__":
    main({"closed": closed_rows, "rejected": rejected_rows, "composed": composed_rows})
