"""Five ambient questions, and who answers them."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlab import runtime
from eventlab.runtime import EPOCH, IdSource
from eventlab.simulation import World


def test_outside_a_world_the_system_answers() -> None:
    assert abs(runtime.now() - datetime.now(UTC)) < timedelta(minutes=1)
    assert runtime.now().tzinfo is UTC
    assert runtime.current_node() == "local"
    assert not runtime.in_simulation()
    assert runtime.random_stream("a") is runtime.random_stream("a")


def test_plain_threads_may_ask_too() -> None:
    answers: list[object] = []
    thread = threading.Thread(target=lambda: answers.extend([runtime.monotonic(), runtime.new_id()]))
    thread.start()
    thread.join()
    assert len(answers) == 2


def test_inside_a_world_the_world_answers() -> None:
    async def main() -> tuple[datetime, float, str, bool]:
        await asyncio.sleep(90)
        return runtime.now(), runtime.monotonic(), runtime.current_node(), runtime.in_simulation()

    world = World(3)
    answers = world.run(lambda: _on_node(world, "orders", main))
    assert answers == (EPOCH + timedelta(seconds=90), 90, "orders", True)


async def _on_node(world: World, name: str, main):  # type: ignore[no-untyped-def]
    return await world.node(name).start(main)


def test_ids_repeat_for_a_seed_and_are_version_7() -> None:
    async def main() -> list[str]:
        ids = []
        for _ in range(50):
            await asyncio.sleep(0.0003)
            ids.append(runtime.new_id())
        assert all(one.version == 7 and one.variant == "specified in RFC 4122" for one in ids)
        return [str(one) for one in ids]

    first = World(5).run(main)
    assert first == World(5).run(main) == sorted(first)
    assert first != World(6).run(main)


def test_an_id_tells_its_millisecond() -> None:
    made = IdSource(random.Random(1)).next(1_700_000_000.123)
    assert made.int >> 80 == 1_700_000_000_123


@given(st.integers(0, 2**32), st.lists(st.floats(-5, 5), min_size=2, max_size=50))
def test_ids_grow_also_when_the_clock_steps_back(seed: int, steps: list[float]) -> None:
    source, at_s, ids = IdSource(random.Random(seed)), 1_700_000_000.0, []
    for step in steps:
        at_s += step
        ids.append(source.next(at_s))
    assert ids == sorted(set(ids))


def test_ids_grow_on_each_of_several_threads_and_are_all_different() -> None:
    every_s = sys.getswitchinterval()
    made: list[list[int]] = [[] for _ in range(4)]

    def make(ids: list[int]) -> None:
        for _ in range(30_000):
            ids.append(runtime.new_id().int)

    threads = [threading.Thread(target=make, args=(ids,)) for ids in made]
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(every_s)
    assert all(ids == sorted(ids) for ids in made)
    assert len({id_ for ids in made for id_ in ids}) == 4 * 30_000


def test_when_a_millisecond_is_used_up_the_next_one_is_borrowed() -> None:
    source = IdSource(random.Random(1))
    first = source.next(1.0)
    source._high |= 0xFFF << 64
    source._low = (1 << 62) - 1
    second = source.next(1.0)
    assert (first.int >> 80, second.int >> 80, second.version) == (1000, 1001, 7)


def test_a_random_part_that_is_full_goes_on_in_the_one_before_it() -> None:
    source = IdSource(random.Random(1))
    before = source.next(1.0)
    source._low = (1 << 62) - 1
    after = source.next(1.0)
    assert (after.int >> 64) - (before.int >> 64) == 1
    assert (after.version, after.variant) == (before.version, before.variant)


def test_one_more_draw_here_moves_no_draw_there() -> None:
    def draws(extra: int) -> list[float]:
        async def main() -> list[float]:
            for _ in range(extra):
                runtime.random_stream("other").random()
            return [runtime.random_stream("mine").random() for _ in range(5)]

        return World(1).run(main)

    assert draws(0) == draws(7)


def test_each_node_has_streams_of_its_own() -> None:
    async def draw() -> float:
        return runtime.random_stream("backoff").random()

    world = World(1)
    here, there = (world.run(lambda name=name: _on_node(world, name, draw)) for name in "ab")
    assert here != there


def test_on_node_names_the_node_for_the_tasks_of_its_block() -> None:
    async def main() -> tuple[str, str]:
        async def who() -> str:
            return runtime.current_node()

        with runtime.on_node("orders"):
            task = asyncio.create_task(who())
        return await task, runtime.current_node()

    assert asyncio.run(main()) == ("orders", "local")


FORKING = """
import os
from eventlab import runtime

runtime.time.time = lambda: 1e9  # all within one millisecond
runtime.random_stream("jitter"), runtime.new_id()
reading, writing = os.pipe()
child = os.fork()
drawn = f"{runtime.new_id()} {runtime.random_stream('jitter').random()}"
if child:
    os.waitpid(child, 0)
    print(drawn, os.read(reading, 200).decode())
else:
    os.write(writing, drawn.encode())
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_draws_anew() -> None:
    """Else its events have the ids of its parent's, and of all the others that were forked from it."""
    told = subprocess.run([sys.executable, "-c", FORKING], capture_output=True, text=True, check=True)
    assert len(set(told.stdout.split())) == 4
