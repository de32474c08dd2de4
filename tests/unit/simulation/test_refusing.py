"""What could not work is refused when it is set, in words that name it and its value."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

from eventlab.errors import InvalidValue
from eventlab.simulation import PCT, Empirical, Link, Recorder, SimulatedStore, World
from eventlab.simulation.workload import Replay
from eventlab.store import MemoryStore


def world_of_two() -> World:
    world = World()
    world.node("a")
    world.node("b")
    return world


async def _late(when_s: float) -> None:
    async with asyncio.timeout(when_s):
        await asyncio.sleep(1)


SLEEP = "nan" if sys.version_info < (3, 13) else "NaN"
"""asyncio itself refuses it since Python 3.13, as a ValueError that is not ours."""

REFUSED: list[tuple[Any, str]] = [
    (lambda world: world.network.set_link("a", "b", 0.5), "link from a to b is 0.5; expected a Link"),
    (lambda world: setattr(world.network.links, "default", 5), "links.default is 5; expected a Link"),
    (lambda world: setattr(world.network, "cuts_seen_as", "bogus"), "cuts_seen_as is 'bogus'"),
    (lambda world: world.network.send("zz", "a", 1), "Network.send source is 'zz'; expected one of the nodes a, b"),
    (lambda world: world.network.send("a", "zz", 1), "Network.send target is 'zz'; expected one of the nodes a, b"),
    (lambda world: world.network.send("a", "b", 1, size_bytes=-1), "Network.send size_bytes is -1"),
    (lambda world: world.network.use("REGIONS"), "preset of the network is 'REGIONS'; expected a Preset"),
    (lambda world: world.network.isolate("zz"), "node to isolate is 'zz'; expected one of the nodes a, b"),
    (lambda world: world.network.majorities_ring(["a", "b", "q"]), "node of the majorities ring is 'q'"),
    (lambda world: SimulatedStore(MemoryStore("m"), append=0.1), "SimulatedStore.append of 'm' is 0.1"),
    (lambda world: SimulatedStore(MemoryStore("m"), read=1), "SimulatedStore.read of 'm' is 1; expected a distrib"),
    (lambda world: Link(loss="5%"), "Link.loss is '5%'; expected a probability"),
    (lambda world: Link(bandwidth_bytes_s="1M"), "Link.bandwidth_bytes_s is '1M'"),
    (lambda world: Link(queue_limit_bytes="1M"), "Link.queue_limit_bytes is '1M'"),
    (lambda world: Recorder(only=["MessageLost"]), "Recorder.only[0] is 'MessageLost'; expected a class"),
    (lambda world: Recorder(without=[str]), "Recorder.without[0] is <class 'str'>"),
    (lambda world: Recorder(to="/nope/x.jsonl"), "Recorder.to is '/nope/x.jsonl'; expected a file in a folder"),
    (lambda world: PCT(depth=1.5), "PCT.depth is 1.5; expected a whole number"),
    (lambda world: PCT(depth=True), "PCT.depth is True; expected a whole number"),
    (lambda world: PCT(steps="9"), "PCT.steps is '9'; expected a whole number"),
    (lambda world: PCT(depth=9, steps=8), "PCT.depth is 9; expected at most the number of steps, 8"),
    (lambda world: World("abc"), "World.seed is 'abc'; expected a whole number"),
    (lambda world: World(None), "World.seed is None"),
    (lambda world: World(1.5), "World.seed is 1.5"),
    (lambda world: World(True), "World.seed is True"),
    (lambda world: world.node(""), "name of the node is ''; expected a text"),
    (lambda world: world.node(5), "name of the node is 5"),
    (lambda world: world.node("a").clock.jump("1h"), "clock.jump of node 'a' is '1h'; expected a number"),
    (lambda world: setattr(world.node("a").clock, "offset_s", "1h"), "clock.offset_s of node 'a' is '1h'"),
    (lambda world: setattr(world.node("a").clock, "drift_ppm", None), "clock.drift_ppm of node 'a' is None"),
    (lambda world: world.run(lambda: 5), "main of World.run is 5; expected a coroutine function"),
    (lambda world: world.run(5), "main of World.run is 5"),
    (lambda world: world.run(asyncio.sleep(float("nan"))), SLEEP),
    (lambda world: world.run(_late(float("nan"))), "is nan; expected a number of seconds"),
    (lambda world: world.node("a").start(5), "main of node 'a' is 5; expected a coroutine function"),
]


@pytest.mark.parametrize(("ask", "says"), REFUSED, ids=[str(place) for place in range(len(REFUSED))])
def test_what_cannot_work_is_refused_when_it_is_set(ask: Any, says: str) -> None:
    world = world_of_two()
    with pytest.raises(InvalidValue if says != "NaN" else ValueError) as caught:
        ask(world)
    assert says in str(caught.value)
    assert world.run(_seven) == 7  # refusing leaves a world that runs


async def _seven() -> int:
    return 7


@pytest.mark.parametrize("read", [Empirical.from_file, Replay.from_file])
def test_a_file_that_is_not_there_is_named(read: Any, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"delays\.txt"):
        read(tmp_path / "delays.txt")


def test_a_whole_number_of_numpy_is_a_seed_like_any_other() -> None:
    numpy = pytest.importorskip("numpy")
    seeds = [World(seed).runtime.random_stream("x").random() for seed in (7, numpy.int64(7))]
    assert seeds[0] == seeds[1]
