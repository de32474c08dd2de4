"""The ways to call through a breaker, and what each tells it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import inspect
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from eventlab import hooks, runtime
from eventlab.errors import CircuitOpen, InvalidValue, TimedOut
from eventlab.resilience import CircuitBreaker, CircuitBreakerConfig, Exponential, Permit, State, remaining_s
from eventlab.simulation import World
from eventlab.testing.clock import ManualClock
from tests.unit.resilience.breaker_stories import Outside, fails, quietly, rejects, settle, works


def half_open(probes: int = 3, **told: Any) -> CircuitBreaker:
    return CircuitBreaker("payments", CircuitBreakerConfig(half_open_calls=probes, **told), State.HALF_OPEN)


def closed(**told: Any) -> CircuitBreaker:
    return CircuitBreaker("payments", CircuitBreakerConfig(**told))


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


def test_blocks_that_overlap_in_tasks_each_settle_their_own_permit() -> None:
    async def main() -> list[int | None]:
        breaker, left = half_open(3), []
        gates = [asyncio.Event() for _ in range(3)]

        async def stay(gate: asyncio.Event) -> None:
            async with breaker:
                await gate.wait()

        tasks = [asyncio.create_task(stay(gate)) for gate in gates]
        await settle()
        left.append(breaker.permits_left)
        for task in (tasks[1], tasks[0]):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            left.append(breaker.permits_left)
        tasks[2].cancel()
        await asyncio.gather(tasks[2], return_exceptions=True)
        return [*left, breaker.permits_left]

    assert ManualClock().run(main()) == [0, 1, 2, 3]


def test_a_block_within_a_block_of_another_breaker_settles_each() -> None:
    outer, inner = half_open(2), half_open(2)
    with outer, inner, inner:
        assert (outer.permits_left, inner.permits_left) == (1, 0)
    assert (outer.calls, inner.state) == (1, State.CLOSED)


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
