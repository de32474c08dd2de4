"""In any time at most the burst and what the rate gives for it; who waits keeps its place, or gives it back."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlab import hooks, runtime
from eventlab.errors import InvalidValue, RateLimited
from eventlab.resilience import RateLimiter, RateLimiters, deadline, rate_limit
from eventlab.simulation import World
from eventlab.testing.clock import ManualClock

ALMOST = 1e-6


def overdrawn_by(passed: list[tuple[float, float]], rate_per_s: float, burst: float) -> float:
    """By how much the windows that end with the last call exceed ``burst + rate * t`` in *t* seconds, at worst."""
    end_s, total, worst = passed[-1][0], 0.0, -burst
    for begin_s, cost in reversed(passed):
        total += cost
        worst = max(worst, total - burst - rate_per_s * (end_s - begin_s))
    return worst


rates = st.sampled_from([0.3, 1, 7, 1000])
bursts = st.sampled_from([1, 2, 5.5, 20])
costs = st.sampled_from([0.25, 0.5, 1])


@given(rates, bursts, st.lists(st.tuples(st.floats(0, 3), costs), max_size=30))
def test_a_call_waits_exactly_until_no_window_is_overdrawn_by_it(
    rate_per_s: float, burst: float, calls: list[tuple[float, float]]
) -> None:
    clock = ManualClock()
    passed: list[tuple[float, float]] = []
    with clock.ruling():
        limiter = RateLimiter("r", rate_per_s, burst=burst)
        for pause, cost in calls:
            clock.advance(pause / rate_per_s)
            now_s = runtime.monotonic()
            wait_s = limiter.wait_s(cost)
            debt = overdrawn_by([*passed, (now_s, cost)], rate_per_s, burst)
            assert wait_s * rate_per_s == pytest.approx(max(debt, 0), abs=ALMOST)
            if limiter.try_acquire(cost):
                passed.append((now_s, cost))


class FixedWindow:
    """Counts from zero in every second, as most do first."""

    def __init__(self, name: str, rate_per_s: float, *, burst: float) -> None:
        self.burst, self.window, self.count = burst, -1, 0.0

    def try_acquire(self, cost: float = 1) -> bool:
        window = int(runtime.monotonic())
        if window != self.window:
            self.window, self.count = window, 0
        if self.count + cost > self.burst:
            return False
        self.count += cost
        return True


@pytest.mark.parametrize(("limiter", "passed"), [(RateLimiter, 11), (FixedWindow, 20)])
def test_two_bursts_do_not_meet_at_the_border_of_a_window(limiter: Any, passed: int) -> None:
    async def main() -> int:
        limit = limiter("r", 10, burst=10)
        await asyncio.sleep(0.95)
        before = sum(limit.try_acquire() for _ in range(100))
        await asyncio.sleep(0.1)
        return before + sum(limit.try_acquire() for _ in range(100))

    assert World().run(main) == passed


def test_who_has_to_wait_waits_in_the_order_of_coming() -> None:
    world = World()
    limiter = RateLimiter("r", 2, burst=2, wait_max_s=10)
    passed: list[tuple[float, str]] = []

    async def call(name: str, cost: float = 1) -> None:
        await limiter.acquire(cost)
        passed.append((world.now_s, name))

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            for name, cost in (("a", 1), ("b", 1), ("big", 2), ("c", 1)):
                group.create_task(call(name, cost))
            await asyncio.sleep(0.6)
            assert not limiter.try_acquire(0.1)  # there would be room for it, and others were first
            group.create_task(call("d"))

    world.run(main)
    assert passed == [(0, "a"), (0, "b"), (1, "big"), (1.5, "c"), (2, "d")]


def test_a_call_that_would_wait_too_long_is_told_so_at_once() -> None:
    world = World()
    limiter = RateLimiter("mails", 2, wait_max_s=0.6)
    told: list[tuple[float, str]] = []

    async def call() -> None:
        try:
            await limiter.acquire()
            told.append((world.now_s, "passed"))
        except RateLimited as error:
            told.append((world.now_s, f"again in {error.retry_after_s:g} s"))

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(3):
                group.create_task(call())
            await asyncio.sleep(0.6)
            with deadline(0.3):
                group.create_task(call())

    world.run(main)
    assert told == [(0, "passed"), (0, "again in 1 s"), (0.5, "passed"), (0.6, "again in 0.4 s")]


def test_who_waits_as_long_as_it_was_told_passes() -> None:
    async def main() -> int:
        limiter = RateLimiter("r", 0.7, burst=3)
        passed = 0
        for _ in range(1000):
            try:
                await limiter.acquire()
            except RateLimited as error:
                await asyncio.sleep(error.retry_after_s)
                assert limiter.try_acquire()
            passed += 1
        return passed

    assert World().run(main) == 1000


def test_who_leaves_while_it_waits_has_used_nothing_and_the_others_move_up() -> None:
    world = World()
    limiter = RateLimiter("r", 1, wait_max_s=100)
    passed: list[tuple[float, int]] = []

    async def call(number: int) -> None:
        await limiter.acquire()
        passed.append((world.now_s, number))

    async def main() -> None:
        tasks = [asyncio.ensure_future(call(number)) for number in range(6)]
        await asyncio.sleep(0.5)
        tasks[1].cancel()
        tasks[3].cancel()
        await asyncio.sleep(0)
        tasks.append(asyncio.ensure_future(call(6)))
        await asyncio.wait(tasks)

    world.run(main)
    assert passed == [(0, 0), (1, 2), (2, 4), (3, 5), (4, 6)]


def test_who_stood_behind_a_big_one_that_left_passes_as_soon_as_it_may() -> None:
    world = World()
    limiter = RateLimiter("r", 1, burst=4, wait_max_s=100)

    async def main() -> float:
        await limiter.acquire(4)
        big, small = asyncio.ensure_future(limiter.acquire(4)), asyncio.ensure_future(limiter.acquire(1))
        await asyncio.sleep(0.5)
        big.cancel()
        await small
        return world.now_s

    assert world.run(main) == 1


def test_who_is_cancelled_with_the_turn_in_hand_gives_it_back() -> None:
    world = World()
    limiter = RateLimiter("r", 1, wait_max_s=100)
    passed: list[tuple[float, str]] = []
    tasks: dict[str, asyncio.Task[None]] = {}

    async def call(name: str) -> None:
        await limiter.acquire()
        passed.append((world.now_s, name))

    async def main() -> None:
        await limiter.acquire()
        tasks["bob"] = asyncio.ensure_future(call("bob"))
        tasks["cid"] = asyncio.ensure_future(call("cid"))
        await asyncio.sleep(0)
        turn = limiter._turn

        def turn_and_cancel() -> None:
            turn()
            tasks["bob"].cancel()

        assert limiter._timer is not None
        limiter._timer.cancel()
        asyncio.get_running_loop().call_later(1, turn_and_cancel)
        await asyncio.wait(tasks.values())

    world.run(main)
    assert passed == [(1, "cid")]


@given(st.integers(0, 2**32), rates, bursts)
def test_no_window_is_overdrawn_and_nobody_starves_however_callers_come_and_go(
    seed: int, rate_per_s: float, burst: float
) -> None:
    world = World(seed=seed)
    limiter = RateLimiter("r", rate_per_s, burst=burst, wait_max_s=8 / rate_per_s)
    passed: list[tuple[float, float]] = []
    numbers: list[int] = []

    async def call(number: int, cost: float) -> None:
        try:
            await limiter.acquire(cost)
        except RateLimited:
            return
        passed.append((world.now_s, cost))
        numbers.append(number)

    async def main() -> None:
        chance = world.runtime.make_stream("callers")
        tasks = []
        for number in range(40):
            tasks.append(asyncio.ensure_future(call(number, chance.choice((0.25, 0.5, 1)))))
            await asyncio.sleep(chance.choice((0, 0, 0.25, 0.9)) / rate_per_s)
            if chance.random() < 0.4:
                chance.choice(tasks[-10:]).cancel()
        await asyncio.wait(tasks)

    world.run(main)
    assert max(overdrawn_by(passed[:end], rate_per_s, burst) for end in range(1, len(passed) + 1)) < ALMOST
    assert [pair for pair in pairwise(numbers) if pair[0] > pair[1]] == []
    assert limiter.waiting == 0


def test_as_a_layer_it_tells_its_rejection() -> None:
    heard: list[hooks.Happening] = []

    async def answer() -> str:
        return "answer"

    async def main() -> list[str]:
        policy, rejected = rate_limit(RateLimiter("mails", 4)), []
        assert await policy.call(answer, rejected=rejected.append) == "answer"
        with hooks.listen(heard.append), pytest.raises(RateLimited):
            await policy.call(answer, rejected=rejected.append)
        return [str(policy), *map(str, rejected)]

    reason = "its rate is used up for another 0.25 s"
    assert World().run(main) == ["rate_limit('mails')", f"mails was not reached: {reason}"]
    assert heard == [hooks.CallRejected("mails", "rate_limit", reason, 0)]


def test_each_key_has_a_rate_of_its_own_and_many_keys_take_no_more_room() -> None:
    async def main() -> tuple[int, int, int]:
        limiters = RateLimiters("calls", 1, burst=5, keys_max=100)
        loud = sum(limiters.of("loud").try_acquire() for _ in range(50))
        others = 0
        for number in range(10_000):
            others += limiters.of(number).try_acquire()
            if number % 10 == 0:
                loud += limiters.of("loud").try_acquire()
        return loud, others, len(limiters)

    assert World().run(main) == (5, 10_000, 100)


@pytest.mark.parametrize(
    "settings", [{"rate_per_s": 0}, {"burst": 0.5}, {"wait_max_s": -1}, {"wait_max_s": float("nan")}]
)
def test_a_setting_outside_its_domain_is_named(settings: dict[str, float]) -> None:
    with pytest.raises(InvalidValue, match=rf"RateLimiter\.{next(iter(settings))}"):
        RateLimiter("r", **{"rate_per_s": 1, **settings})


def test_a_call_that_could_never_pass_is_refused() -> None:
    with pytest.raises(InvalidValue, match="at most the burst 2"):
        RateLimiter("r", 1, burst=2).try_acquire(3)


def test_it_waits_for_no_clock_of_an_earlier_world() -> None:
    limiter = RateLimiter("mails", 1.0)

    async def main() -> float:
        await asyncio.sleep(5000)
        limiter.try_acquire()
        return limiter.wait_s()

    async def later() -> float:
        return limiter.wait_s()

    assert World(1).run(main()) == 1
    assert World(1).run(later()) <= 1
