"""Crashes, pauses, slowness and wrong clocks in any order: nobody acts who should not, and the seed repeats it all."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import ExitStack
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from eventlab import runtime
from eventlab.errors import NodeCrashed
from eventlab.simulation import Capacity, Constant, Exponential, Node, SimulatedStore, World, work_for
from eventlab.store import Leases, MemoryStore

NAMES = ("a", "b")

befalls = st.lists(
    st.tuples(
        st.sampled_from(["crash", "restart", "pause", "resume", "slow", "jump", "drift"]),
        st.sampled_from(NAMES),
        st.integers(0, 4),
    ),
    max_size=25,
)


def befall(node: Node, what: str, slow: dict[str, ExitStack]) -> None:
    """Let it happen to *node* if it can happen now."""
    if what == "crash":
        node.crash()
    elif what == "restart" and not node.is_up:
        node.restart()
    elif what == "pause" and node.is_up:
        node.pause()
    elif what == "resume" and node.is_paused:
        node.resume()
    elif what == "slow":
        slow[node.name].enter_context(node.slow(2))
    elif what == "jump":
        node.clock.jump(-7)
    elif what == "drift":
        node.clock.drift_ppm += 1000


def story(schedule: list[tuple[str, str, int]], *, ready: Any = "fifo") -> tuple[list[Any], list[str], Capacity]:
    """Nodes that work, wait, send and lease while *schedule* befalls them: what they did, and what they should not."""
    world = World(3, ready=ready)
    world.network.set_latency(Exponential(0.5))
    capacity, leases = Capacity(), Leases(SimulatedStore(MemoryStore("locks"), append=Constant(0.3)))
    did: list[Any] = []
    wrong: list[str] = []
    slow = {name: ExitStack() for name in NAMES}

    def act(node: Node, life: Any, what: str) -> None:
        if node.incarnation is not life or life.dead or node.is_paused:
            wrong.append(f"{what} of {life}")
        did.append((world.now_s, life.node, life.number, what, str(runtime.now()), runtime.new_id().hex))

    async def boot(node: Node) -> None:
        life = node.incarnation
        node.spawn(work(node, life))
        node.spawn(read(node, life))
        world.env.process(beat(node, life))

    async def work(node: Node, life: Any) -> None:
        while True:
            await work_for(0.4)
            act(node, life, "worked")
            await capacity.serve(0.3)
            act(node, life, "was served")
            try:
                async with asyncio.timeout(1.5):
                    await leases.acquire(f"of {node.name}", owner=str(life.number), ttl_s=1)
            except Exception as error:
                act(node, life, type(error).__name__)
            world.network.send(node.name, "b" if node.name == "a" else "a", node.name)

    async def read(node: Node, life: Any) -> None:
        while True:
            act(node, life, f"message {await node.inbox.get()}")

    def beat(node: Node, life: Any) -> Generator[Any, Any, None]:
        while True:
            yield world.env.timeout(0.7)
            act(node, life, "beat")

    async def main() -> None:
        for name in NAMES:
            await world.node(name, boot).begin()
        for what, name, after_s in schedule:
            befall(world.node(name), what, slow)
            await asyncio.sleep(after_s)
        for name in NAMES:
            node = world.node(name)
            while node.is_paused:
                node.resume()
            node.crash()
        await asyncio.sleep(5)

    world.run(main)
    for stack in slow.values():
        stack.close()
    return did, wrong, capacity


@given(befalls, st.sampled_from(["fifo", "shuffled"]))
def test_nobody_acts_who_is_dead_or_paused_and_no_server_stays_with_the_dead(
    schedule: list[tuple[str, str, int]], ready: str
) -> None:
    _, wrong, capacity = story(schedule, ready=ready)
    assert (wrong, capacity.in_service, capacity.waiting) == ([], 0, 0)


@given(befalls)
def test_the_same_seed_and_schedule_give_the_same_run(schedule: list[tuple[str, str, int]]) -> None:
    assert story(schedule)[0] == story(schedule)[0]


def test_a_node_that_crashes_itself_while_it_is_paused_is_dead() -> None:
    world = World()

    async def main() -> bool:
        node = world.node("a")

        async def end_it_all() -> None:
            node.pause()
            node.crash()
            await asyncio.sleep(1)

        try:
            await node.start(end_it_all)
        except NodeCrashed:
            return node.is_up
        return True

    assert world.run(main) is False
