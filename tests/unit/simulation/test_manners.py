"""What a link does to its messages: loss, copies, holding back, order, and a wire of limited width."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from eventlab import hooks
from eventlab.errors import InvalidValue
from eventlab.history import to_lines
from eventlab.runtime import seeded
from eventlab.simulation import Constant, Exponential, Isolation, Link, Recorder, Uniform, World
from eventlab.simulation.way import Journey, Lost, Way


def journeys(link: Link, count: int, *, seed: int = 7, size_bytes: int = 100) -> list[Journey | Lost]:
    """What becomes of so many messages that are sent at one moment."""
    way = Way(link, lambda concern: seeded(seed, concern), lambda: 0.0)
    return [way.journey(size_bytes) for _ in range(count)]


def world_with(link: Link) -> tuple[World, list[tuple[float, object]]]:
    """A world with nodes a and b, and what reaches b with its time."""
    world, log = World(7), []
    world.network.links.default = link
    world.node("a"), world.node("b")

    async def listen() -> None:
        while True:
            payload = await world.node("b").inbox.get()
            log.append((round(world.now_s, 9), payload))

    world.node("b").spawn(listen())
    return world, log


def sent(link: Link, *payloads: object) -> list[tuple[float, object]]:
    """What reaches b of messages that a sends at one moment."""
    world, log = world_with(link)

    async def main() -> None:
        for payload in payloads:
            world.network.send("a", "b", payload)
        await asyncio.sleep(1000)

    world.run(main)
    return log


LATENCIES = [journey.delay_s for journey in journeys(Link(Exponential(1)), 50) if isinstance(journey, Journey)]


@pytest.mark.parametrize(
    "link",
    [
        Link(Exponential(1), duplication=0.5),
        Link(Exponential(1), loss=0.5),
        Link(Exponential(1), reordering=0.5, holding=Constant(0)),
        Link(Exponential(1), loss=0.2, duplication=0.3, reordering=0.4, holding=Constant(0)),
    ],
    ids=["duplication", "loss", "reordering", "all"],
)
def test_no_other_concern_moves_a_draw_of_latency(link: Link) -> None:
    found = journeys(link, 50)
    assert [
        journey.delay_s if isinstance(journey, Journey) else latency_s
        for journey, latency_s in zip(found, LATENCIES, strict=True)
    ] == LATENCIES


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_higher_probability_only_adds_to_what_befell_before(one: float, other: float) -> None:
    low, high = sorted((one, other))
    for concern, strikes in STRIKES.items():
        few, many = (
            {number for number, journey in enumerate(journeys(Link(**{concern: p}), 30)) if strikes(journey)}
            for p in (low, high)
        )
        assert few <= many


STRIKES: dict[str, Callable[[Journey | Lost], bool]] = {
    "loss": lambda journey: isinstance(journey, Lost),
    "duplication": lambda journey: isinstance(journey, Journey) and journey.copy_s is not None,
    "reordering": lambda journey: isinstance(journey, Journey) and journey.held_s > 0,
}


@pytest.mark.parametrize("concern", STRIKES)
def test_a_share_of_the_messages_is_struck(concern: str) -> None:
    found = journeys(Link(**{concern: 0.25}), 4000)  # type: ignore[arg-type]
    assert 0.22 < sum(map(STRIKES[concern], found)) / 4000 < 0.28  # four standard deviations are 2.7 %


def test_a_copy_takes_a_latency_of_its_own() -> None:
    found = [journey for journey in journeys(Link(Uniform(1, 2), duplication=1), 200) if isinstance(journey, Journey)]
    copies = [journey.copy_s for journey in found if journey.copy_s is not None]
    earlier = sum(copy_s < journey.delay_s for copy_s, journey in zip(copies, found, strict=True))
    assert len(copies) == 200
    assert 70 < earlier < 130  # as often before the message as behind it
    assert min(copies) >= 1


def test_a_message_that_is_held_back_is_overtaken() -> None:
    log = sent(Link(Constant(1), reordering=0.5, holding=Constant(5)), *range(8))
    held = [number for at, number in log if at == 6]
    assert [number for at, number in log if at == 1] == sorted(set(range(8)) - set(held))  # type: ignore[type-var]
    assert held and len(held) < 8


def test_messages_overtake_one_another_unless_the_link_is_fifo() -> None:
    wild = sent(Link(Exponential(1)), *range(20))
    calm = sent(Link(Exponential(1), fifo=True), *range(20))
    assert [number for _, number in wild] != list(range(20))
    assert [number for _, number in calm] == list(range(20))
    assert max(at for at, _ in wild) == max(at for at, _ in calm)  # order costs waiting, and moves no draw


@example([(3.4, 10.2), (4.2, 0.0)])  # 4.2 + ((3.4 + 10.2) - 4.2) is less than 3.4 + 10.2
@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 10)), min_size=2, max_size=12))
def test_on_a_fifo_link_no_sum_of_times_is_earlier_than_the_one_before(moments: list[tuple[float, float]]) -> None:
    now_s, arrivals = [0.0], []
    latencies = [latency_s for _, latency_s in moments]

    class Scripted(Constant):
        def sample(self, chance: object) -> float:
            return latencies.pop(0)

    way = Way(Link(Scripted(0), fifo=True), lambda concern: seeded(1, concern), lambda: now_s[0])
    for at_s in sorted(at_s for at_s, _ in moments):
        now_s[0] = at_s
        journey = way.journey(0)
        assert isinstance(journey, Journey)
        arrivals.append(at_s + journey.delay_s)
    assert arrivals == sorted(arrivals)


def test_messages_wait_for_a_link_of_limited_bandwidth() -> None:
    link = Link(Constant(1), bandwidth_bytes_s=100)
    assert sent(link, b"x" * 50, b"y" * 100, b"z" * 50) == [
        (1.5, b"x" * 50),
        (2.5, b"y" * 100),
        (3.0, b"z" * 50),
    ]


def test_a_wire_with_random_arrivals_is_the_queue_of_the_textbook() -> None:
    """M/D/1: at a load ρ of 0.7 the mean wait is ρ/(2(1−ρ)) service times (Pollaczek and Khinchine)."""
    now_s, waits = 0.0, []
    way = Way(Link(Constant(0), bandwidth_bytes_s=100), lambda concern: seeded(1, concern), lambda: now_s)
    chance = seeded(1, "arrivals")
    for _ in range(20_000):
        now_s += chance.expovariate(0.7)
        journey = way.journey(100)
        assert isinstance(journey, Journey)
        waits.append(journey.delay_s - 1)
    assert sum(waits) / len(waits) == pytest.approx(0.7 / (2 * 0.3), rel=0.1)


def test_one_seed_gives_one_history_whatever_befalls() -> None:
    def history(seed: int) -> bytes:
        world, recorder = World(seed), Recorder()
        world.network.links.default = Link(
            Exponential(1), loss=0.2, duplication=0.2, reordering=0.2, bandwidth_bytes_s=12, queue_limit_bytes=30
        )
        world.node("a"), world.node("b")

        async def main() -> None:
            for number in range(60):
                world.network.send("ab"[number % 2], "ba"[number % 2], number, size_bytes=10)
                await asyncio.sleep(0.3)
                if number == 30:
                    world.network.links.install(Isolation("a", in_flight="lost"))
            await asyncio.sleep(20)

        with recorder.recording():
            world.run(main)
        return to_lines(recorder.entries)

    first = history(7)
    assert first == history(7) != history(8)
    assert all(kind in first for kind in (b"duplicated", b"held_back", b'"lost"', b"queue full", b"all others"))


def test_the_other_direction_and_an_idle_link_wait_for_nobody() -> None:
    world, log = world_with(Link(Constant(1), bandwidth_bytes_s=100))

    async def main() -> None:
        world.network.send("b", "a", None, size_bytes=10_000)
        world.network.send("a", "b", "first", size_bytes=100)
        await asyncio.sleep(10)
        world.network.send("a", "b", "second", size_bytes=100)
        await asyncio.sleep(10)

    world.run(main)
    assert log == [(2, "first"), (12, "second")]


def test_a_full_queue_drops_the_newest_and_a_free_link_drops_nothing() -> None:
    link = Link(Constant(0), bandwidth_bytes_s=100, queue_limit_bytes=250)
    world, log = world_with(link)
    recorder = Recorder()

    async def main() -> None:
        for name in ["large", "one", "two", "three"]:
            world.network.send("a", "b", name, size_bytes=300 if name == "large" else 100)
            if name == "large":
                await asyncio.sleep(2.5)  # 50 bytes of it are left
        await asyncio.sleep(60)

    with recorder.recording():
        world.run(main)
    assert log == [(3, "large"), (4, "one"), (5, "two")]
    assert [entry.what for entry in recorder.entries if isinstance(entry.what, hooks.MessageLost)] == [
        hooks.MessageLost(4, "queue full")
    ]


def test_the_size_of_a_message_is_that_of_its_bytes_or_of_its_json() -> None:
    link = Link(Constant(0), bandwidth_bytes_s=1)
    assert [at for at, _ in sent(link, b"12345", {"a": 1}, None)] == [5, 12, 12]


def test_a_message_without_a_size_is_refused_where_it_matters() -> None:
    thing = object()
    assert len(sent(Link(), thing)) == 1
    with pytest.raises(InvalidValue, match="message object from a to b is <object"):
        sent(Link(bandwidth_bytes_s=1), thing)


def test_a_copy_has_a_number_of_its_own_and_what_is_held_back_is_told() -> None:
    world, log = world_with(Link(Constant(1), duplication=1, reordering=1, holding=Constant(2)))
    recorder = Recorder()

    async def main() -> None:
        world.network.send("a", "b", "twice")
        await asyncio.sleep(5)

    with recorder.recording():
        world.run(main)
    assert log == [(1, "twice"), (3, "twice")]
    assert [(entry.at, entry.what) for entry in recorder.entries] == [
        (0, hooks.MessageSent(1, "a", "b", "str")),
        (0, hooks.MessageHeldBack(1, 2)),
        (0, hooks.MessageDuplicated(1, 2)),
        (1, hooks.MessageArrived(2)),
        (3, hooks.MessageArrived(1)),
    ]


def test_a_link_takes_on_new_manners_and_its_chance_goes_on() -> None:
    def delays(*links: Link) -> list[float]:
        world, log = world_with(links[0])

        async def main() -> None:
            for link in links:
                world.network.links.default = link
                world.network.send("a", "b", "x")
                await asyncio.sleep(100)

        world.run(main)
        return [at % 100 for at, _ in log]

    first, second = delays(Link(Exponential(1)), Link(Exponential(1)))
    assert delays(Link(Exponential(1)), Link(Exponential(2))) == pytest.approx([first, 2 * second])


def test_a_link_that_was_used_is_given_manners_of_its_own() -> None:
    world, log = world_with(Link(Constant(1)))

    async def main() -> None:
        for latency_s in (1, 2):
            world.network.set_link("b", "a", Link(Constant(latency_s)))
            world.network.send("a", "b", "x")
            await asyncio.sleep(10)

    world.run(main)
    assert log == [(1, "x"), (12, "x")]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"loss": 1.2}, "Link.loss is 1.2; expected a probability from 0 to 1"),
        ({"duplication": -0.1}, "Link.duplication is -0.1; expected a probability from 0 to 1"),
        ({"reordering": math.nan}, "Link.reordering is nan; expected a probability from 0 to 1"),
        ({"fifo": True, "reordering": 0.1}, "Link.reordering is 0.1; expected 0 on a link that is fifo"),
        ({"fifo": True, "duplication": 0.1}, "Link.duplication is 0.1; expected 0 on a link that is fifo"),
        (
            {"bandwidth_bytes_s": 0},
            "Link.bandwidth_bytes_s is 0; expected a number of bytes per second above 0, or None",
        ),
        ({"queue_limit_bytes": -1}, "Link.queue_limit_bytes is -1; expected a number of bytes, 0 or more"),
        ({"latency": 5}, "Link.latency is 5; expected a distribution, such as Constant(0.005)"),
    ],
)
def test_manners_outside_their_domain_are_named_with_the_value(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        Link(**wrong)  # type: ignore[arg-type]
    assert str(caught.value) == message
