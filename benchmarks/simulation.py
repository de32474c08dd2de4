"""The simulated world beside bare SimPy: a timer, a message between two nodes, and what an event leaves behind."""

from __future__ import annotations

import asyncio
import random
import tracemalloc
from collections.abc import Callable, Generator, Iterator
from typing import Any

import simpy

from benchmarks.harness import Goal, Row, Sample, fact, main, measure, per_unit, skipped
from benchmarks.peers import happysim_message, simloop_message
from eventlab.simulation import Capacity, Exponential, Recorder, World

EVENTS = 50_000
CUSTOMERS = 20_000
WORLDS = 500
LATENCY_S = 0.002


def simpy_timeout() -> float:
    """A process that waits for one bare timeout after another."""
    env = simpy.Environment()

    def process() -> Generator[simpy.Event, Any, None]:
        for _ in range(EVENTS):
            yield env.timeout(1)

    env.process(process())
    return per_unit(env.run, EVENTS)


def asyncio_sleep() -> float:
    """A coroutine that sleeps again and again in a world."""

    async def sleeper() -> None:
        for _ in range(EVENTS):
            await asyncio.sleep(1)

    world = World()
    return per_unit(lambda: world.run(sleeper), EVENTS)


def simpy_message() -> float:
    """A ball thrown to and fro: a Store at each end, a process for each throw."""
    env = simpy.Environment()
    chance = random.Random(1)
    here, there = simpy.Store(env), simpy.Store(env)

    def throw(target: simpy.Store, ball: str) -> Generator[simpy.Event, Any, None]:
        yield env.timeout(chance.expovariate(1 / LATENCY_S))
        yield target.put(ball)

    def echo() -> Generator[simpy.Event, Any, None]:
        while True:
            ball = yield there.get()
            env.process(throw(here, ball))

    def play() -> Generator[simpy.Event, Any, None]:
        for _ in range(EVENTS // 2):
            env.process(throw(there, "ball"))
            yield here.get()

    env.process(echo())
    return per_unit(lambda: env.run(env.process(play())), EVENTS)


def message() -> float:
    """The same ball between two nodes over the simulated network."""
    world = World(1)
    world.network.set_latency(Exponential(LATENCY_S))
    here, there = world.node("here"), world.node("there")
    send = world.network.send

    async def echo() -> None:
        while True:
            send("there", "here", await there.inbox.get())

    async def play() -> None:
        there.spawn(echo())
        for _ in range(EVENTS // 2):
            send("here", "there", "ball")
            await here.inbox.get()

    return per_unit(lambda: world.run(play), EVENTS)


def recorded_message() -> float:
    """The same ball, and everything is written down."""
    with Recorder().recording():
        return message()


def growth_per_event(recorder: Recorder) -> float:
    """Bytes that stay behind for each event between 10⁵ and 10⁶ of them: sleeps, cancelled timers and messages."""
    with recorder.recording():
        return _growth_per_event()


def _growth_per_event() -> float:
    world = World(1)
    world.network.set_latency(Exponential(LATENCY_S))
    node = world.node("here")
    sizes: list[int] = []

    async def busy() -> None:
        for number in range(0, 1_000_000, 3):
            if number == 99_999:
                sizes.append(tracemalloc.get_traced_memory()[0])
            world.network.send("here", "here", "ball")
            async with asyncio.timeout(3600):
                await node.inbox.get()
            await asyncio.sleep(0.001)
        sizes.append(tracemalloc.get_traced_memory()[0])

    tracemalloc.start()
    try:
        world.run(busy)
    finally:
        tracemalloc.stop()
    return (sizes[1] - sizes[0]) / 900_000


def simpy_customer() -> float:
    """M/M/1 as SimPy's own documentation would write it: a Resource, and a process for each customer."""
    env = simpy.Environment()
    chance = random.Random(1)
    server = simpy.Resource(env, 1)

    def customer(service_s: float) -> Generator[simpy.Event, Any, None]:
        with server.request() as request:
            yield request
            yield env.timeout(service_s)

    def source() -> Generator[simpy.Event, Any, None]:
        for _ in range(CUSTOMERS):
            yield env.timeout(chance.expovariate(0.8))
            env.process(customer(chance.expovariate(1)))

    env.process(source())
    return per_unit(env.run, CUSTOMERS)


def customer() -> float:
    """The same queue as a Capacity, with a task for each customer."""
    world = World(1)
    chance = random.Random(1)
    server = Capacity()

    async def source() -> None:
        async with asyncio.TaskGroup() as customers:
            for _ in range(CUSTOMERS):
                await asyncio.sleep(chance.expovariate(0.8))
                customers.create_task(server.serve(chance.expovariate(1)))

    return per_unit(lambda: world.run(source), CUSTOMERS)


def five_nodes() -> float:
    """A world with five nodes, run for no time and closed: what each example of a property test pays."""

    async def nothing() -> None:
        pass

    def build() -> None:
        for seed in range(WORLDS):
            with World(seed) as world:
                for name in "abcde":
                    world.node(name)
                world.run(nothing)

    return per_unit(build, WORLDS)


def beside_peer(name: str, theirs: Callable[[int, float], float], at_most: float) -> Row:
    """A message beside a peer's; its row is skipped where the peer is not installed."""
    row = f"simulation/message, {name}"
    try:
        theirs(10, LATENCY_S)
    except ImportError:
        return skipped(row, "µs", f"{name} is not installed; it needs Python 3.13 and the extra bench")
    limit = Sample(lambda: theirs(EVENTS // 5, LATENCY_S), collects=True)
    return measure(row, Sample(message, collects=True), name, limit, goal=Goal(at_most))


def rows() -> Iterator[Row]:
    bare = Sample(simpy_timeout)
    yield measure(
        "simulation/message",
        Sample(message, collects=True),
        "simpy Store and process",
        Sample(simpy_message, collects=True),
        goal=Goal(0.6),
    )
    yield beside_peer("happysim", happysim_message, 0.3)
    yield beside_peer("simloop", simloop_message, 0.6)
    yield measure("simulation/sleep", Sample(asyncio_sleep, collects=True), "simpy timeout", bare, goal=Goal(4))
    yield measure(
        "simulation/recorded message",
        Sample(recorded_message, collects=True),
        "not recorded",
        Sample(message, collects=True),
        goal=Goal(1.6),
    )
    yield measure(
        "simulation/M/M/1 customer",
        Sample(customer, collects=True),
        "simpy Resource and process",
        Sample(simpy_customer, collects=True),
        goal=Goal(2.5),
    )
    yield measure("simulation/world of five nodes", Sample(five_nodes), "simpy timeout", bare, goal=Goal(500))
    yield fact("simulation/growth", growth_per_event(Recorder(limit=0)), "B", goal=Goal(1))
    yield fact("simulation/growth, recorder bounded", growth_per_event(Recorder(limit=1000)), "B", goal=Goal(1))


if __name__ == "__main__":
    main(rows)
