"""asyncio and SimPy in one deterministic order."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import threading
from collections.abc import AsyncIterator, Generator
from typing import Any

import pytest
import simpy

from eventlab import runtime
from eventlab.errors import Deadlock, NotSimulated, WorldReentered
from eventlab.simulation import World


def test_an_hour_of_sleep_takes_no_time() -> None:
    async def main() -> float:
        await asyncio.sleep(3600)
        return runtime.monotonic()

    assert World().run(main) == 3600


def test_asyncio_and_simpy_interleave_by_time_then_by_age() -> None:
    log: list[tuple[float, str]] = []
    world = World()

    def clock(name: str, every: float) -> Generator[simpy.Event, Any, None]:
        for _ in range(2):
            yield world.env.timeout(every)
            log.append((world.env.now, name))

    async def ticker(name: str, every: float) -> None:
        for _ in range(2):
            await asyncio.sleep(every)
            log.append((world.env.now, name))

    async def main() -> None:
        world.env.process(clock("simpy", 2))
        await asyncio.gather(ticker("asyncio", 2), ticker("asyncio, faster", 1))

    world.run(main)
    assert log == [
        (1, "asyncio, faster"),
        (2, "asyncio"),
        (2, "simpy"),
        (2, "asyncio, faster"),
        (4, "asyncio"),
    ]


def test_a_simpy_event_can_be_awaited() -> None:
    world = World()

    async def main() -> tuple[str, float]:
        value: str = await world.env.timeout(5, value="rang")  # type: ignore[misc]
        return value, world.env.now

    assert world.run(main) == ("rang", 5)


def test_an_event_that_is_over_is_not_waited_for() -> None:
    world = World()

    async def main() -> tuple[str, float]:
        event = world.env.timeout(1, value="rang")
        await asyncio.sleep(3)
        return await event, world.env.now  # type: ignore[misc]

    assert world.run(main) == ("rang", 3)


def test_a_failed_event_raises_at_the_waiter() -> None:
    world = World()

    async def main() -> None:
        event = world.env.event()
        event.fail(ZeroDivisionError("planned"))
        with pytest.raises(ZeroDivisionError, match="planned"):
            await event  # type: ignore[misc]

    world.run(main)


def test_a_cancelled_waiter_leaves_no_callback_behind() -> None:
    world = World()

    async def main() -> simpy.Event:
        event = world.env.event()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                await event  # type: ignore[misc]
        return event

    assert world.run(main).callbacks == []


def test_a_coroutine_can_be_yielded_from_a_simpy_process() -> None:
    world = World()
    log: list[object] = []

    async def fetch() -> str:
        await asyncio.sleep(3)
        return "fetched"

    async def fail() -> None:
        raise KeyError("no such thing")

    def process() -> Generator[Any, Any, None]:
        log.append(((yield fetch()), world.env.now))
        try:
            yield fail()
        except KeyError as error:
            log.append(error.args)

    async def main() -> None:
        await world.env.process(process())  # type: ignore[misc]

    world.run(main)
    assert log == [("fetched", 3), ("no such thing",)]


def test_a_simpy_resource_serves_coroutines_and_processes_in_one_queue() -> None:
    world = World()
    log: list[tuple[float, str]] = []
    server = simpy.Resource(world.env, capacity=1)

    def process() -> Generator[simpy.Event, Any, None]:
        with server.request() as request:
            yield request
            yield world.env.timeout(2)
            log.append((world.env.now, "process"))

    async def customer(name: str) -> None:
        with server.request() as request:
            await request  # type: ignore[misc]
            await asyncio.sleep(2)
            log.append((world.env.now, name))

    async def main() -> None:
        first = asyncio.create_task(customer("first"))
        await asyncio.sleep(1)
        world.env.process(process())
        await asyncio.sleep(0.5)
        await customer("last")
        await first

    world.run(main)
    assert log == [(2, "first"), (4, "process"), (6, "last")]


def test_an_exception_of_an_unwatched_process_ends_the_run() -> None:
    world = World()

    def process() -> Generator[simpy.Event, Any, None]:
        yield world.env.timeout(1)
        raise ZeroDivisionError("in a process")

    async def main() -> None:
        world.env.process(process())
        await asyncio.sleep(2)

    with pytest.raises(ZeroDivisionError, match="in a process"):
        world.run(main)


def test_cancelled_timers_leave_nothing_behind() -> None:
    world = World()

    async def main() -> int:
        for _ in range(10_000):
            async with asyncio.timeout(3600):
                await asyncio.sleep(0)
        return len(world.env._queue)

    assert world.run(main) <= 130
    assert world.env.now == 0


@pytest.mark.parametrize("by_crash", [False, True])
def test_after_a_purge_timers_still_fire_by_time_then_by_age(by_crash: bool) -> None:
    world = World()
    fired: list[tuple[int, int]] = []
    chance = runtime.seeded(7, "purge")
    due = [(chance.randrange(1, 100), number) for number in range(400)]
    doomed = {number for _, number in due if chance.random() < 0.6}

    async def main() -> int:
        loop, node = asyncio.get_running_loop(), world.node("a")
        timers = [
            loop.call_later(at, fired.append, (at, number), context=node._context if number in doomed else None)
            for at, number in due
        ]
        if by_crash:
            node.crash()
        else:
            for number in sorted(doomed):
                timers[number].cancel()
        left = len(world.env._queue)
        await asyncio.sleep(100)
        return left

    assert world.run(main) < len(due)  # there was a purge
    assert fired == sorted(timer for timer in due if timer[1] not in doomed)


def test_a_timer_that_has_fired_may_be_cancelled_without_being_counted() -> None:
    world = World()

    async def main() -> int:
        loop = asyncio.get_running_loop()
        handles = [loop.call_later(1, lambda: None) for _ in range(200)]
        await asyncio.sleep(2)
        for handle in handles:
            handle.cancel()
        return world.loop._dead_timers

    assert world.run(main) == 0


def test_a_timer_that_is_never_due_does_not_drag_the_clock() -> None:
    world = World()

    async def main() -> None:
        async with asyncio.timeout(5):
            await asyncio.sleep(float("inf"))

    with pytest.raises(TimeoutError):
        world.run(main)
    assert world.now_s == 5


def _finish_order(world: World) -> list[object]:
    """The order in which asyncio's set-keeping constructs hand out tasks and futures."""

    async def one(number: int) -> int:
        await asyncio.sleep(1)
        return number

    async def main() -> list[object]:
        ballast = [object() for _ in range(runtime.random_stream("ballast").randrange(1000))]
        seen: list[object] = []
        done, _ = await asyncio.wait([asyncio.create_task(one(n)) for n in range(40)])
        seen += [task.result() for task in done]
        futures = [asyncio.get_running_loop().create_future() for _ in range(40)]
        for number, future in enumerate(futures):
            future.set_result(number)
        done_futures, _ = await asyncio.wait(futures)
        seen += [future.result() for future in done_futures]
        seen += [await next_done for next_done in asyncio.as_completed([one(n) for n in range(40)])]
        own_set = {asyncio.create_task(one(n)) for n in range(40)}
        seen += [await task for task in own_set]
        cancelled: list[str] = []

        async def mourned(name: str) -> None:
            try:
                await asyncio.sleep(9)
            except asyncio.CancelledError:
                cancelled.append(name)
                raise

        with contextlib.suppress(ExceptionGroup):
            async with asyncio.TaskGroup() as group:
                for n in range(40):
                    group.create_task(mourned(str(n)))
                await asyncio.sleep(1)
                raise ValueError("end the group")
        del ballast
        return seen + cancelled

    return world.run(main)


