"""Latency, loss and partitions."""

from __future__ import annotations

import asyncio
import itertools
import random
from typing import Any

import pytest

from eventlab import hooks, runtime
from eventlab.errors import InvalidValue
from eventlab.services.fate import DROP, PASS, DeliverAfter, Envelope, Fate
from eventlab.simulation import Constant, Exponential, Link, Recorder, World
from eventlab.simulation.links import Links


def _world(*names: str, latency_s: float = 1.0) -> World:
    world = World(7)
    world.network.set_latency(Constant(latency_s))
    for name in names:
        world.node(name)
    return world


def _arrivals(world: World, target: str) -> list[tuple[float, object]]:
    """Everything that reaches *target*, with its time, filled in while the world runs."""
    log: list[tuple[float, object]] = []

    async def listen() -> None:
        while True:
            payload = await world.nodes[target].inbox.get()
            log.append((world.now_s, payload))

    world.node(target).spawn(listen())
    return log


def test_a_partition_drops_both_ways_until_it_is_healed() -> None:
    world = _world("a", "b", "c")
    at_a, at_b = _arrivals(world, "a"), _arrivals(world, "b")

    async def main() -> None:
        with world.network.partition(["a"], ["b"]):
            world.network.send("a", "b", "lost")
            world.network.send("b", "a", "lost too")
            world.network.send("c", "b", "from elsewhere")
            await asyncio.sleep(5)
        world.network.send("a", "b", "kept")
        await asyncio.sleep(5)

    world.run(main)
    assert (at_a, at_b) == ([], [(1, "from elsewhere"), (6, "kept")])


def test_messages_in_flight_at_a_cut_still_arrive() -> None:
    world = _world("a", "b")
    at_b = _arrivals(world, "b")

    async def main() -> None:
        world.network.send("a", "b", "in flight")
        await asyncio.sleep(0.5)
        with world.network.partition(["a"], ["b"]):
            await asyncio.sleep(5)

    world.run(main)
    assert at_b == [(1, "in flight")]


def test_a_one_way_partition_lets_replies_through() -> None:
    world = _world("a", "b")
    at_a, at_b = _arrivals(world, "a"), _arrivals(world, "b")

    async def main() -> None:
        with world.network.partition(["a"], ["b"], one_way=True):
            world.network.send("a", "b", "there")
            world.network.send("b", "a", "back")
            await asyncio.sleep(5)

    world.run(main)
    assert (at_a, at_b) == ([(1, "back")], [])


def test_the_newest_rule_that_does_not_pass_wins() -> None:
    world = _world("a", "b")
    at_b = _arrivals(world, "b")

    def slow(envelope: Envelope) -> Fate:
        return DeliverAfter(10)

    def drop_nothing(envelope: Envelope) -> Fate:
        return PASS

    async def main() -> None:
        with world.network.links.rule(lambda envelope: DROP), world.network.links.rule(slow):
            with world.network.links.rule(drop_nothing):
                world.network.send("a", "b", "slow, not dropped")
        await asyncio.sleep(20)

    world.run(main)
    assert at_b == [(10, "slow, not dropped")]


@pytest.mark.parametrize("answer", [None, False, True, "drop"])
def test_a_rule_that_forgets_to_answer_is_refused_at_the_message_and_drops_nothing(answer: Any) -> None:
    world = _world("a", "b")

    def forgetful(envelope: Envelope) -> Fate:
        return answer  # type: ignore[no-any-return]

    async def main() -> None:
        with world.network.links.rule(forgetful):
            world.network.send("a", "b", "lost without a word")

    with pytest.raises(InvalidValue, match=rf"forgetful is {answer!r}; expected PASS, DROP, BREAK or DeliverAfter"):
        world.run(main)


def test_a_rule_is_something_to_ask() -> None:
    with pytest.raises(InvalidValue, match="rule of the network is 3; expected a callable"):
        _world("a", "b").network.links.install(3)  # type: ignore[arg-type]


