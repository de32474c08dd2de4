"""Links that are worse than usual for a while: by how much, for whom, and what stays as it was."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from eventlab.errors import InvalidValue
from eventlab.runtime import seeded
from eventlab.simulation import Constant, Degradation, Exponential, Link, Network, Uniform, World
from eventlab.simulation.way import Journey, Lost, Way

NODES = ("a", "b", "c")


def journeys(link: Link, count: int, *worse: Degradation, size_bytes: int = 100) -> list[Journey | Lost]:
    """What becomes of so many messages that are sent at one moment over a link that is worse than it was."""
    way = Way(link, lambda concern: seeded(7, concern), lambda: 0.0)
    way.worsen(worse)
    return [way.journey(size_bytes) for _ in range(count)]


def delays_s(link: Link, count: int, *worse: Degradation) -> list[float]:
    return [journey.delay_s for journey in journeys(link, count, *worse) if isinstance(journey, Journey)]


def arrivals(
    *worse: tuple[float, float, Degradation], ways: tuple[tuple[str, str], ...] = (("a", "b"),), until_s: int = 12
) -> dict[tuple[str, str], list[tuple[float, float]]]:
    """When messages sent each second were sent and arrived, by their way, while degradations come and go."""
    world = World(7)
    world.network.links.default = Link(Exponential(0.1), loss=0.3, duplication=0.3)
    told: dict[tuple[str, str], list[tuple[float, float]]] = {}

    def arrive(way: tuple[str, str], sent_s: float) -> None:
        told[way].append((sent_s, world.now_s))

    async def degrade(begin_s: float, end_s: float, one: Degradation) -> None:
        await asyncio.sleep(begin_s)
        with world.network.degraded(one):
            await asyncio.sleep(end_s - begin_s)

    async def main() -> None:
        for name in NODES:
            world.node(name)
        for one in worse:
            world.spawn(degrade(*one), name="degrading")
        await asyncio.sleep(0.5)
        for _ in range(until_s):
            for way in ways:
                told.setdefault(way, [])
                world.network.carry(*way, "ball", arrive, way, world.now_s, body=b"ball")
            await asyncio.sleep(1)
        await asyncio.sleep(1000)

    world.run(main)
    return told


def test_it_holds_from_its_beginning_to_its_end_and_moves_no_draw_of_the_link() -> None:
    """Everything on top at once: the messages before and after it meet exactly what they would have met."""
    one = Degradation(
        left=("a",), right=("b",), latency_factor=2, extra_latency=Exponential(5), loss=0.5, duplication=0.5,
        reordering=0.5, bandwidth_bytes_s=1e6,
    )  # fmt: skip
    usual = arrivals()["a", "b"]
    worse = arrivals((4, 8, one))["a", "b"]
    outside = [message for message in usual if not 4 < message[0] < 8]
    assert [message for message in worse if not 4 < message[0] < 8] == outside
    assert [message for message in worse if 4 < message[0] < 8] != [m for m in usual if 4 < m[0] < 8]


def test_it_concerns_the_links_that_it_names_and_no_other() -> None:
    ways = tuple((source, target) for source in NODES for target in NODES)

    def silent(one: Degradation) -> set[str]:
        told = arrivals((0, 99, one), ways=ways)
        return {f"{source}{target}" for (source, target), messages in told.items() if not messages}

    assert silent(Degradation(left=("a",), right=("b",), loss=1)) == {"ab", "ba"}
    assert silent(Degradation(left=("a",), right=("b",), one_way=True, loss=1)) == {"ab"}
    assert silent(Degradation(left=("a",), loss=1)) == {"ab", "ba", "ac", "ca"}
    assert silent(Degradation(left=("a",), one_way=True, loss=1)) == {"ab", "ac"}
    assert silent(Degradation(left=("a", "b"), right=("c",), loss=1)) == {"ac", "ca", "bc", "cb"}


def test_latency_is_stretched_and_then_lengthened() -> None:
    usual = delays_s(Link(Exponential(1)), 20)
    assert delays_s(Link(Exponential(1)), 20, Degradation(left=("a",), latency_factor=3)) == [3 * s for s in usual]
    both = Degradation(left=("a",), latency_factor=3, extra_latency=Constant(10))
    assert delays_s(Link(Exponential(1)), 20, both) == [3 * s + 10 for s in usual]
    drawn = delays_s(Link(Constant(1)), 2000, Degradation(left=("a",), extra_latency=Exponential(4)))
    assert 4.5 < sum(drawn) / 2000 < 5.5  # five standard deviations of the mean


def test_a_copy_is_as_late_as_a_message_would_be() -> None:
    slow = Degradation(left=("a",), latency_factor=3, extra_latency=Constant(10))
    for link, worse in (
        (Link(Constant(1), duplication=1), (slow,)),
        (Link(Constant(1)), (slow, Degradation(left=("a",), duplication=1))),
    ):
        assert journeys(link, 1, *worse) == [Journey(13, 13)]


def test_shares_strike_what_the_link_has_spared() -> None:
    """Half of what is not lost anyway: three quarters in all, not one and not half."""
    half = Degradation(left=("a",), loss=0.5)
    anyway = [isinstance(journey, Lost) for journey in journeys(Link(loss=0.5), 4000)]
    now = [isinstance(journey, Lost) for journey in journeys(Link(loss=0.5), 4000, half)]
    assert all(after or not before for before, after in zip(anyway, now, strict=True))
    assert 0.72 < sum(now) / 4000 < 0.78
    twice = [isinstance(journey, Lost) for journey in journeys(Link(), 4000, half, half)]
    assert 0.72 < sum(twice) / 4000 < 0.78  # two alike do not strike the same messages


def test_one_more_degradation_moves_no_draw_of_the_first() -> None:
    """Whom the first strikes, and by how much, is the same with a second one that only makes all of it later."""
    first = Degradation(left=("a",), extra_latency=Exponential(1), loss=0.3, duplication=0.5, reordering=0.5)
    later = Degradation(left=("a",), extra_latency=Uniform(1, 2))
    alone = journeys(Link(Constant(0)), 60, first)
    for both in (journeys(Link(Constant(0)), 60, first, later), journeys(Link(Constant(0)), 60, later, first)):
        for before, after in zip(alone, both, strict=True):
            assert isinstance(before, Lost) == isinstance(after, Lost)
            if isinstance(before, Journey) and isinstance(after, Journey):
                assert 1 <= after.delay_s - before.delay_s <= 2
                assert (before.held_s, before.copy_s is None) == (after.held_s, after.copy_s is None)


def test_what_is_held_back_waits_on_top() -> None:
    found = journeys(Link(Constant(1)), 400, Degradation(left=("a",), reordering=0.5, holding=Constant(5)))
    held = [journey for journey in found if isinstance(journey, Journey) and journey.held_s]
    assert {(journey.delay_s, journey.held_s) for journey in held} == {(6, 5)}
    assert 150 < len(held) < 250


def test_a_narrow_link_makes_messages_wait_and_the_narrowest_counts() -> None:
    narrow, narrower = (Degradation(left=("a",), bandwidth_bytes_s=rate) for rate in (100, 50))
    assert delays_s(Link(Constant(1)), 3, narrow) == [2, 3, 4]
    assert delays_s(Link(Constant(1)), 3, narrow, narrower) == [3, 5, 7]
    assert delays_s(Link(Constant(1), bandwidth_bytes_s=50), 3, narrow) == [3, 5, 7]


def test_a_link_that_keeps_its_order_goes_on_keeping_it() -> None:
    worse = Degradation(left=("a",), extra_latency=Exponential(5), duplication=1, reordering=1)
    found = journeys(Link(Exponential(1), fifo=True), 50, worse)
    delays = [journey.delay_s for journey in found if isinstance(journey, Journey)]
    assert delays == sorted(delays) and len(delays) == 50
    assert not any(journey.copy_s or journey.held_s for journey in found if isinstance(journey, Journey))


def test_degradations_add_up_and_the_first_to_end_leaves_the_other() -> None:
    twice, thrice = (Degradation(left=("a",), latency_factor=factor) for factor in (2, 3))
    world = World(7)
    world.network.set_latency(Constant(1))
    took_s = []

    async def main() -> None:
        for name in NODES:
            world.node(name)
        way = world.network.links.way("a", "b")

        def look() -> None:
            journey = way.journey(0)
            assert isinstance(journey, Journey)
            took_s.append(journey.delay_s)

        with ExitStack() as first:
            first.enter_context(world.network.degraded(twice))
            with world.network.degraded(thrice):
                look()
                first.close()
                look()
                with world.network.degraded(thrice):
                    look()
                look()
        look()

    world.run(main)
    assert took_s == [6, 3, 9, 3, 1]


def test_new_manners_and_new_links_are_worse_as_well() -> None:
    world = World()

    async def main() -> list[float]:
        for name in NODES:
            world.node(name)
        links, took_s = world.network.links, []
        used = links.way("a", "b")
        with world.network.degraded(Degradation(left=("a",), latency_factor=2)):
            links.set_link("a", "b", Link(Constant(5)))
            links.default = Link(Constant(7))
            for way in (used, links.way("a", "c"), links.way("b", "c")):
                journey = way.journey(0)
                assert isinstance(journey, Journey)
                took_s.append(journey.delay_s)
        return [*took_s, used.plain]

    assert world.run(main) == [10, 14, 7, True]


def test_a_link_that_is_as_usual_goes_the_short_way() -> None:
    way = Way(Link(), lambda concern: seeded(7, concern), lambda: 0.0)
    seen = [way.plain]
    for worse in ((Degradation(left=("a",), loss=0.1),), ()):
        way.worsen(worse)
        seen.append(way.plain)
    assert seen == [True, False, True]


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: Degradation(left=(), loss=1), "degradation is"),
        (lambda: Degradation(left="ab", loss=1), "not one name"),  # type: ignore[arg-type]
        (lambda: Degradation(left=("a",), right=("b", "a"), loss=1), "no node in both"),
        (lambda: Degradation(left=("a",)), "expected something that is worse than usual"),
        (lambda: Degradation(left=None, loss=1), "degradation is None; expected a tuple of nodes"),  # type: ignore[arg-type]
        (lambda: Degradation(left=("a",), latency_factor=0.5), "latency_factor is 0.5"),
        (lambda: Degradation(left=("a",), latency_factor="3"), "latency_factor is '3'"),  # type: ignore[arg-type]
        (lambda: Degradation(left=("a",), loss="5%"), "loss is '5%'; expected a probability"),  # type: ignore[arg-type]
        (lambda: Degradation(left=("a",), bandwidth_bytes_s="1k"), "bandwidth_bytes_s is '1k'"),  # type: ignore[arg-type]
        (lambda: Degradation(left=("a",), extra_latency=0.5), "extra_latency is 0.5"),  # type: ignore[arg-type]
        (lambda: Degradation(left=("a",), reordering=1, holding=2), "holding is 2"),  # type: ignore[arg-type]
        (lambda: Degradation(left=("a",), reordering=float("nan")), "reordering is nan"),
        (lambda: Degradation(left=("a",), duplication=-0.1), "duplication is -0.1"),
        (lambda: Degradation(left=("a",), bandwidth_bytes_s=0), "bandwidth_bytes_s is 0"),
    ],
)
def test_what_no_degradation_can_be_is_refused_when_it_is_built(build: Callable[[], object], words: str) -> None:
    with pytest.raises(InvalidValue, match=words):
        build()


def test_groups_may_come_as_lists_as_those_of_a_cut_may() -> None:
    listed = Degradation(left=["a"], right=["b"], loss=1)  # type: ignore[arg-type]
    assert listed == Degradation(left=("a",), right=("b",), loss=1)


def test_a_node_that_there_is_not_is_refused() -> None:
    network: Network = World().network
    with pytest.raises(InvalidValue, match="degradation is 'z'"), network.degraded(Degradation(left=("z",), loss=1)):
        pass
    assert network.links.degradations == ()