def test_sets_of_tasks_have_one_order() -> None:
    orders = {tuple(_finish_order(World(seed))) for seed in range(12)}
    assert len(orders) == 1


def test_asyncio_alone_has_several_orders() -> None:
    """The naive twin: without the ordered sets the same program gives another order now and then."""

    async def one(number: int) -> int:
        return number

    async def main() -> tuple[int, ...]:
        tasks = [asyncio.create_task(one(n)) for n in range(40)]
        done, _ = await asyncio.wait(tasks)
        return tuple(task.result() for task in done)

    keep = []
    orders = set()
    for size in range(50):
        keep.append([object() for _ in range(size * 37)])
        orders.add(asyncio.run(main()))
    assert len(orders) > 1


def test_garbage_is_collected_at_the_same_point_of_every_run() -> None:
    def run(allocate_before: int) -> list[float]:
        closed: list[float] = []

        async def numbers() -> AsyncIterator[int]:
            try:
                while True:
                    yield 1
            finally:
                closed.append(runtime.monotonic())

        async def leak() -> None:
            agen = numbers()
            cycle: list[object] = [agen]
            cycle.append(cycle)
            await agen.__anext__()

        async def main() -> None:
            for _ in range(30):
                await leak()
            for _ in range(60_000):
                await asyncio.sleep(0.001)

        ballast = [[] for _ in range(allocate_before)]  # type: ignore[var-annotated]
        World().run(main)
        del ballast
        return closed

    first = run(0)
    assert len(first) == 30
    assert run(5_000) == first


def test_automatic_collection_is_off_inside_and_on_again_after() -> None:
    async def main() -> bool:
        return gc.isenabled()

    assert World().run(main) is False
    assert gc.isenabled()


def _race(world: World) -> list[str]:
    order: list[str] = []

    async def racer(name: str) -> None:
        await asyncio.sleep(1)
        order.append(name)

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            for name in "abcdef":
                group.create_task(racer(name))

    world.run(main)
    return order


def test_shuffled_tasks_run_in_an_order_of_the_seed() -> None:
    assert _race(World(1, ready="shuffled")) == _race(World(1, ready="shuffled"))
    assert len({tuple(_race(World(seed, ready="shuffled"))) for seed in range(10)}) > 5
    assert _race(World(1)) == list("abcdef")


def test_shuffling_keeps_callbacks_in_their_order() -> None:
    async def main() -> list[int]:
        log: list[int] = []
        for number in range(20):
            asyncio.get_running_loop().call_soon(log.append, number)
        await asyncio.sleep(1)
        return log

    assert World(3, ready="shuffled").run(main) == list(range(20))


