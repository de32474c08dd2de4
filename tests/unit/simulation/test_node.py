"""A crash is silence; a restart is another life."""

from __future__ import annotations

import asyncio
import gc

import pytest

from eventlab import hooks, runtime
from eventlab.errors import InvalidValue, NodeCrashed
from eventlab.simulation import Constant, Node, Recorder, World


def test_no_line_of_a_crashed_node_runs() -> None:
    world = World()
    log: list[str] = []

    async def victim() -> None:
        try:
            await asyncio.sleep(10)
            log.append("woke")
        except BaseException:
            log.append("caught")
            raise
        finally:
            log.append("finally")

    async def main() -> None:
        node = world.node("a")
        future = node.start(victim)
        node.spawn(victim())
        await asyncio.sleep(1)
        node.crash()
        gc.collect()
        with pytest.raises(NodeCrashed):
            await future
        await asyncio.sleep(60)

    world.run(main)
    assert log == []


def test_a_thousand_tasks_die_together_and_leave_no_timer() -> None:
    world = World()
    woke: list[int] = []

    async def sleeper(number: int) -> None:
        await asyncio.sleep(100)
        woke.append(number)

    async def main() -> int:
        node = world.node("a")
        for number in range(1000):
            node.spawn(sleeper(number))
        await asyncio.sleep(1)
        node.crash()
        return len(world.env._queue)

    assert world.run(main) == 0
    assert woke == []


def test_what_a_dead_task_waited_for_does_not_wake_it() -> None:
    world = World()
    log: list[str] = []

    async def main() -> None:
        node, gate = world.node("a"), asyncio.Event()

        async def waiter() -> None:
            await gate.wait()
            log.append("passed the gate")

        node.spawn(waiter())
        await asyncio.sleep(1)
        node.crash()
        gate.set()
        await asyncio.sleep(1)

    world.run(main)
    assert log == []


def test_a_restart_runs_boot_in_a_new_life() -> None:
    world = World()
    log: list[tuple[float, int, str]] = []

    async def boot(node: Node) -> None:
        log.append((runtime.monotonic(), node.incarnation.number, runtime.current_node()))

    async def main() -> None:
        node = world.node("a", boot)
        await node.start(boot(node))
        node.crash()
        await asyncio.sleep(5)
        await node.restart()

    world.run(main)
    assert log == [(0, 1, "a"), (5, 2, "a")]


def test_only_a_crashed_node_is_restarted_and_only_a_live_one_starts_tasks() -> None:
    world = World()

    async def main() -> None:
        node = world.node("a")
        with pytest.raises(InvalidValue, match="crash it first"):
            node.restart()
        node.crash()
        with pytest.raises(NodeCrashed):
            node.spawn(asyncio.sleep(1))

    world.run(main)


def test_a_boot_is_a_function_that_gives_a_coroutine() -> None:
    world = World(1)

    async def begin() -> None:
        await world.node("a", lambda node: None).begin()  # type: ignore[arg-type, return-value]

    with pytest.raises(
        InvalidValue, match=r"boot of node 'a' returned is None; expected a coroutine, as `async def boot"
    ):
        world.run(begin)
    boot = asyncio.sleep(0)
    with pytest.raises(InvalidValue, match=r"world.node\('b'\).boot is <coroutine .*; expected a function"):
        world.node("b", boot)  # type: ignore[arg-type]
    boot.close()


def test_messages_outlive_their_sender() -> None:
    world = World()
    world.network.set_latency(Constant(2))

    async def main() -> tuple[str, float]:
        sender, receiver = world.node("a"), world.node("b")
        world.network.send("a", "b", "last words")
        await asyncio.sleep(1)
        sender.crash()
        return await receiver.inbox.get(), world.now_s

    assert world.run(main) == ("last words", 2)


def test_what_reaches_a_crashed_node_is_lost() -> None:
    world = World()
    world.network.set_latency(Constant(2))

    async def main() -> int:
        world.node("a")
        receiver = world.node("b")
        world.network.send("a", "b", "too late")
        receiver.crash()
        await asyncio.sleep(1)
        await receiver.restart()
        receiver.crash()
        await asyncio.sleep(5)
        await receiver.restart()
        return len(receiver.inbox)

    assert world.run(main) == 0


def test_what_had_arrived_at_a_crashed_node_and_was_not_taken_is_lost() -> None:
    world = World()
    world.network.set_latency(Constant(1))

    async def main() -> tuple[int, int]:
        world.node("a")
        receiver = world.node("b")
        world.network.send("a", "b", "arrived, not taken")
        await asyncio.sleep(2)
        before = len(receiver.inbox)
        receiver.crash()
        await receiver.restart()
        return before, len(receiver.inbox)

    assert world.run(main) == (1, 0)


def test_a_future_of_start_gives_result_error_and_cancellation() -> None:
    world = World()

    async def fails() -> None:
        raise ZeroDivisionError("on the node")

    async def main() -> None:
        node = world.node("a")
        assert await node.start(asyncio.sleep(1, "done")) == "done"
        with pytest.raises(ZeroDivisionError):
            await node.start(fails)

    world.run(main)


def test_crash_and_restart_are_recorded_with_the_life() -> None:
    world = World()
    recorder = Recorder()

    async def main() -> None:
        node = world.node("a")
        await asyncio.sleep(1)
        node.crash()
        await asyncio.sleep(1)
        await node.restart()

    with recorder.recording():
        world.run(main)
    assert [(entry.at, entry.what) for entry in recorder.entries] == [
        (1, hooks.NodeChanged("a", "crashed", 1)),
        (2, hooks.NodeChanged("a", "up", 2)),
    ]


def test_closing_a_world_runs_cleanup_only_when_nothing_is_recorded() -> None:
    recorder = Recorder()
    seen: list[int] = []

    async def victim() -> None:
        try:
            await asyncio.sleep(100)
        finally:
            seen.append(len(recorder))

    async def main(world: World) -> None:
        world.node("a").spawn(victim())
        await asyncio.sleep(1)
        world.node("a").crash()

    with World() as world:
        with recorder.recording():
            world.run(main(world))
        assert seen == []
    assert seen == [1]


def test_a_closed_world_runs_nothing_any_more() -> None:
    ran: list[str] = []

    async def main() -> None:
        ran.append("a line")

    world = World()
    world.close()
    for again in (main, main()):
        with pytest.raises(InvalidValue, match="the world is 'closed'; expected one that is still open"):
            world.run(again)
    assert ran == []
