"""Cuts of every shape: who still reaches whom, when, and what becomes of messages under way."""

from __future__ import annotations

import asyncio
import itertools
import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlab import hooks
from eventlab.errors import InvalidValue
from eventlab.runtime import seeded
from eventlab.simulation import Constant, Recorder, World
from eventlab.simulation.partitions import Cut, Flapping, Isolation, MajoritiesRing, Partition
from eventlab.simulation.shapes import bridge, halves, minority_majority


def through(cut: Cut, names: str) -> list[str]:
    """Which pairs of nodes, source first, a message gets through between while *cut* holds."""
    world = World(1)
    world.network.set_latency(Constant(1))
    for name in names:
        world.node(name)
    arrived = []

    async def main() -> None:
        with world.network.cut(cut):
            for source, target in itertools.product(names, repeat=2):
                world.network.send(source, target, source + target)
            await asyncio.sleep(2)

    world.run(main)
    for name in names:
        inbox = world.node(name).inbox
        arrived += [str(inbox._messages[place]) for place in range(len(inbox))]
    return sorted(arrived)


def test_a_partial_partition_leaves_a_way_round() -> None:
    assert through(Partition(["a"], ["c"]), "abc") == ["aa", "ab", "ba", "bb", "bc", "cb", "cc"]


def test_an_isolated_node_reaches_itself_alone() -> None:
    assert through(Isolation("b"), "abc") == ["aa", "ac", "bb", "ca", "cc"]


@pytest.mark.parametrize("size", [4, 5, 6, 7, 10])
def test_in_a_ring_of_majorities_each_sees_one_and_no_two_the_same(size: int) -> None:
    names = "abcdefghij"[:size]
    seen = {name: {other for other in names if f"{name}{other}" in through_ring(names)} for name in names}
    assert all(len(view) > size / 2 for view in seen.values())
    assert len({tuple(sorted(view)) for view in seen.values()}) == size
    assert all((one in seen[other]) == (other in seen[one]) for one in names for other in names)


def through_ring(names: str) -> set[str]:
    ring = MajoritiesRing(names)
    return {one + other for one in names for other in names if not ring.cuts(one, other)}


@given(st.integers(3, 12), st.integers(0, 99))
def test_shapes_deal_out_every_node_once(size: int, seed: int) -> None:
    names = [f"n{number}" for number in range(size)]
    for shape, missing in ((halves, 0), (minority_majority, 0), (bridge, 1)):
        left, right = shape(names, seeded(seed, "shape"))
        assert len(left) + len(right) == size - missing
        assert len({*left, *right}) == size - missing and {*left, *right} <= {*names}
    fewer, more = minority_majority(names)
    assert len(fewer) * 2 < size < len(more) * 2
    assert abs(len(halves(names)[0]) - len(halves(names)[1])) <= 1


def arrivals(cut: Callable[[World], object], until_s: float = 20.0) -> list[tuple[float, float]]:
    """When a's messages to b left and arrived: one a second from 0.5 s on, each 1 s under way; *cut* comes at 4 s."""
    world = World(1)
    world.network.set_latency(Constant(1))
    world.node("a"), world.node("b")
    log: list[tuple[float, float]] = []

    async def listen() -> None:
        while True:
            log.append((await world.node("b").inbox.get(), world.now_s))

    async def talk() -> None:
        await asyncio.sleep(0.5)
        while True:
            world.network.send("a", "b", world.now_s)
            await asyncio.sleep(1)

    async def main() -> None:
        world.node("b").spawn(listen())
        world.node("a").spawn(talk())
        await asyncio.sleep(4)
        with cut(world):  # type: ignore[attr-defined]
            await asyncio.sleep(until_s - 4)

    world.run(main)
    return log


def left(log: list[tuple[float, float]]) -> list[float]:
    return [left_s for left_s, _ in log]


def test_what_is_in_flight_at_a_cut_arrives_unless_it_is_to_be_lost() -> None:
    arrives = arrivals(lambda world: world.network.partition(["a"], ["b"]))
    lost = arrivals(lambda world: world.network.partition(["a"], ["b"], in_flight="lost"))
    assert (left(arrives), left(lost)) == ([0.5, 1.5, 2.5, 3.5], [0.5, 1.5, 2.5])


