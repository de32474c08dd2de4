"""A server with too much to do drops what comes too late, the least important first, and is in time with the rest."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlab import hooks
from eventlab.errors import DeadlinePassed, InvalidValue, LoadShed
from eventlab.resilience import Bulkhead, Shedder, deadline, shedding
from eventlab.simulation import World

SERVICE_S = 0.001


def served_under(shedder: Shedder | Bulkhead, *, times: float, for_s: float = 2, priorities: int = 1) -> Counter[int]:
    """How many of each priority were answered within 0.1 s, where so many *times* more come than can be served."""
    world = World(seed=1)
    in_time: Counter[int] = Counter()

    async def caller(priority: int) -> None:
        began_s = world.now_s
        try:
            async with shedder.admit(**({"priority": priority} if isinstance(shedder, Shedder) else {})):
                await asyncio.sleep(SERVICE_S)
        except LoadShed:
            return
        if world.now_s - began_s <= 0.1:
            in_time[priority] += 1

    async def main() -> None:
        chance = world.runtime.make_stream("arrivals")
        async with asyncio.TaskGroup() as callers:
            while world.now_s < for_s:
                callers.create_task(caller(chance.randrange(priorities)))
                await asyncio.sleep(chance.expovariate(times / SERVICE_S))

    world.run(main)
    return in_time


def test_three_times_too_much_is_answered_in_time_as_far_as_it_can_be() -> None:
    at_best = 2 / SERVICE_S
    assert served_under(Shedder("s", 1), times=3)[0] > 0.95 * at_best
    assert served_under(Shedder("s", 1, newest_first=False), times=3)[0] > 0.95 * at_best
    assert served_under(Bulkhead("b", 1, waiting_max=10_000), times=3)[0] < 0.1 * at_best


def test_the_least_important_goes_first() -> None:
    in_time = served_under(Shedder("s", 1), times=1.5, priorities=3)  # half as much each as can be served
    assert in_time[0] > 900 and in_time[1] > 800 and in_time[2] < 250


def test_a_load_that_it_can_serve_loses_nobody() -> None:
    assert served_under(Shedder("s", 1), times=0.5) == served_under(Bulkhead("b", 1, waiting_max=10_000), times=0.5)


class Shop:
    """One clerk, and customers who come one after the other while she is busy for 10 s."""

    def __init__(self, **settings: Any) -> None:
        self.shedder = Shedder("clerk", 1, **{"target_s": 100, "interval_s": 1000, **settings})
        self.world = World()
        self.told: list[tuple[str, str]] = []

    async def customer(self, name: str, priority: int, deadline_s: float) -> None:
        try:
            with deadline(deadline_s):
                async with self.shedder.admit(priority):
                    self.told.append((name, "served"))
                    await asyncio.sleep(10)
        except (LoadShed, DeadlinePassed) as error:
            self.told.append((name, f"{self.world.now_s:g} s: {error.reason.partition(' (')[0]}"))

    def serves(self, *customers: tuple[str, int, float]) -> list[tuple[str, str]]:
        async def main() -> None:
            await asyncio.gather(*(self.customer(*each) for each in [("first", 0, 999.0), *customers]))

        self.world.run(main)
        assert (self.shedder.inside, self.shedder.waiting) == (0, 0)
        return self.told[1:]


def test_the_more_important_first_and_equals_in_the_order_of_their_coming() -> None:
    told = Shop().serves(("c", 2, 999), ("a1", 0, 999), ("b", 1, 999), ("a2", 0, 999))
    assert [name for name, _ in told] == ["a1", "a2", "b", "c"]


def test_a_full_queue_gives_the_place_of_the_least_important_to_one_that_is_more() -> None:
    told = Shop(waiting_max=2).serves(("c1", 2, 999), ("c2", 2, 999), ("c3", 2, 999), ("a", 0, 999), ("b", 1, 999))
    displaced = "0 s: its place in a full queue went to another"
    assert told == [
        ("c3", "0 s: its queue is full"),
        ("c1", displaced),
        ("c2", displaced),
        ("a", "served"),
        ("b", "served"),
    ]


def test_one_that_is_less_important_than_all_who_wait_displaces_nobody() -> None:
    told = Shop(waiting_max=2).serves(("a", 0, 999), ("b", 1, 999), ("c", 2, 999))
    assert told == [("c", "0 s: its queue is full"), ("a", "served"), ("b", "served")]


def test_one_who_is_always_passed_by_is_told_so() -> None:
    others = [(f"a{number}", 0, 999.0) for number in range(4)]
    told = Shop(target_s=4, interval_s=15).serves(("c", 2, 999), *others)
    assert ("c", "30 s: it waited too long in a queue that stands") in told


def test_nothing_is_begun_after_the_deadline_though_there_is_room() -> None:
    async def main() -> str:
        shedder = Shedder("s", 1)
        with deadline(1):
            await asyncio.sleep(1)
            with pytest.raises(DeadlinePassed):
                async with shedder.admit():
                    pass
        return repr(shedder)

    assert World().run(main) == "<Shedder s: 0 of 1 inside, 0 waiting>"


def test_work_whose_caller_has_left_is_not_begun() -> None:
    told = Shop().serves(("a", 0, 5), ("b", 0, 0), ("c", 0, 10), ("d", 0, 10.5))
    late = "the deadline was over before the work began"
    assert told == [("b", f"0 s: {late}"), ("a", f"5 s: {late}"), ("c", f"10 s: {late}"), ("d", "served")]


def test_while_the_queue_stands_the_newcomer_has_the_place_of_the_oldest() -> None:
    world = World()
    shedder = Shedder("clerk", 1, waiting_max=3, target_s=6, interval_s=3)
    told: list[tuple[float, int, str]] = []

    async def customer(number: int) -> None:
        try:
            async with shedder.admit():
                told.append((world.now_s, number, "served"))
                await asyncio.sleep(4)
        except LoadShed as error:
            told.append((world.now_s, number, error.reason.partition(" (")[0]))

    async def main() -> None:
        async with asyncio.TaskGroup() as customers:
            for number in range(14):
                customers.create_task(customer(number))
                await asyncio.sleep(1.5)

    world.run(main)
    assert told[8:] == [  # from 16 s on the queue stands: 4, 6 and 8 wait in it, and 4 for longer than 6 s
        (16, 8, "served"),
        (18, 4, "its place in a full queue went to another"),
        (19.5, 6, "its place in a full queue went to another"),
        (20, 11, "served"),
        (24, 12, "served"),
        (28, 13, "served"),
    ]


@given(st.integers(0, 2**32), st.integers(1, 3), st.integers(0, 6), st.booleans())
def test_no_place_is_lost_however_callers_come_and_go(
    seed: int, calls_max: int, waiting_max: int, newest_first: bool
) -> None:
    shedder = Shedder("s", calls_max, waiting_max=waiting_max, target_s=1, interval_s=2, newest_first=newest_first)
    chance = random.Random(seed)
    tasks: list[asyncio.Task[None]] = []
    inside: list[int] = []

    def cancel_somebody() -> None:
        if chance.random() < 0.4:
            chance.choice(tasks[-8:]).cancel()

    async def one() -> None:
        try:
            with deadline(chance.choice((1, 2, 5, 1000))):
                async with shedder.admit(chance.randrange(3)):
                    inside.append(shedder.inside)
                    await asyncio.sleep(chance.randrange(3))
                    cancel_somebody()
                cancel_somebody()
        except (LoadShed, DeadlinePassed):
            pass

    async def main() -> None:
        for _ in range(40):
            tasks.append(asyncio.ensure_future(one()))
            if chance.random() < 0.5:
                await asyncio.sleep(chance.randrange(2))
        await asyncio.wait(tasks, timeout=10_000)

    World().run(main)
    assert (shedder.inside, shedder.waiting, shedder.overloaded) == (0, 0, False)
    assert max(inside, default=0) <= calls_max
    assert all(task.done() for task in tasks)


def test_what_it_drops_is_told_to_whoever_listens() -> None:
    heard: list[hooks.Happening] = []

    async def main() -> list[str]:
        shedder, rejected = Shedder("payments", 1, waiting_max=0), []
        async with shedder.admit():
            with hooks.listen(heard.append), pytest.raises(LoadShed):
                await shedding(shedder).call(asyncio.sleep, 1, rejected=rejected.append)
        return [str(error) for error in rejected]

    assert World().run(main) == ["payments was not reached: its queue is full (0 waiting)"]
    assert heard == [hooks.CallRejected("payments", "shedding", "its queue is full", 0)]


@pytest.mark.parametrize("settings", [{"calls_max": 0}, {"waiting_max": 0.5}, {"target_s": 0}, {"interval_s": -1}])
def test_a_setting_outside_its_domain_is_named(settings: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue, match=rf"Shedder\.{next(iter(settings))}"):
        Shedder("s", **{"calls_max": 1, **settings})
