"""A paused node loses nothing and is late with everything; the world does not wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlab import hooks
from eventlab.errors import Deadlock, InvalidValue, LeaseLost, NodeCrashed
from eventlab.services import Client
from eventlab.simulation import Constant, Node, Recorder, SimulatedStore, SimulatedTransport, World
from eventlab.simulation.modelled import ModelledService, Work
from eventlab.store import Leases, MemoryStore

Log = list[tuple[float, str]]


def told(story: Callable[[Node, Callable[[str], None]], Any], *, world: World | None = None) -> Log:
    """What the story wrote, with the time of each line; it is told on one node, ``a``."""
    world = world or World()
    log: Log = []
    world.run(story(world.node("a"), lambda line: log.append((world.now_s, line))))
    return log


def test_what_falls_due_in_a_pause_runs_after_it_in_the_order_in_which_it_was_due() -> None:
    async def story(node: Node, write: Callable[[str], None]) -> None:
        async def sleeper(until_s: float) -> None:
            await asyncio.sleep(until_s)
            write(f"woke, due at {until_s:g}")

        async def timers() -> None:
            for at_s in (6, 4.5, 3.5):
                asyncio.get_running_loop().call_at(at_s, write, f"timer, due at {at_s:g}")
            await asyncio.sleep(0)

        for until_s in (5, 4, 3, 1):
            node.spawn(sleeper(until_s))
        node.spawn(timers())
        await asyncio.sleep(2)
        with node.paused():
            await asyncio.sleep(8)
            write("the pause ends")
        await asyncio.sleep(1)

    assert told(story) == [
        (1, "woke, due at 1"),
        (10, "the pause ends"),
        (10, "woke, due at 3"),
        (10, "timer, due at 3.5"),
        (10, "woke, due at 4"),
        (10, "timer, due at 4.5"),
        (10, "woke, due at 5"),
        (10, "timer, due at 6"),
    ]


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 5)), max_size=8), st.integers(0, 20), st.integers(0, 20))
def test_a_pause_delays_and_never_drops(sleeps: list[tuple[int, int]], begins_s: int, lasts_s: int) -> None:
    async def story(node: Node, write: Callable[[str], None]) -> None:
        async def twice(name: int, first_s: int, second_s: int) -> None:
            await asyncio.sleep(first_s)
            await asyncio.sleep(second_s)
            write(str(name))

        for name, (first_s, second_s) in enumerate(sleeps):
            node.spawn(twice(name, first_s, second_s))
        await asyncio.sleep(begins_s + 0.5)
        with node.paused():
            await asyncio.sleep(lasts_s)
        await asyncio.sleep(100)

    def after_the_pause(due_s: float) -> float:
        ends_s = begins_s + 0.5 + lasts_s
        return ends_s if begins_s + 0.5 < due_s < ends_s else due_s

    log = told(story)
    assert sorted(log) == sorted(
        (after_the_pause(after_the_pause(first_s) + second_s), str(name))
        for name, (first_s, second_s) in enumerate(sleeps)
    )


def test_a_node_that_nobody_paused_goes_on() -> None:
    async def story(node: Node, write: Callable[[str], None]) -> None:
        async def beat(name: str) -> None:
            while True:
                await asyncio.sleep(1)
                write(name)

        node.spawn(beat("paused"))
        node.world.node("b").spawn(beat("other"))
        await asyncio.sleep(1.5)
        with node.paused():
            await asyncio.sleep(2)
        await asyncio.sleep(0.1)

    assert told(story) == [(1, "paused"), (1, "other"), (2, "other"), (3, "other"), (3.5, "paused")]


def test_a_message_to_a_paused_node_waits() -> None:
    world = World()
    world.network.set_latency(Constant(1))

    async def story(node: Node, write: Callable[[str], None]) -> None:
        async def read() -> None:
            while True:
                write(await node.inbox.get())

        world.node("b")
        node.spawn(read())
        with node.paused():
            world.network.send("b", "a", "first")
            world.network.send("b", "a", "second")
            await asyncio.sleep(5)
        await asyncio.sleep(1)

    assert told(story, world=world) == [(5, "first"), (5, "second")]


def test_a_call_to_a_paused_node_is_answered_late() -> None:
    world = World(1)
    world.network.set_latency(Constant(1))
    transport = SimulatedTransport(world)
    world.node("front")

    async def story(node: Node, write: Callable[[str], None]) -> None:
        service = ModelledService("a", Client(transport, "a", timeout_s=60), latency=Constant(2))
        transport.serve("a", service.receive)
        with node.paused():
            answer = asyncio.ensure_future(Client(transport, "front", timeout_s=60).call("a", Work("1")))
            await asyncio.sleep(10)
        write(type(await answer).__name__)

    assert told(story, world=world) == [(13, "Done")]


def test_a_timeout_of_a_paused_node_fires_late_and_only_if_nothing_came_before_it() -> None:
    async def story(node: Node, write: Callable[[str], None]) -> None:
        async def wait(what: asyncio.Future[str]) -> None:
            try:
                async with asyncio.timeout(3):
                    write(await what)
            except TimeoutError:
                write("timed out")

        early, late = (asyncio.get_running_loop().create_future() for _ in range(2))
        node.spawn(wait(early))
        node.spawn(wait(late))
        await asyncio.sleep(1)
        with node.paused():
            await asyncio.sleep(1)
            early.set_result("in time")
            await asyncio.sleep(2)
            late.set_result("too late")
            await asyncio.sleep(1)
        await asyncio.sleep(0.1)

    assert told(story) == [(5, "in time"), (5, "timed out")]


def test_a_simpy_process_pauses_with_the_node_that_started_it() -> None:
    async def story(node: Node, write: Callable[[str], None]) -> None:
        env = node.world.env

        def process() -> Generator[Any, Any, None]:
            for _ in range(3):
                yield env.timeout(2)
                write("beat")

        async def begin() -> None:
            env.process(process())

        node.spawn(begin())
        await asyncio.sleep(3)
        with node.paused():
            await asyncio.sleep(4)
        await asyncio.sleep(10)

    assert told(story) == [(2, "beat"), (7, "beat"), (9, "beat")]


def test_pauses_nest() -> None:
    async def story(node: Node, write: Callable[[str], None]) -> None:
        async def sleeper() -> None:
            await asyncio.sleep(1)
            write("woke")

        node.spawn(sleeper())
        await asyncio.sleep(0)
        with node.paused():
            with node.paused():
                await asyncio.sleep(2)
            write("still paused" if node.is_paused else "up again")
            await asyncio.sleep(2)
        await asyncio.sleep(1)

    assert told(story) == [(2, "still paused"), (4, "woke")]


def test_handles_are_asked_whose_they_are_only_while_some_node_is_paused() -> None:
    async def story(node: Node, write: Callable[[str], None]) -> None:
        loop, other = node.world.loop, node.world.node("b")
        seen = [loop.fenced]
        with node.paused():
            with other.paused():
                seen.append(loop.fenced)
            seen.append(loop.fenced)
        seen.append(loop.fenced)
        write(str(seen))

    assert told(story) == [(0, "[False, True, True, False]")]


def test_a_crash_takes_what_a_pause_held_back() -> None:
    async def story(node: Node, write: Callable[[str], None]) -> None:
        async def sleeper() -> None:
            try:
                await asyncio.sleep(1)
            finally:
                write("a line of the dead")

        future = node.start(sleeper)
        await asyncio.sleep(0)
        with node.paused():
            await asyncio.sleep(2)
            node.crash()
            await node.restart()
            write("paused" if node.is_paused else "up")
        with pytest.raises(NodeCrashed):
            await future
        await asyncio.sleep(1)

    assert told(story) == [(2, "up")]


def test_only_a_live_node_is_paused_and_only_a_paused_one_resumed() -> None:
    async def story(node: Node, write: Callable[[str], None]) -> None:
        with pytest.raises(InvalidValue, match=r"node 'a' is 'up'; expected a paused node, to be resumed"):
            node.resume()
        node.crash()
        with pytest.raises(InvalidValue, match=r"node 'a' is 'crashed'; expected a node that is up, to be paused"):
            node.pause()
        with pytest.raises(InvalidValue, match=r"node 'a' is 'crashed'; expected a paused node, to be resumed"):
            node.resume()

    told(story)


def test_who_waits_for_a_paused_node_for_ever_is_told_of_the_pause() -> None:
    async def story(node: Node, write: Callable[[str], None]) -> None:
        future = node.start(asyncio.sleep(1))
        await asyncio.sleep(0)
        node.pause()
        await future

    with pytest.raises(Deadlock, match="is held back: node a is paused"):
        told(story)


def test_a_lease_runs_out_in_a_pause_and_its_token_unmasks_the_old_owner() -> None:
    """Kleppmann's story: whoever wakes up still believes in its lease, and the fence knows better."""
    world = World()
    leases = Leases(SimulatedStore(MemoryStore("locks")))

    async def story(node: Node, write: Callable[[str], None]) -> None:
        async def old_owner() -> None:
            lease = await leases.acquire("file", owner="a", ttl_s=10)
            await asyncio.sleep(2)  # the pause falls in here
            write(f"writes with token {lease.token}")
            try:
                await leases.write(lease, "old")
            except LeaseLost:
                write("was overtaken")

        async def new_owner() -> None:
            await asyncio.sleep(15)
            lease = await leases.acquire("file", owner="b", ttl_s=10)
            await leases.write(lease, f"new, with token {lease.token}")

        node.spawn(old_owner())
        world.node("b").spawn(new_owner())
        await asyncio.sleep(1)
        with node.paused():
            await asyncio.sleep(19)
        await asyncio.sleep(1)
        found = await leases.get("file")
        assert found is not None
        write(found.value)

    assert [line for _, line in told(story, world=world)] == [
        "writes with token 1",
        "was overtaken",
        "new, with token 2",
    ]


