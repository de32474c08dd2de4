"""So many at once, in the order of coming; no room is ever lost, whoever leaves however and whenever."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlab import hooks
from eventlab.errors import BulkheadFull, DeadlinePassed, InvalidValue
from eventlab.resilience import Bulkhead, CircuitBreaker, Constant, breaker, bulkhead, deadline, retry, timeout
from eventlab.simulation import World


class Forgetful:
    """As Python's semaphore was until 3.10: who is cancelled with the turn in its hands takes it along."""

    def __init__(self, calls_max: int) -> None:
        self.inside, self.calls_max = 0, calls_max
        self.queue: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def admit(self) -> AsyncIterator[None]:
        while self.inside >= self.calls_max:
            turn = asyncio.get_running_loop().create_future()
            self.queue.append(turn)
            await turn
        self.inside += 1
        try:
            yield
        finally:
            self.inside -= 1
            while self.queue:
                turn = self.queue.popleft()
                if not turn.done():
                    turn.set_result(None)
                    break


def cancelled_with_the_turn_in_hand(bulkhead: Bulkhead | Forgetful) -> list[str]:
    """Who gets in, when whoever leaves cancels the next one in the same step."""
    came: list[str] = []
    tasks: dict[str, asyncio.Task[None]] = {}

    async def caller(name: str) -> None:
        async with bulkhead.admit():
            came.append(name)
            await asyncio.sleep(1)
        if name == "ann":
            tasks["bob"].cancel()

    async def main() -> None:
        for name in ("ann", "bob", "cid"):
            tasks[name] = asyncio.ensure_future(caller(name))
        await asyncio.wait(tasks.values(), timeout=60)

    World().run(main)
    return came


def test_who_is_cancelled_with_the_turn_in_hand_passes_it_on() -> None:
    assert cancelled_with_the_turn_in_hand(Bulkhead("b", 1, waiting_max=9)) == ["ann", "cid"]
    assert cancelled_with_the_turn_in_hand(Forgetful(1)) == ["ann"]


def test_first_come_first_in_and_further_ones_are_told_how_many_there_are() -> None:
    world = World()
    bulkhead = Bulkhead("payments", 2, waiting_max=2)
    told: list[tuple[int, float, str]] = []

    async def caller(number: int) -> None:
        try:
            async with bulkhead.admit():
                told.append((number, world.now_s, "in"))
                await asyncio.sleep(1 + number / 10)
        except BulkheadFull as error:
            told.append((number, world.now_s, f"{error.inside} inside, {error.waiting} waiting"))

    async def main() -> None:
        await asyncio.gather(*(caller(number) for number in range(5)))

    world.run(main)
    assert told == [(0, 0, "in"), (1, 0, "in"), (4, 0, "2 inside, 2 waiting"), (2, 1, "in"), (3, 1.1, "in")]
    assert repr(bulkhead) == "<Bulkhead payments: 0 of 2 inside, 0 waiting>"


def outcome(waiting: Callable[[], Awaitable[Any]]) -> tuple[float, str]:
    """When somebody who asks at 0 while it is full for 10 s gets an answer, and which."""
    world = World()

    async def main() -> tuple[float, str]:
        try:
            await waiting()
        except Exception as error:
            return world.now_s, type(error).__name__
        return world.now_s, "in"

    return world.run(main)


def full_for_10_s(**settings: Any) -> tuple[Bulkhead, Callable[[], Awaitable[Any]]]:
    bulkhead = Bulkhead("b", 1, **settings)

    async def second() -> None:
        first = asyncio.ensure_future(bulkhead.call(asyncio.sleep, 10))
        await asyncio.sleep(0)
        try:
            async with bulkhead.admit():
                pass
        finally:
            assert (bulkhead.waiting, bulkhead.inside) in ((0, 1), (0, 0))
            first.cancel()

    return bulkhead, second


def test_nobody_waits_for_longer_than_the_bulkhead_or_its_deadline_allows() -> None:
    async def with_deadline(seconds: float, wait_max_s: float) -> None:
        with deadline(seconds):
            await full_for_10_s(waiting_max=1, wait_max_s=wait_max_s)[1]()

    assert outcome(full_for_10_s(waiting_max=1)[1]) == (10, "in")
    assert outcome(full_for_10_s(waiting_max=1, wait_max_s=3)[1]) == (3, "BulkheadFull")
    assert outcome(lambda: with_deadline(2, 3)) == (2, "DeadlinePassed")
    assert outcome(lambda: with_deadline(4, 3)) == (3, "BulkheadFull")
    assert outcome(full_for_10_s()[1]) == (0, "BulkheadFull")


