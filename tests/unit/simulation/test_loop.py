"""asyncio and SimPy in one deterministic order."""

from __future__ import annotations

import _thread
import asyncio
import contextlib
import multiprocessing
import os
import socket
import threading
from collections.abc import Generator
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest
import simpy

from eventlab import runtime
from eventlab.errors import Deadlock, NotSimulated
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
    assert "(asyncio's Event.wait) waits for a Future that nobody resolves" in second
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


@pytest.mark.parametrize(
    ("way_out", "instead"),
    [
        (lambda: socket.create_connection(("127.0.0.1", 9)), "SimulatedTransport"),
        (lambda: socket.socket().connect(("127.0.0.1", 9)), "SimulatedTransport"),
        (lambda: socket.socket().connect_ex(("127.0.0.1", 9)), "SimulatedTransport"),
        (lambda: socket.gethostbyname("localhost"), "SimulatedTransport"),
        (lambda: socket.gethostbyaddr("127.0.0.1"), "SimulatedTransport"),
        (lambda: os.fork() or os._exit(0), "world.node"),
        (lambda: os.posix_spawn("/bin/true", ["true"], {}), "world.node"),
        (lambda: multiprocessing.get_context("fork").Process(target=print).start(), "world.node"),
        (lambda: multiprocessing.get_context("spawn").Process(target=print).start(), "world.node"),
        (lambda: ProcessPoolExecutor(1).submit(os.getpid).result(), "world.node"),
        (lambda: _thread.start_new_thread(print, ()), "asyncio tasks"),
    ],
)
def test_the_real_network_and_processes_are_out_of_reach(way_out: Any, instead: str) -> None:
    """A pool of processes that was let begin would keep this one from ending."""

    async def main() -> None:
        way_out()

    outside = socket.socket.connect, os.fork, _thread.start_new_thread
    with pytest.raises(NotSimulated, match=instead):
        World().run(main)
    assert (socket.socket.connect, os.fork, _thread.start_new_thread) == outside
    assert "connect" not in vars(socket.socket)


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