def test_a_shuffled_world_loses_nothing_in_a_pause_either() -> None:
    async def story(node: Node, write: Callable[[str], None]) -> None:
        async def sleeper(number: int) -> None:
            await asyncio.sleep(1)
            write(str(number))

        for number in range(6):
            node.spawn(sleeper(number))
        await asyncio.sleep(0.5)
        with node.paused():
            await asyncio.sleep(2)
        await asyncio.sleep(0.1)

    log = told(story, world=World(3, ready="shuffled"))
    assert sorted(log) == [(2.5, str(number)) for number in range(6)]


def test_pauses_and_slowness_are_recorded() -> None:
    recorder = Recorder()

    async def story(node: Node, write: Callable[[str], None]) -> None:
        with node.paused(), node.paused():
            await asyncio.sleep(1)
        with node.slow(2), node.slow(3):
            await asyncio.sleep(1)

    with recorder.recording():
        told(story)
    assert [(entry.at, entry.what) for entry in recorder.entries] == [
        (0, hooks.NodeChanged("a", "paused", 1)),
        (1, hooks.NodeChanged("a", "resumed", 1)),
        (1, hooks.NodeChanged("a", "slowed", 1, 2)),
        (1, hooks.NodeChanged("a", "slowed", 1, 6)),
        (2, hooks.NodeChanged("a", "slowed", 1, 2)),
        (2, hooks.NodeChanged("a", "restored", 1)),
    ]