def test_when_nothing_can_run_again_it_says_who_waits_for_what() -> None:
    world = World()

    async def starved() -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        await asyncio.create_task(starved(), name="the starved one")

    with pytest.raises(Deadlock) as caught:
        world.run(main)
    first, second = caught.value.waiting
    assert "main at test_loop.py" in first
    assert "waits for task the starved one" in first
    assert "the starved one at locks.py" in second
    assert "waits for a Future that nobody resolves" in second


def test_run_in_executor_and_to_thread_run_inline() -> None:
    async def main() -> tuple[int, bool]:
        loop = asyncio.get_running_loop()
        in_executor = await loop.run_in_executor(None, threading.get_ident)
        in_thread = await asyncio.to_thread(threading.get_ident)
        return in_executor, in_executor == in_thread

    assert World().run(main) == (threading.get_ident(), True)


@pytest.mark.parametrize(
    ("way_out", "instead"),
    [
        (lambda: asyncio.open_connection("127.0.0.1", 80), "SimulatedTransport"),
        (lambda: asyncio.start_server(lambda r, w: None, "127.0.0.1", 0), "SimulatedHttpTransport"),
        (lambda: asyncio.create_subprocess_exec("true"), "world.node"),
        (lambda: asyncio.create_subprocess_shell("true"), "world.node"),
    ],
)
def test_ways_out_of_the_world_say_what_to_use_instead(way_out: Any, instead: str) -> None:
    async def main() -> None:
        await way_out()

    with pytest.raises(NotSimulated, match=instead):
        World().run(main)


def test_threads_and_signals_are_refused() -> None:
    async def start_thread() -> None:
        threading.Thread(target=print).start()

    async def handle_signal() -> None:
        asyncio.get_running_loop().add_signal_handler(2, print)

    with pytest.raises(NotSimulated, match="asyncio tasks"):
        World().run(start_thread)
    with pytest.raises(NotSimulated, match="KeyboardInterrupt"):
        World().run(handle_signal)
    thread = threading.Thread(target=lambda: None)
    thread.start()
    thread.join()


def test_a_world_is_not_run_from_inside_itself() -> None:
    world = World()

    async def main() -> None:
        world.run(main)

    with pytest.raises(WorldReentered):
        world.run(main)


def test_a_world_runs_inside_a_running_loop_as_in_a_notebook_cell() -> None:
    async def inner() -> str:
        await asyncio.sleep(60)
        task = asyncio.current_task()
        assert task is not None
        return task.get_name()

    async def cell() -> tuple[str, bool]:
        before = asyncio.current_task()
        result = World().run(inner)
        await asyncio.sleep(0)
        return result, asyncio.current_task() is before

    assert asyncio.run(cell()) == ("main", True)


def test_a_world_may_run_in_another_world() -> None:
    async def inner() -> float:
        await asyncio.sleep(60)
        return runtime.monotonic()

    async def outer() -> tuple[float, float]:
        await asyncio.sleep(1)
        return World().run(inner), runtime.monotonic()

    assert World().run(outer) == (60, 1)


def test_a_world_goes_on_where_it_stood() -> None:
    world = World()
    ticks: list[float] = []

    async def tick() -> None:
        while True:
            await asyncio.sleep(1)
            ticks.append(world.now_s)

    async def begin() -> None:
        world.spawn(tick(), name="ticker")
        await asyncio.sleep(2.5)

    world.run(begin)
    world.run(asyncio.sleep(1))
    assert ticks == [1, 2, 3]
    world.close()


def test_keyboard_interrupt_comes_through_at_once() -> None:
    async def main() -> None:
        await asyncio.sleep(1)
        raise KeyboardInterrupt

    world = World()
    with pytest.raises(KeyboardInterrupt):
        world.run(main)
    assert world.now_s == 1


@pytest.mark.parametrize("ready", ["fifo", "shuffled"])
def test_ctrl_c_raises_between_two_steps_and_the_world_can_go_on(ready: Any) -> None:
    world, steps = World(1, ready=ready), []

    async def main() -> None:
        for step in range(10):
            if step == 3:
                signal.raise_signal(signal.SIGINT)
                steps.append("the step is finished first")
            await asyncio.sleep(1)
            steps.append(step)

    with pytest.raises(KeyboardInterrupt):
        world.run(main)
    assert steps == [0, 1, 2, "the step is finished first"]
    world.run(asyncio.sleep(3.5))
    assert steps[4:] == [3, 4, 5]


def test_an_interrupt_in_the_last_step_ends_this_run_and_not_the_next() -> None:
    world = World()

    async def last_words() -> None:
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        world.run(last_words)
    world.run(asyncio.sleep(1))


def test_a_second_ctrl_c_ends_a_step_that_does_not_end() -> None:
    async def stubborn() -> None:
        for _ in range(2):
            signal.raise_signal(signal.SIGINT)
        raise AssertionError("not reached")

    with pytest.raises(KeyboardInterrupt):
        World().run(stubborn)
