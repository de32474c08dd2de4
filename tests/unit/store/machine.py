"""A random walk on a store and the store in memory beside it, which must stay the same in everything but ids.

Both tell the same time, on a clock that stands still, goes on and steps back. Positions are compared by their
order: in PostgreSQL they have gaps.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, Protocol

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from eventlab.codec import Encoded
from eventlab.errors import EventlabError
from eventlab.store import (
    ANY,
    EXISTS,
    NONE,
    Expectation,
    Filter,
    MemoryStore,
    Metadata,
    PortableStore,
    Receipt,
    StoredEvent,
    StreamArchived,
    open_store,
)
from eventlab.store.model import KeptReceipt
from eventlab.testing.clock import ManualClock
from eventlab.testing.postgres import fresh_url
from eventlab.testing.stores.vocabulary import Counted, Noted

STREAMS = ("a-1", "a-2", "A-1", "b_1", "bx1", "b-%", "c")
KEYS = ("a", "a%", "ab", "a_b", "é")

streams = st.sampled_from(STREAMS)
versions = st.integers(0, 6)
contents: st.SearchStrategy[object] = st.one_of(
    st.builds(Noted, st.text(st.characters(exclude_categories=["Cs"]), max_size=5)),
    st.builds(Counted, st.integers(-(2**60), 2**60), st.tuples()),
    st.sampled_from([Encoded("tests.machine.Unheard", 3, b"\xff"), Noted("x"), Noted("x")]),
)
events = st.lists(st.tuples(streams, contents), max_size=4)
expectations = st.dictionaries(streams, st.one_of(st.sampled_from([ANY, NONE, EXISTS, -1, 1]), st.just(0)), max_size=3)
command_ids = st.sampled_from([None, None, "c-1", "c-2", "c-3", "C-1"])
patterns = st.sampled_from([None, "*", "a-*", "?-1", "b_1", "b-%", "*1", "A*"])
filters = st.builds(
    Filter,
    categories=st.none() | st.lists(st.sampled_from(["a", "A", "b", "c", "b_1"]), max_size=2).map(tuple),
    streams=patterns,
    types=st.none()
    | st.lists(st.sampled_from(["eventlab.testing.Noted", "eventlab.StreamArchived"]), max_size=2).map(tuple),
)
limits = st.none() | st.integers(1, 5)


class Home(Protocol):
    """Where the stores under test live."""

    def fresh(self) -> PortableStore:
        """An empty store at a new place."""

    def again(self) -> PortableStore:
        """The store at that place, opened once more."""


class InFiles:
    """SQLite, each store in a file of its own."""

    def __init__(self, folder: Path, synchronous: str) -> None:
        self._folder, self._synchronous, self._count = folder, synchronous, 0

    def fresh(self) -> PortableStore:
        self._count += 1
        return self.again()

    def again(self) -> PortableStore:
        return open_store(f"sqlite:///{self._folder / f'{self._count}.db'}?synchronous={self._synchronous}")


class OnServer:
    """PostgreSQL, each store in a database of its own."""

    def fresh(self) -> PortableStore:
        with ThreadPoolExecutor(
            1
        ) as elsewhere:  # on this thread, names of databases would repeat with the clock's seed
            self._url = elsewhere.submit(fresh_url).result()
        return self.again()

    def again(self) -> PortableStore:
        return open_store(self._url)


class InMemory:
    """Stores of a *kind* that may be wrong: to see that they are found out."""

    def __init__(self, kind: Callable[[], PortableStore]) -> None:
        self._kind = kind

    def fresh(self) -> PortableStore:
        self._store = self._kind()
        return self._store

    def again(self) -> PortableStore:
        return self._store


class StoreMachine(RuleBasedStateMachine):
    """Every rule does the same to both stores, and compares what they answer; then everything in them is compared."""

    home: ClassVar[Callable[[Path], Home]]

    def __init__(self) -> None:
        super().__init__()
        self.ending = ExitStack()
        folder = Path(self.ending.enter_context(TemporaryDirectory()))
        self.clock = ManualClock()
        self.ending.enter_context(self.clock.ruling())
        self.runner = self.ending.enter_context(asyncio.Runner())
        self.place = type(self).home(folder)
        self.store = self.do(self._fresh())
        self.model: PortableStore = MemoryStore()
        self.written: dict[str, list[tuple[str, object]]] = {}

    async def _fresh(self) -> PortableStore:
        return self.place.fresh()

    async def _again(self) -> PortableStore:
        await self.store.close()
        return self.place.again()

    def do(self, doing: Any) -> Any:
        return self.runner.run(doing)

    def both(self, ask: Callable[[PortableStore], Awaitable[Any]]) -> Any:
        """Ask both, and compare: values by what is comparable in them, errors by their kind and facts."""
        expected, found = (self.do(self._answer(store, ask)) for store in (self.model, self.store))
        assert found == expected
        return expected

    async def _answer(self, store: PortableStore, ask: Callable[[PortableStore], Awaitable[Any]]) -> Any:
        try:
            answer = await ask(store)
        except EventlabError as error:
            return type(error).__name__, error.args
        return comparable(answer, await order_of(store))

    # What is written

    @rule(events=events, expect=expectations, command_id=command_ids, actor=st.sampled_from([None, "clerk"]))
    def append(
        self,
        events: list[tuple[str, object]],
        expect: dict[str, Any],
        command_id: str | None,
        actor: str | None,
    ) -> None:
        """An integer among the expectations is the distance from the version that is right."""
        self._append(events, expect, command_id, Metadata(actor=actor))

    @rule(stream=streams, count=st.integers(1, 3), expect=st.booleans())
    def write_on(self, stream: str, count: int, expect: bool) -> None:
        self._append([(stream, Noted("on"))] * count, {stream: 0} if expect else {}, None, Metadata())

    @rule(read=st.lists(streams, min_size=1, max_size=4, unique=True), wrong=st.integers(-1, 4), stream=streams)
    def write_on_the_strength_of_others(self, read: list[str], wrong: int, stream: str) -> None:
        expect = {name: int(index == wrong) for index, name in enumerate(read)}
        self._append([(stream, Noted("seen"))], expect, None, Metadata())

    @rule(command_id=st.sampled_from(["c-1", "c-2", "c-3", "C-1"]), expect=expectations)
    def repeat(self, command_id: str, expect: dict[str, Any]) -> None:
        self._append(self.written.get(command_id, []), expect, command_id, Metadata())

    def _append(
        self,
        events: Sequence[tuple[str, object]],
        distances: Mapping[str, Any],
        command_id: str | None,
        given: Metadata,
    ) -> None:
        actual = self.do(self.model.read_many(list(distances)))
        expect: dict[str, Expectation] = {
            name: max(0, len(actual[name]) + each) if isinstance(each, int) else each
            for name, each in distances.items()
        }
        answer = self.both(lambda store: store.append(events, expect=expect, command_id=command_id, metadata=given))
        if command_id is not None and answer[0] == "receipt" and not answer[3]:
            self.written[command_id] = list(events)

    @rule(stream=streams, more=st.booleans())
    def archive(self, stream: str, more: bool) -> None:
        events: list[tuple[str, object]] = [("c", Noted("x")), (stream, StreamArchived("done"))]
        if more:
            events.append((stream, Noted("late")))
        self._append(events, {}, None, Metadata())

    @rule(seconds=st.sampled_from([0.0, 0.001, 60.0, -5.0]))
    def time_passes(self, seconds: float) -> None:
        self.clock.step(seconds)

    # What is read

    @rule(stream=streams, after=versions, to=st.none() | versions, backwards=st.booleans(), limit=limits)
    def read(self, stream: str, after: int, to: int | None, backwards: bool, limit: int | None) -> None:
        self.both(lambda store: store.read(stream, after=after, to=to, backwards=backwards, limit=limit))

    @rule(stream=streams, seconds=st.sampled_from([-6.0, -5.0, 0.0, 0.001, 55.0, 60.0, 120.0]), after=versions)
    def read_as_it_was(self, stream: str, seconds: float, after: int) -> None:
        moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
        self.both(lambda store: store.read(stream, at=moment, after=after, backwards=True))

    @rule(names=st.lists(streams, max_size=4), after=st.dictionaries(streams, versions, max_size=3))
    def read_many(self, names: list[str], after: dict[str, int]) -> None:
        self.both(lambda store: store.read_many(names, after=after))

    @rule(number=st.integers(0, 20), where=filters, limit=st.integers(1, 6))
    def read_a_page(self, number: int, where: Filter, limit: int) -> None:
        async def page(store: PortableStore) -> Any:
            order = await order_of(store)
            after = next((position for position, place in order.items() if place == number), 0)
            return await store.read_all(after, where=where, limit=limit)

        self.both(page)

    # Records

    @rule(key=st.sampled_from(KEYS), value=st.binary(max_size=4), version=st.integers(0, 3))
    def put(self, key: str, value: bytes, version: int) -> None:
        self.both(lambda store: store.records.put("kind", key, value, version=version))

    @rule(key=st.sampled_from(KEYS), version=st.integers(0, 2))
    def delete(self, key: str, version: int) -> None:
        self.both(lambda store: store.records.delete("kind", key, version=version))

    @rule(prefix=st.sampled_from(["", *KEYS, "%", "_"]))
    def list_records(self, prefix: str) -> None:
        self.both(lambda store: store.records.list("kind", prefix=prefix))

    # Where it is kept

    @rule()
    def reopen(self) -> None:
        self.store = self.do(self._again())

    @rule(parts=st.integers(1, 3))
    def move(self, parts: int) -> None:
        """Take everything out and into a fresh store, here and there; records stay behind."""
        self.model = self.do(copied(self.model, MemoryStore(), parts))
        source = self.store
        self.store = self.do(copied(source, self.do(self._fresh()), parts))
        self.do(source.close())

    @invariant()
    def everything_is_the_same(self) -> None:
        self.both(lambda store: store.read_all())
        self.both(lambda store: store.receipts())
        self.both(lambda store: store.records.list("kind"))
        self.both(head)

    def teardown(self) -> None:
        self.do(self.store.close())
        self.ending.close()


async def order_of(store: PortableStore) -> dict[int, int]:
    """The place in the order of each position."""
    return {stored.position: place for place, stored in enumerate(await store.read_all(limit=10_000), 1)}


async def head(store: PortableStore) -> tuple[str, int]:
    position = await store.head()
    return "head", (await order_of(store))[position] if position else 0


async def copied(source: PortableStore, target: PortableStore, parts: int) -> PortableStore:
    events, receipts = await source.read_all(limit=10_000), await source.receipts()
    size = max(1, -(-len(events) // parts))
    for begin in range(0, len(events), size):
        await target.restore(events[begin : begin + size])
    await target.restore([], receipts)
    return target


def comparable(answer: Any, order: Mapping[int, int]) -> Any:
    """*answer* without ids, and with places in the order instead of positions."""
    match answer:
        case StoredEvent():
            kept = {name: getattr(answer, name) for name in answer.__struct_fields__ if name != "id"}
            return {**kept, "position": order[answer.position]}
        case Receipt():
            places = tuple(order[position] for position in answer.positions)
            return "receipt", places, answer.versions, answer.repeated
        case KeptReceipt():
            return answer.command_id, answer.fingerprint, comparable(answer.receipt, order)
        case list():
            return [comparable(each, order) for each in answer]
        case dict():
            return {name: comparable(each, order) for name, each in answer.items()}
    return answer