class Crowd:
    """Callers who come, stay, lose patience, are cancelled or have a deadline, all by chance; what is seen of them."""

    def __init__(self, bulkhead: Bulkhead | Forgetful, seed: int, callers: int) -> None:
        self.bulkhead, self.chance, self.callers = bulkhead, random.Random(seed), callers
        self.inside = self.inside_max = self.done = 0
        self.tasks: list[asyncio.Task[None]] = []

    async def one(self) -> None:
        with deadline(self.chance.choice((1, 2, 5, 1000))):
            try:
                async with self.bulkhead.admit():
                    self.inside += 1
                    self.inside_max = max(self.inside, self.inside_max)
                    try:
                        await asyncio.sleep(self.chance.randrange(3))
                    finally:
                        self.inside -= 1
                        self.done += 1
                        self.cancel_somebody()
                self.cancel_somebody()
            except (BulkheadFull, DeadlinePassed):
                pass

    def cancel_somebody(self) -> None:
        """In the step in which one leaves: just before its room is passed on, or just after."""
        if self.chance.random() < 0.5:
            self.chance.choice(self.tasks[-8:]).cancel()

    async def __call__(self) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(self.callers):
            task = asyncio.ensure_future(self.one())
            self.tasks.append(task)
            if self.chance.random() < 0.5:  # whole seconds, so that much meets at one moment
                loop.call_later(self.chance.randrange(4), task.cancel)
            if self.chance.random() < 0.5:
                await asyncio.sleep(self.chance.randrange(2))
        await asyncio.wait(self.tasks, timeout=10_000)


@given(st.integers(0, 2**32), st.integers(1, 3), st.integers(0, 6), st.sampled_from([None, 1.0, 2.0]))
def test_no_room_is_lost_and_no_more_are_inside_than_may_be(
    seed: int, calls_max: int, waiting_max: int, wait_max_s: float | None
) -> None:
    bulkhead = Bulkhead("b", calls_max, waiting_max=waiting_max, wait_max_s=wait_max_s)
    crowd = Crowd(bulkhead, seed, 30)
    World().run(crowd)
    assert (bulkhead.inside, bulkhead.waiting, crowd.inside) == (0, 0, 0)
    assert crowd.inside_max <= calls_max


def test_ten_thousand_callers_leave_nothing_behind() -> None:
    bulkhead = Bulkhead("b", 3, waiting_max=5, wait_max_s=2)
    crowd = Crowd(bulkhead, 7, 10_000)
    World().run(crowd)
    assert (bulkhead.inside, bulkhead.waiting, crowd.inside_max) == (0, 0, 3)
    assert crowd.done > 3_000


def test_who_leaves_the_queue_makes_place_in_it_at_once() -> None:
    async def main() -> list[int]:
        bulkhead = Bulkhead("b", 1, waiting_max=1)
        async with bulkhead.admit():
            waiting = []
            for _ in range(3):
                second = asyncio.ensure_future(bulkhead.call(asyncio.sleep, 1))
                await asyncio.sleep(0)
                waiting.append(bulkhead.waiting)
                second.cancel()
                await asyncio.wait([second])
                waiting.append(bulkhead.waiting)
        return waiting

    assert World().run(main) == [1, 0] * 3


def test_as_a_layer_its_rejection_is_ours_and_neither_counted_nor_repeated() -> None:
    circuit = CircuitBreaker("payments")
    within = bulkhead(Bulkhead("payments", 1))
    policy = retry(attempts_max=3, backoff=Constant(0)) | breaker(circuit) | within | timeout(5)
    rejected: list[Exception] = []

    async def main() -> None:
        first = asyncio.ensure_future(policy.call(lambda: asyncio.sleep(1, "answer")))
        await asyncio.sleep(0)
        for _ in range(20):
            with pytest.raises(BulkheadFull):
                await policy.call(lambda: asyncio.sleep(1), rejected=rejected.append)
        assert await first == "answer"

    World().run(main)
    assert (len(rejected), circuit.calls, circuit.failures) == (20, 1, 0)


def test_a_rejection_further_on_is_not_reported_as_ours() -> None:
    async def full() -> None:
        raise BulkheadFull("ledger", 1, 0)

    async def main() -> list[Exception]:
        rejected: list[Exception] = []
        with pytest.raises(BulkheadFull):
            await bulkhead(Bulkhead("payments", 1)).call(full, rejected=rejected.append)
        return rejected

    assert World().run(main) == []


def test_a_rejection_is_told_to_whoever_listens() -> None:
    bulkhead = Bulkhead("payments", 1)
    heard: list[hooks.Happening] = []

    async def main() -> None:
        async with bulkhead.admit():
            with hooks.listen(heard.append), pytest.raises(BulkheadFull):
                async with bulkhead.admit():
                    pass

    World().run(main)
    assert heard == [hooks.CallRejected("payments", "bulkhead", "no room in its bulkhead (1 inside, 0 waiting)", 0)]


@pytest.mark.parametrize("settings", [{"calls_max": 0}, {"calls_max": 1.5}, {"waiting_max": -1}, {"wait_max_s": 0}])
def test_a_setting_outside_its_domain_is_named(settings: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue, match=rf"Bulkhead\.{next(iter(settings))}"):
        Bulkhead("b", **{"calls_max": 1, **settings})
