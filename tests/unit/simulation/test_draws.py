"""Draws are recorded on request; and a fault moves no draw: it only changes how many are made."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventlab import hooks
from eventlab.history import Entry, of_kind, to_lines
from eventlab.runtime import random_stream, seeded
from eventlab.scenarios import load, run_virtual
from eventlab.simulation import Difference, Exponential, Link, Recording, World, first_difference
from eventlab.simulation.draws import recorded_stream

SHOP = Path(__file__).parents[3] / "scenarios" / "payment-outage.yaml"


def by_drawer(entries: Iterable[Entry]) -> dict[tuple[str, str], list[object]]:
    """What each node drew from each stream."""
    found: dict[tuple[str, str], list[object]] = {}
    for entry, drawn in of_kind(entries, hooks.Drawn):
        found.setdefault((entry.node, drawn.stream), []).append(drawn.value)
    return found


def moved(a: Iterable[Entry], b: Iterable[Entry]) -> list[tuple[str, str]]:
    """Who drew something else from which stream: neither sequence is the beginning of the other."""
    of_a, of_b = by_drawer(a), by_drawer(b)
    return [
        drawer
        for drawer, values in of_a.items()
        for other in [of_b.get(drawer, [])]
        if any(value != theirs for value, theirs in zip(values, other, strict=False))
    ]


Cut = tuple[str, float, float]
CUTS = st.lists(st.tuples(st.sampled_from(["cut", "crash", "pause"]), st.floats(0, 9), st.floats(0.1, 5)), max_size=3)


def talk(cuts: list[Cut], *, one_stream: bool = False) -> list[Entry]:
    """Three nodes talk by chance for ten seconds; now and then something befalls *b*."""
    world = World(7, record_draws=True)
    shared = world.runtime.make_stream("shared")
    world.network.links.default = Link(Exponential(0.1), loss=0.2, duplication=0.1)

    async def chat(name: str) -> None:
        while world.now_s < 10:
            chance = shared if one_stream else random_stream("chat")
            await asyncio.sleep(chance.expovariate(2.0))
            world.network.send(name, chance.choice(["a", "b", "c"]), "hello")

    async def befall(kind: str, at_s: float, for_s: float) -> None:
        await asyncio.sleep(at_s)
        b = world.node("b")
        with suppress(Exception):  # two that overlap need not make sense together
            if kind == "cut":
                with world.network.partition(["b"], ["a", "c"]):
                    await asyncio.sleep(for_s)
            elif kind == "pause":
                with b.paused():
                    await asyncio.sleep(for_s)
            else:
                b.crash()

    async def main() -> None:
        for name in "abc":
            world.node(name).spawn(chat(name))
        for cut in cuts:
            world.spawn(befall(*cut), name="fault")
        await asyncio.sleep(12)

    with world, world.recording() as run:
        world.run(main)
        return run.entries


UNTOUCHED = talk([])


@settings(max_examples=15, deadline=None)
@given(CUTS)
def test_of_each_stream_the_draws_with_faults_and_without_begin_alike(cuts: list[Cut]) -> None:
    assert moved(UNTOUCHED, talk(cuts)) == []


def test_who_is_out_of_reach_of_a_fault_draws_the_same_at_the_same_moments() -> None:
    quiet, cut = talk([]), talk([("crash", 3.0, 1.0)])
    for name, is_reached in (("a", False), ("c", False), ("b", True)):
        rows = [
            [
                (entry.at, drawn.value)
                for entry, drawn in of_kind(entries, hooks.Drawn)
                if drawn.stream == f"{name}/chat"
            ]
            for entries in (quiet, cut)
        ]
        assert (rows[0] != rows[1]) is is_reached


def test_a_stream_that_components_share_is_noticed() -> None:
    quiet, cut = talk([], one_stream=True), talk([("crash", 3.0, 1.0)], one_stream=True)
    assert ("a", "shared") in moved(quiet, cut)


def test_in_the_shop_an_outage_moves_no_draw_and_no_two_nodes_share_a_stream() -> None:
    early, late = (
        run_virtual(load(SHOP, ["load.orders.first=40", f"faults.0.at={at_s}s", "faults.0.for=6s"]), record_draws=True)
        for at_s in (5, 60)
    )
    a, b = (list(_without_ids_and_final_reads(run.entries)) for run in (early, late))
    assert (moved(a, b), len(by_drawer(a)) > 5) == ([], True)
    assert first_difference(a, b) is not None  # one of those that only one of them made
    streams = [stream for _, stream in by_drawer(a)]
    assert sorted(set(streams)) == sorted(streams)


def _without_ids_and_final_reads(entries: Iterable[Entry]) -> Iterator[Entry]:
    """An id takes fewer bits within a millisecond than in a new one: its draws depend on the clock, and on nobody else.

    The world itself reads at the end from the stream of each store, when its node draws no more.
    """
    for entry, drawn in of_kind(entries, hooks.Drawn):
        if entry.node != "local" and not drawn.stream.endswith("runtime/ids"):
            yield entry


@given(st.integers(0, 2**32), st.text(max_size=8))
def test_a_stream_that_tells_gives_the_same_numbers(seed: int, name: str) -> None:
    def some(chance: random.Random) -> list[object]:
        return [
            *(chance.random(), chance.gauss(0, 1), chance.randrange(10), chance.getrandbits(73), chance.randbytes(3)),
            *(chance.choice("abc"), chance.sample(range(9), 3), chance.expovariate(2), chance.shuffle([1, 2, 3])),
        ]

    assert some(recorded_stream(seed, name)) == some(seeded(seed, name))


def history_of(*, record_draws: bool, draws: int = 2) -> tuple[list[object], Recording]:
    async def main() -> list[object]:
        return [random_stream("die").randrange(6) for _ in range(draws)]

    world = World(3, record_draws=record_draws)
    with world.recording() as run:
        return world.run(main), run


def test_draws_are_a_table_with_time_node_and_stream() -> None:
    _, run = history_of(record_draws=True)
    values = [drawn.value for _, drawn in of_kind(run.entries, hooks.Drawn)]
    assert list(run.draws.itertuples(index=False, name=None)) == [
        (0.0, "local", "local/die", value) for value in values
    ]
    assert len(values) >= 2


def test_without_the_wish_nothing_is_told_and_all_is_as_ever() -> None:
    (rolled, run), (rolled_and_told, _) = history_of(record_draws=False), history_of(record_draws=True)
    assert (rolled, to_lines(run.entries)) == (rolled_and_told, b"")


def drawn(*pairs: tuple[str, float]) -> list[Entry]:
    return [Entry(float(at), "a", hooks.Drawn(*pair)) for at, pair in enumerate(pairs)]


@pytest.mark.parametrize(
    ("b", "difference"),
    [
        ([("x", 0.1), ("y", 0.2), ("x", 0.3)], None),
        ([("y", 0.2), ("x", 0.1), ("x", 0.3)], None),
        ([("x", 0.1), ("y", 0.9), ("x", 0.8)], Difference("y", 1, 1.0, 0.2, 0.9)),
        ([("x", 0.1), ("y", 0.2)], Difference("x", 2, 2.0, 0.3, None)),
        ([("x", 0.1), ("y", 0.2), ("x", 0.3), ("z", 0.4)], Difference("z", 1, 3.0, None, 0.4)),
    ],
)
def test_the_first_draw_that_differs_is_found(b: list[tuple[str, float]], difference: Difference | None) -> None:
    assert first_difference(drawn(("x", 0.1), ("y", 0.2), ("x", 0.3)), drawn(*b)) == difference


def test_a_difference_reads_as_a_sentence() -> None:
    assert str(Difference("x", 2, 2.0, 0.3, None)) == "draw 2 of 'x', at 2 s: 0.3, and no draw"
