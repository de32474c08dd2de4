"""Streams that turn out to be needed while reading."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from eventlab.codec import event
from eventlab.commands import DISCOVERED_STREAMS_MAX, Command, execute
from eventlab.errors import CommandMisdeclared, DiscoveryLimit, VersionConflict
from eventlab.store import MemoryStore, StoredEvent, StreamId
from eventlab.testing import run

from .bank import AT_ONCE, ContestedStore, Deposited


@event("tests.Linked")
@dataclass(frozen=True, slots=True)
class Linked:
    to: StreamId


@event("tests.Visited")
@dataclass(frozen=True, slots=True)
class Visited:
    streams: tuple[str, ...]


@dataclass(frozen=True)
class Visit(Command[tuple[StreamId, ...]]):
    """Follows the links from *start*, and writes at its end where it has been."""

    start: StreamId

    def initial(self) -> tuple[StreamId, ...]:
        return ()

    def apply(self, state: tuple[StreamId, ...], stored: StoredEvent) -> tuple[StreamId, ...]:
        return (*state, stored.event.to) if isinstance(stored.event, Linked) else state

    def related_streams(self, state: tuple[StreamId, ...]) -> Iterable[StreamId]:
        return state

    def handle(self, state: tuple[StreamId, ...]) -> Iterable[tuple[str, object]]:
        return [(state[-1], Visited(state))]


class CountingStore(MemoryStore):
    """Remembers what was read together."""

    def __init__(self) -> None:
        super().__init__()
        self.reads: list[list[str]] = []

    async def read_many(
        self, streams: Sequence[str], *, after: Mapping[str, int] | None = None
    ) -> dict[str, list[StoredEvent]]:
        self.reads.append(list(streams))
        return await super().read_many(streams, after=after)


def links(*pairs: tuple[str, str]) -> list[tuple[str, object]]:
    return [(source, Linked(StreamId(target))) for source, target in pairs]


def test_each_discovered_stream_is_read_once_in_waves() -> None:
    async def main() -> None:
        store = CountingStore()
        await store.append(links(("a", "b"), ("a", "c"), ("b", "d"), ("c", "d"), ("d", "a")))
        done = await execute(store, Visit(StreamId("a")))
        assert store.reads == [["a"], ["b", "c"], ["d"]]
        assert done.events == (("a", Visited(("b", "c", "d", "d", "a"))),)

    run(main())


def test_a_discovered_stream_is_part_of_the_expectation() -> None:
    async def main() -> None:
        store = ContestedStore()
        await MemoryStore.append(store, links(("a", "b"), ("b", "c")))
        store.rival.moves = [lambda: store.deposit(StreamId("b"), 1)]
        done = await execute(store, Visit(StreamId("a")), retry=AT_ONCE)
        assert (done.attempts, done.conflicts, done.versions) == (2, (("b", 1, 2),), {"c": 1})

    run(main())


def test_what_is_discovered_anew_after_a_conflict_is_read_then() -> None:
    async def main() -> None:
        store = ContestedStore()
        await MemoryStore.append(store, links(("a", "b")))
        store.rival.moves = [lambda: MemoryStore.append(store, links(("a", "z")))]
        done = await execute(store, Visit(StreamId("a")), retry=AT_ONCE)
        assert done.versions == {"z": 1}

    run(main())


def test_endless_discovery_ends_with_the_chain() -> None:
    @dataclass(frozen=True)
    class Endless(Visit):
        def related_streams(self, state: tuple[StreamId, ...]) -> Iterable[StreamId]:
            return (StreamId(f"n-{number}") for number in range(10**6))

    async def main() -> None:
        with pytest.raises(DiscoveryLimit) as caught:
            await execute(MemoryStore(), Endless(StreamId("a")))
        assert caught.value.limit == DISCOVERED_STREAMS_MAX == 100
        assert caught.value.chain == ("a", "n-100")

    run(main())


def test_the_chain_tells_which_stream_led_to_which() -> None:
    async def main() -> None:
        store = MemoryStore()
        await store.append(links(*((f"n-{number}", f"n-{number + 1}") for number in range(110))))
        await store.append(links(("n-0", "aside")))
        with pytest.raises(DiscoveryLimit) as caught:
            await execute(store, Visit(StreamId("n-0")))
        assert caught.value.chain == tuple(f"n-{number}" for number in range(101))
        assert str(caught.value).endswith("at last by n-0 → n-1 → … → n-97 → n-98 → n-99 → n-100")
        assert len(await store.read_all()) == 111

    run(main())


def test_a_hundred_discovered_streams_are_still_fine() -> None:
    async def main() -> None:
        store = MemoryStore()
        await store.append(links(*((f"n-{number}", f"n-{number + 1}") for number in range(100))))
        done = await execute(store, Visit(StreamId("n-0")))
        assert done.versions == {"n-100": 1}

    run(main())


def test_without_the_discovered_versions_a_skewed_write_would_get_through() -> None:
    """The naive twin: an append that expects only the declared stream does not notice the change."""

    async def main() -> None:
        store = MemoryStore()
        await store.append(links(("a", "b")))
        await store.append([("b", Deposited(1))])
        naive = await store.append([("c", Visited(()))], expect={"a": 1})
        assert naive.versions == {"c": 1}
        with pytest.raises(VersionConflict):
            await store.append([("c", Visited(()))], expect={"a": 1, "b": 0})

    run(main())


@pytest.mark.parametrize("named", [StreamId("x-1"), "x-1", None, 7])
def test_one_stream_or_none_in_the_place_of_a_sequence_is_refused_and_not_read_letter_by_letter(named: Any) -> None:
    class Wanders(Visit):
        def related_streams(self, state: tuple[StreamId, ...]) -> Iterable[StreamId]:
            related: Iterable[StreamId] = named
            return related

    async def main() -> None:
        store = CountingStore()
        with pytest.raises(CommandMisdeclared, match=r"`related_streams` returned .*, as \[stream\]"):
            await execute(store, dataclass(frozen=True)(Wanders)(StreamId("a-1")))
        assert store.reads == [["a-1"]]

    run(main())
