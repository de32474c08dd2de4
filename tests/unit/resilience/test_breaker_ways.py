"""The ways to call through a breaker, and what each tells it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import inspect
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from eventlab import hooks
from eventlab.errors import CircuitOpen, InvalidValue, TimedOut
from eventlab.resilience import CircuitBreaker, CircuitBreakerConfig, Permit, State, remaining_s, timeout
from eventlab.resilience import breaker as guarded
from eventlab.simulation import World
from eventlab.testing.clock import ManualClock
from tests.unit.resilience.breaker_stories import Outside, fails, quietly, works
from tests.unit.resilience.breakers import closed, half_open


def plain_works(*args: object, **named: object) -> object:
    return args, named


def plain_fails() -> None:
    raise Outside("down")


async def by_call(breaker: CircuitBreaker, failing: bool) -> None:
    await breaker.call(fails if failing else works)


async def by_run(breaker: CircuitBreaker, failing: bool) -> None:
    breaker.run(plain_fails if failing else plain_works)


async def by_decorator(breaker: CircuitBreaker, failing: bool) -> None:
    await breaker(fails if failing else works)()


async def by_plain_decorator(breaker: CircuitBreaker, failing: bool) -> None:
    breaker(plain_fails if failing else plain_works)()


async def by_block(breaker: CircuitBreaker, failing: bool) -> None:
    with breaker:
        if failing:
            raise Outside("down")


async def by_async_block(breaker: CircuitBreaker, failing: bool) -> None:
    async with breaker:
        if failing:
            raise Outside("down")


async def by_permit(breaker: CircuitBreaker, failing: bool) -> None:
    with breaker.acquire():
        if failing:
            raise Outside("down")


WAYS = [by_call, by_run, by_decorator, by_plain_decorator, by_block, by_async_block, by_permit]
each_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
Way = Callable[[CircuitBreaker, bool], Awaitable[None]]


@each_way
def test_every_way_counts_successes_and_failures_and_rejects_when_open(way: Way) -> None:
    async def main() -> tuple[list[type[BaseException] | None], int, int, int]:
        breaker, ends = closed(failure_threshold=2, open_s=1e9), []
        for failing in (False, True, False, True, True, False):
            error: BaseException | None = None
            try:
                await way(breaker, failing)
            except Exception as raised:
                error = raised
            ends.append(None if error is None else type(error))
        return ends, breaker.failures, breaker.openings, breaker.rejections

    ends, *counted = ManualClock().run(main())
    assert ends == [None, Outside, None, Outside, Outside, CircuitOpen]
    assert counted == [0, 1, 1]


def test_arguments_pass_through_and_results_come_back() -> None:
    async def told(*args: object, **named: object) -> object:
        return args, named

    async def main() -> list[object]:
        breaker = closed()
        return [
            await breaker.call(told, 1, two=2),
            breaker.run(plain_works, 1, two=2),
            await breaker(told)(1, two=2),
            breaker(plain_works)(1, two=2),
        ]

    assert ManualClock().run(main()) == [((1,), {"two": 2})] * 4


def test_a_decorated_function_keeps_its_name_its_signature_and_its_kind() -> None:
    async def pay(cents: int, *, currency: str = "EUR") -> str:
        """Take the money."""
        return f"{cents} {currency}"

    guarded = closed()(pay)
    assert (guarded.__name__, guarded.__doc__) == ("pay", "Take the money.")
    assert inspect.signature(guarded) == inspect.signature(pay)
    assert inspect.iscoroutinefunction(guarded)


def test_a_generator_is_refused_since_its_call_ends_before_its_work() -> None:
    def plain() -> Iterator[int]:
        yield 1

    async def asynchronous() -> AsyncIterator[int]:
        yield 1

    for generator in (plain, asynchronous):
        with pytest.raises(InvalidValue, match="in a generator, enter the breaker inside"):
            closed()(generator)


def test_an_object_with_an_asynchronous_call_is_awaited_before_it_counts() -> None:
    class Payments:
        async def __call__(self) -> None:
            raise Outside("down")

    async def main() -> int:
        breaker = closed()
        await quietly(breaker, breaker(Payments()))
        return breaker.failures

    assert ManualClock().run(main()) == 2  # once by each of the two it went through


def test_a_coroutine_that_is_thrown_away_gives_its_permit_back() -> None:
    async def main() -> list[int | None]:
        breaker, left = half_open(2), []
        for way in (breaker.call(asyncio.Event().wait), by_async_wait(breaker)):
            way.send(None)
            left.append(breaker.permits_left)
            way.close()
            left.append(breaker.permits_left)
        return left

    assert ManualClock().run(main()) == [1, 2, 1, 2]


async def by_async_wait(breaker: CircuitBreaker) -> None:
    async with breaker:
        await asyncio.Event().wait()


def test_a_permit_that_is_dropped_unsettled_gives_itself_back() -> None:
    breaker = half_open(1)
    permit: Permit | None = breaker.acquire()
    assert breaker.permits_left == 0
    del permit
    gc.collect()
    assert breaker.permits_left == 1


def test_a_listener_that_breaks_keeps_no_permit() -> None:
    clock = ManualClock()

    def breaks(happening: hooks.Happening) -> None:
        raise KeyError("listener")

    async def main() -> int | None:
        breaker = CircuitBreaker("payments", CircuitBreakerConfig(open_s=5, half_open_calls=1), State.OPEN)
        clock.advance(5)
        with hooks.listen(breaks), pytest.raises(KeyError):
            breaker.acquire()
        return breaker.permits_left

    assert clock.run(main()) == 1


def test_permits_never_leak_over_ten_thousand_random_half_open_operations() -> None:
    chance = random.Random(5)

    async def main() -> tuple[State, int | None]:
        breaker = half_open(4, half_open_max_s=None)
        out: list[tuple[str, Any]] = []
        for _ in range(10_000):
            if chance.random() < 0.5 or not out:
                begin(breaker, out, chance.choice(["permit", "call", "block", "drop"]))
            else:
                await end(*out.pop(chance.randrange(len(out))))
        for each in out:
            await end(*each)
        out.clear()
        gc.collect()
        return breaker.state, breaker.permits_left

    assert ManualClock().run(main()) == (State.HALF_OPEN, 4)


def begin(breaker: CircuitBreaker, out: list[tuple[str, Any]], through: str) -> None:
    """One more probe, if there is a permit; its end will tell nothing."""
    work = breaker.call(asyncio.Event().wait) if through == "call" else by_async_wait(breaker)
    try:
        if through in ("permit", "drop"):
            out.append((through, breaker.acquire()))
            work.close()
        else:
            work.send(None)
            out.append((through, work))
    except CircuitOpen:
        work.close()


async def end(through: str, probe: Any) -> None:
    if through == "permit":
        probe.release()
    elif through in ("call", "block"):
        with contextlib.suppress(asyncio.CancelledError):
            probe.throw(asyncio.CancelledError())


def test_its_own_timeout_ends_the_call_counts_as_a_failure_and_travels_as_a_deadline() -> None:
    world, seen = World(), []

    async def slow() -> None:
        seen.append(remaining_s())
        await asyncio.sleep(10)

    async def main() -> tuple[int, float]:
        breaker = closed(timeout=timedelta(milliseconds=500), is_failure=lambda error: False)
        with pytest.raises(TimedOut, match=r"not done within 0.5 s"):
            await breaker.call(slow)
        return breaker.failures, world.now_s

    assert world.run(main) == (1, 0.5)
    assert seen == [0.5]


def test_a_timeout_inside_the_call_is_the_calls_own_error() -> None:
    mine = TimeoutError("mine")

    async def times_out() -> None:
        raise mine

    async def main() -> BaseException | None:
        return await quietly(closed(timeout=1.0), times_out)

    assert World().run(main) is mine


@pytest.mark.parametrize("way", [by_run, by_plain_decorator, by_block, by_async_block])
def test_a_timeout_is_refused_where_nothing_could_be_ended(way: Way) -> None:
    async def main() -> None:
        with pytest.raises(InvalidValue, match="timeout"):
            await way(closed(timeout=1.0), False)

    World().run(main)


async def asks(number: int) -> int:
    return number


async def breaks() -> None:
    raise TypeError("a bug of the target's")


def within(breaker: CircuitBreaker) -> Callable[..., Awaitable[object]]:
    return (guarded(breaker) | timeout(1)).call


@pytest.mark.parametrize("told", [{}, {"slow_call_s": 1}, {"timeout": 1}])
@pytest.mark.parametrize("way", [lambda breaker: breaker.call, within], ids=["call", "policy"])
def test_a_call_that_could_not_begin_is_a_mistake_of_the_callers_and_counts_as_nothing(
    told: dict[str, Any], way: Callable[[CircuitBreaker], Callable[..., Awaitable[object]]]
) -> None:
    async def main() -> tuple[int, int, int]:
        breaker = half_open(2, **told)
        for f, args in ((plain_works, ()), (asks, ()), (asks, (1, 2)), (None, ())):
            with pytest.raises(TypeError):
                await way(breaker)(f, *args)
        left = breaker.permits_left
        with pytest.raises(TypeError, match="a bug"):
            await way(breaker)(breaks)
        return left, breaker.permits_left, breaker.failures

    if told.get("timeout") and way is within:
        pytest.skip("two timeouts are refused")
    assert ManualClock().run(main()) == (2, 1, 1)