def test_only_what_crosses_the_cut_is_lost_in_flight() -> None:
    lost = arrivals(lambda world: world.network.partition(["b"], ["a"], one_way=True, in_flight="lost"))
    assert left(lost) == [number + 0.5 for number in range(19)]


def test_a_message_lost_in_flight_is_told_with_its_number() -> None:
    recorder = Recorder()
    with recorder.recording():
        arrivals(lambda world: world.network.isolate("b", in_flight="lost"), until_s=4.2)
    lost = [(entry.at, entry.what) for entry in recorder.entries if isinstance(entry.what, hooks.MessageLost)]
    assert lost == [(4, hooks.MessageLost(4, "b ↔ all others"))]


def test_a_flapping_cut_holds_for_its_share_of_every_period() -> None:
    flapping = arrivals(lambda world: world.network.flapping(Partition(["a"], ["b"]), period_s=4, duty=0.5), until_s=16)
    assert left(flapping) == [0.5, 1.5, 2.5, 3.5, 6.5, 7.5, 10.5, 11.5, 14.5]


def test_a_flapping_cut_meets_what_is_in_flight_each_time_it_takes_hold() -> None:
    cut = Partition(["a"], ["b"], in_flight="lost")
    flapping = arrivals(lambda world: world.network.flapping(cut, period_s=4, duty=0.5), until_s=16)
    assert left(flapping) == [0.5, 1.5, 2.5, 6.5, 10.5, 14.5]


@given(st.integers(0, 10_000))
def test_round_moments_begin_and_end_a_flap_whatever_their_rounding(count: int) -> None:
    now_s = [0.0]
    cut = Flapping(Partition(["a"], ["b"]), 0.1, 0.5)
    cut.begin(lambda: now_s[0])
    held = []
    for now_s[0] in (count * 0.1, count * 0.1 + 0.05):
        held.append(cut.holds())
    assert held == [True, False]


def test_a_healed_cut_leaves_nothing_behind() -> None:
    def flap(world: World) -> object:
        with world.network.isolate("b"), world.network.flapping(Isolation("a", in_flight="lost"), period_s=1):
            pass
        assert world.network.links.rules == []
        return world.network.partition(["b"], ["a"], one_way=True)

    assert left(arrivals(flap)) == [0.5, 1.5, 2.5] + [number + 0.5 for number in range(4, 19)]


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Partition("ab", ["c"]), "partition is 'ab'; expected a list of nodes, not one name"),
        (lambda: Partition([], ["c"]), "partition is ((), ('c',)); expected two groups of nodes with no node in both"),
        (lambda: Partition(["a"], ["b"], in_flight="gone"), "in_flight is 'gone'; expected 'arrives' or 'lost'"),  # type: ignore[arg-type]
        (lambda: Isolation("a", seen_as="loud"), "seen_as is 'loud'; expected 'silence' or 'broken'"),  # type: ignore[arg-type]
        (lambda: Flapping(Isolation("a"), 0), "Flapping.period_s is 0; expected a finite number of seconds above 0"),
        (lambda: Flapping(Isolation("a"), math.inf), "Flapping.period_s is inf"),
        (lambda: Flapping(Isolation("a"), 1, 1), "Flapping.duty is 1; expected a share of the period between 0 and 1"),
        (lambda: MajoritiesRing("abc"), "majorities ring is ('a', 'b', 'c'); expected at least four different nodes"),
        (lambda: halves("a"), "halves nodes is ('a',); expected at least 2 nodes"),
        (lambda: World(1).network.isolate("x"), "node to isolate is 'x'; expected one of the nodes (none yet)"),
        (lambda: World(1).network.majorities_ring(["q"]), "node of the majorities ring is 'q'; expected one of"),
    ],
)
def test_a_cut_that_cannot_be_is_refused_when_it_is_built(build: Callable[[], object], message: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        build()
    assert message in str(caught.value)