def test_a_link_has_manners_of_its_own() -> None:
    world = _world("a", "b", "c")
    world.network.set_link("a", "b", Link(Constant(3)), both_ways=False)
    at_a, at_b, at_c = (_arrivals(world, name) for name in "abc")

    async def main() -> None:
        for source, target in ["ab", "ba", "ac"]:
            world.network.send(source, target, source + target)
        await asyncio.sleep(5)

    world.run(main)
    assert (at_a, at_b, at_c) == ([(1, "ba")], [(3, "ab")], [(1, "ac")])


def test_loss_is_drawn_per_message() -> None:
    world = _world("a", "b")
    world.network.set_latency(Constant(1), loss=0.25)
    at_b = _arrivals(world, "b")

    async def main() -> None:
        for number in range(4000):
            world.network.send("a", "b", number)
        await asyncio.sleep(5)

    world.run(main)
    assert 0.72 < len(at_b) / 4000 < 0.78  # three standard deviations are 2 %


def _arrivals_at_b(extra: int) -> list[tuple[float, object]]:
    """What reaches b from a, when every message is preceded by *extra* ones on each link around."""
    world = _world("a", "b", "c")
    world.network.set_latency(Exponential(1), loss=0.2)
    at_b = _arrivals(world, "b")

    async def main() -> None:
        for number in range(20):
            for source, target in [("a", "c"), ("c", "a"), ("b", "a"), ("c", "b")] * extra:
                world.network.send(source, target, "other traffic")
            world.network.send("a", "b", number)
        await asyncio.sleep(50)

    world.run(main)
    return [(at, what) for at, what in at_b if what != "other traffic"]


def test_traffic_on_one_link_moves_no_draw_of_another() -> None:
    alone = _arrivals_at_b(0)
    assert 10 < len(alone) < 20
    assert _arrivals_at_b(1) == _arrivals_at_b(3) == alone


def test_no_two_links_share_their_chance() -> None:
    """Neither one stream for all, nor the same draws on every link: then all would be slow together."""
    streams: dict[str, random.Random] = {}

    def stream(name: str) -> random.Random:
        assert name not in streams, "one stream was asked for twice"
        streams[name] = runtime.seeded(7, name)
        return streams[name]

    links = Links(stream, Link(Exponential(1)))
    ways = list(itertools.permutations("abc", 2))
    fates = [links(Envelope(source, target, "x")) for source, target in ways for _ in range(3)]
    assert len(streams) == len(ways)
    assert len(set(fates)) == len(fates)


def test_sent_arrived_and_lost_are_recorded() -> None:
    world = _world("a", "b")
    recorder = Recorder()

    async def main() -> None:
        world.network.send("a", "b", "first")
        with world.network.partition(["a"], ["b"]):
            world.network.send("a", "b", "second")
        await asyncio.sleep(2)

    with recorder.recording():
        world.run(main)
    assert [(entry.at, entry.what) for entry in recorder.entries] == [
        (0, hooks.MessageSent(1, "a", "b", "str")),
        (0, hooks.MessageSent(2, "a", "b", "str")),
        (0, hooks.MessageLost(2, "a ↔ b")),
        (1, hooks.MessageArrived(1)),
    ]


def test_mistakes_are_refused_by_name() -> None:
    world = _world("a", "b")
    with pytest.raises(InvalidValue, match="'x'"), world.network.partition(["a"], ["x"]):
        pass
    with pytest.raises(InvalidValue, match="no node in both"), world.network.partition(["a"], ["a", "b"]):
        pass
    with pytest.raises(InvalidValue, match=r"1\.2"):
        Link(Constant(1), loss=1.2)
    with pytest.raises(InvalidValue, match="'x'"):
        world.network.send("a", "x", "nowhere")
    with pytest.raises(InvalidValue, match="link is 'x'"):
        world.network.set_link("a", "x", Link())
