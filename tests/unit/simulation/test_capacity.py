"""So many are served at once; the others wait in the order of the discipline, and leave no server behind."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine, Generator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlab.errors import DeadlinePassed, InvalidValue, NodeCrashed, Unavailable
from eventlab.resilience import deadline
from eventlab.simulation import Capacity, World

Story = Callable[[], Coroutine[Any, Any, Any]]


def order(capacity: Capacity, requests: list[dict[str, float]], service_s: float = 1) -> list[int]:
    """In which order requests that come one after another, while the first is served, have their turn."""
    world = World()
    served: list[int] = []

    async def one(number: int, how: dict[str, float]) -> None:
        async with capacity.use(**how):
            served.append(number)
            await asyncio.sleep(service_s)

    async def main() -> None:
        await asyncio.gather(*(one(number, how) for number, how in enumerate(requests)), return_exceptions=True)

    world.run(main)
    return served


def test_first_come_first_served() -> None:
    assert order(Capacity(), [{}] * 4) == [0, 1, 2, 3]


def test_last_come_first_served() -> None:
    assert order(Capacity(discipline="lifo"), [{}] * 4) == [0, 3, 2, 1]


def test_the_smallest_priority_first_and_equals_in_the_order_of_their_coming() -> None:
    requests = [{"priority": priority} for priority in (5.0, 2, 1, 2, 0)]
    assert order(Capacity(discipline="priority"), requests) == [0, 4, 2, 1, 3]


def test_the_nearest_deadline_first_and_none_last() -> None:
    requests: list[dict[str, float]] = [{}, {}, {"deadline_s": 90}, {"deadline_s": 70}, {"deadline_s": 80}]
    assert order(Capacity(discipline="deadline"), requests) == [0, 3, 4, 2, 1]


def test_each_discipline_looks_only_at_what_it_is_about() -> None:
    requests = [{"priority": -number, "deadline_s": 0.5} for number in range(4)]
    assert order(Capacity(), requests) == [0, 1, 2, 3]


def run(story: Story) -> Any:
    return World().run(story)


async def outcome(waiting: Coroutine[Any, Any, Any]) -> tuple[float, str]:
    """When it ended, and how."""
    try:
        await waiting
    except Exception as error:
        told = str(error) if isinstance(error, Unavailable) and "full" in error.reason else type(error).__name__
        return asyncio.get_running_loop().time(), told
    return asyncio.get_running_loop().time(), "served"


def test_a_full_queue_refuses_at_once_and_says_how_full_it_is() -> None:
    capacity = Capacity(2, queue_limit=1, name="clerks")

    async def main() -> list[tuple[float, str]]:
        return await asyncio.gather(*(outcome(capacity.serve(1)) for _ in range(5)))

    served = [(1, "served"), (1, "served"), (2, "served")]
    full = "clerks was not reached: its queue is full (1 waiting)"
    assert run(main) == [*served, (0, full), (0, full)]


def test_no_queue_at_all_is_a_limit_of_nothing() -> None:
    capacity = Capacity(1, queue_limit=0, name="gate")

    async def main() -> list[tuple[float, str]]:
        return await asyncio.gather(*(outcome(capacity.serve(1)) for _ in range(2)))

    assert run(main) == [(1, "served"), (0, "gate was not reached: its queue is full (0 waiting)")]


def test_who_waits_beyond_its_deadline_is_dropped_at_that_moment() -> None:
    capacity = Capacity(discipline="deadline")

    async def main() -> list[tuple[float, str]]:
        waiting = [capacity.serve(10)] + [capacity.serve(1, deadline_s=at_s) for at_s in (0, 3, 12, 10.5)]
        return await asyncio.gather(*(outcome(each) for each in waiting))

    assert run(main) == [
        (10, "served"),
        (0, "DeadlinePassed"),
        (3, "DeadlinePassed"),
        (12, "served"),
        (11, "served"),
    ]


def test_the_deadline_of_a_call_counts_unless_another_is_given() -> None:
    capacity = Capacity(discipline="deadline")

    async def main() -> list[tuple[float, str]]:
        first = asyncio.ensure_future(outcome(capacity.serve(10)))
        await asyncio.sleep(0)
        with deadline(4):
            second = asyncio.ensure_future(outcome(capacity.serve(1)))
            third = asyncio.ensure_future(outcome(capacity.serve(1, deadline_s=20)))
        return await asyncio.gather(first, second, third)

    assert run(main) == [(10, "served"), (4, "DeadlinePassed"), (11, "served")]


def test_nobody_is_served_after_its_deadline_though_its_node_slept_through_it() -> None:
    world = World()
    capacity = Capacity(discipline="deadline")

    async def main() -> tuple[float, str]:
        first = asyncio.ensure_future(capacity.serve(10))
        await asyncio.sleep(0)
        node = world.node("a")
        waiting = node.start(outcome(capacity.serve(1, deadline_s=5)))
        await asyncio.sleep(1)
        with node.paused():
            await asyncio.sleep(20)
        await first
        return await waiting

    assert world.run(main) == (21, "DeadlinePassed")
    assert capacity.usage.served == 1


@pytest.mark.parametrize("discipline", ["fifo", "lifo", "priority", "deadline"])
def test_a_cancelled_waiter_leaves_the_queue(discipline: Any) -> None:
    capacity = Capacity(queue_limit=1, discipline=discipline)

    async def main() -> list[tuple[float, str]]:
        first = asyncio.ensure_future(outcome(capacity.serve(2)))
        impatient = asyncio.ensure_future(capacity.serve(5))
        await asyncio.sleep(1)
        impatient.cancel()
        await asyncio.sleep(0)
        return await asyncio.gather(first, outcome(capacity.serve(1)))

    assert run(main) == [(2, "served"), (3, "served")]


def cancelled_as_its_turn_comes(capacity: Capacity, before: bool) -> tuple[float, str]:
    """The second of three is cancelled right *before* the first one leaves, or right after. How does the third fare?"""

    async def main() -> tuple[float, str]:
        async def first() -> None:
            async with capacity.use():
                await asyncio.sleep(1)
                if before:
                    second.cancel()
            second.cancel()

        first_ = asyncio.ensure_future(first())
        second = asyncio.ensure_future(capacity.serve(1))
        third = asyncio.ensure_future(outcome(capacity.serve(1)))
        await first_
        return await third

    return run(main)


def test_who_is_cancelled_when_its_turn_has_just_come_passes_it_on() -> None:
    capacity = Capacity()
    assert cancelled_as_its_turn_comes(capacity, before=False) == (2, "served")
    assert capacity.in_service == 0


def test_who_is_cancelled_in_the_very_step_before_its_turn_is_passed_over() -> None:
    capacity = Capacity()
    assert cancelled_as_its_turn_comes(capacity, before=True) == (2, "served")
    assert (capacity.in_service, capacity.waiting, capacity.usage.abandoned) == (0, 0, 1)


def test_a_service_that_is_cancelled_gives_its_server_back() -> None:
    capacity = Capacity()

    async def main() -> tuple[float, str]:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await capacity.serve(60)
        return await outcome(capacity.serve(1))

    assert run(main) == (2, "served")


def test_a_crash_gives_back_what_the_dead_life_held_and_waited_for() -> None:
    world = World()
    capacity = Capacity(queue_limit=2)

    async def main() -> list[tuple[float, str]]:
        node = world.node("a")
        dying = [node.start(capacity.serve(60)) for _ in range(2)]
        await asyncio.sleep(1)
        living = asyncio.ensure_future(outcome(capacity.serve(1)))
        await asyncio.sleep(1)
        node.crash()
        for future in dying:
            with pytest.raises(NodeCrashed):
                await future
        return [await living, await outcome(capacity.serve(1))]

    assert world.run(main) == [(3, "served"), (4, "served")]
    assert (capacity.in_service, capacity.waiting, capacity.usage.abandoned) == (0, 0, 2)


def test_a_slow_node_serves_slowly() -> None:
    world = World()
    capacity = Capacity()

    async def main() -> float:
        with world.node("a").slow(3):
            await world.node("a").start(capacity.serve(2))
        return world.now_s

    assert world.run(main) == 6


def test_a_simpy_process_may_wait_for_a_server_as_well() -> None:
    world = World()
    capacity = Capacity()
    done: list[float] = []

    def customer() -> Generator[Any, Any, None]:
        yield capacity.serve(2)
        done.append(world.now_s)

    async def main() -> None:
        for _ in range(2):
            world.env.process(customer())
        await asyncio.sleep(10)

    world.run(main)
    assert done == [2, 4]


def test_it_serves_on_asyncios_own_loop_too() -> None:
    capacity = Capacity(queue_limit=1)

    async def main() -> int:
        answers = await asyncio.gather(*(capacity.serve(0) for _ in range(3)), return_exceptions=True)
        return sum(isinstance(answer, Unavailable) for answer in answers)

    assert asyncio.run(main()) == 1
    assert capacity.usage.served == 2


requests = st.lists(
    st.tuples(st.integers(0, 20), st.integers(1, 5), st.integers(0, 3), st.none() | st.integers(1, 30), st.booleans()),
    max_size=25,
)


@given(
    requests,
    st.integers(1, 3),
    st.sampled_from(["fifo", "lifo", "priority", "deadline"]),
    st.none() | st.integers(0, 4),
)
def test_no_server_is_idle_while_somebody_waits_and_none_is_lost(
    comes: list[tuple[int, int, int, int | None, bool]], servers: int, discipline: Any, queue_limit: int | None
) -> None:
    world = World()
    capacity = Capacity(servers, queue_limit=queue_limit, discipline=discipline)
    idle: list[str] = []

    async def one(at_s: int, service_s: int, priority: int, deadline_s: int | None, impatient: bool) -> None:
        await asyncio.sleep(at_s)
        try:
            async with asyncio.timeout(2.5 if impatient else None):
                await capacity.serve(service_s, priority=priority, deadline_s=deadline_s)
        except (TimeoutError, Unavailable):
            pass
        if capacity.waiting and capacity.in_service < servers:
            idle.append(repr(capacity))

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            for each in comes:
                group.create_task(one(*each))

    world.run(main)
    usage = capacity.usage
    left = usage.served + usage.refused + usage.dropped + usage.abandoned
    assert (idle, capacity.in_service, capacity.waiting, usage.arrived, left) == ([], 0, 0, len(comes), len(comes))


def test_many_who_give_up_leave_nothing_in_the_queue() -> None:
    capacity = Capacity(discipline="priority")

    async def main() -> int:
        first = asyncio.ensure_future(capacity.serve(100))
        impatient = [asyncio.ensure_future(capacity.serve(1)) for _ in range(1000)]
        await asyncio.sleep(1)
        for each in impatient:
            each.cancel()
        await asyncio.sleep(1)
        first.cancel()
        return len(capacity._queue._heap)  # type: ignore[attr-defined]

    assert run(main) <= 65


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"servers": 0}, "disk.servers is 0; expected a whole number, at least 1"),
        ({"servers": 1.5}, "disk.servers is 1.5"),
        ({"servers": math.nan}, "disk.servers is nan"),
        ({"queue_limit": -1}, "disk.queue_limit is -1; expected a whole number from 0, or None"),
        ({"discipline": "random"}, "disk.discipline is 'random'; expected one of fifo, lifo, priority, deadline"),
    ],
)
def test_what_could_serve_nobody_is_refused_when_it_is_built(options: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        Capacity(**options, name="disk")
    assert says in str(refused.value)


@pytest.mark.parametrize("asked", [{"service_s": -1}, {"service_s": math.nan}, {"service_s": 1, "priority": math.nan}])
def test_what_could_not_be_ordered_or_done_is_refused_and_counts_nowhere(asked: dict[str, float]) -> None:
    capacity = Capacity(discipline="priority")

    async def main() -> None:
        with pytest.raises(InvalidValue, match=r"of capacity is .*(-1|nan)"):
            await capacity.serve(**asked)

    run(main)
    assert (capacity.usage.arrived, capacity.present) == (0, 0)


def test_a_dropped_request_is_an_unavailable_one() -> None:
    """So retries and sagas know that nothing happened."""
    assert issubclass(DeadlinePassed, Unavailable)
