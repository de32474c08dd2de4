"""The index of unfinished sagas: the first is found without reading them all, and nothing that it says is believed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventlab.errors import InvalidValue, StoreUnavailable
from eventlab.sagas import events as e
from eventlab.sagas import index as indexing
from eventlab.sagas import kept
from eventlab.sagas.index import SagaIndex, Unfinished, unfinished
from eventlab.store import EventStore, MemoryStore, StoredEvent, open_store
from eventlab.testing import run
from tests.contracts.backends import POSTGRES, url_of
from tests.unit.sagas.filled import COMPLETED, RUNNING, STUCK, UNDONE, Counting, Gone, named, write

BACKENDS = ("memory", "NORMAL")


@contextlib.asynccontextmanager
async def opened(backend: str, folder: Path) -> AsyncIterator[EventStore]:
    store = open_store(url_of(backend, folder), name="sagas")
    try:
        yield store
    finally:
        await store.close()


async def every(store: EventStore, **options: bool) -> list[str]:
    return [saga_id async for saga_id in unfinished(store, **options)]


async def caught_up(store: EventStore, **options: int) -> SagaIndex:
    index = SagaIndex(store, **options)
    await index.catch_up()
    return index


@pytest.mark.parametrize("backend", BACKENDS)
def test_of_ten_thousand_the_first_is_found_in_one_page(backend: str, tmp_path: Path) -> None:
    async def main() -> tuple[str, int, int]:
        async with opened(backend, tmp_path) as store:
            await write(store, range(10_000), at_once=1000)
            counting = Counting(store)
            first = await anext(unfinished(counting))
            return first, counting.events, counting.streams

    assert run(main()) == ("000000", indexing.PAGE, 1)


@pytest.mark.parametrize("stopped", [True, False])
@pytest.mark.parametrize("backend", BACKENDS)
def test_with_many_ended_ones_before_it_is_found_in_what_was_kept(backend: str, stopped: bool, tmp_path: Path) -> None:
    """Somebody followed the log while they ended, and stopped, or was killed; since then a few more were started."""

    async def main() -> tuple[str, int, int]:
        async with opened(backend, tmp_path) as store:
            await write(store, range(8000), COMPLETED, at_once=1000)
            await write(store, range(8000, 10_000), at_once=1000)
            keeper = await caught_up(store)
            if stopped:
                await keeper.keep()
            await write(store, range(10_000, 10_010))
            counting = Counting(store)
            return await anext(unfinished(counting)), counting.events, counting.streams

    first, events, streams = run(main())
    assert (first, streams) == ("008000", 1)
    assert events <= (0 if stopped else indexing.KEEP_EVERY)


@pytest.mark.parametrize("backend", [*BACKENDS, POSTGRES])
def test_exactly_those_come_that_somebody_has_to_drive_oldest_first(backend: str, tmp_path: Path) -> None:
    async def main() -> tuple[list[str], list[str]]:
        async with opened(backend, tmp_path) as store:
            for number, then in enumerate([RUNNING, COMPLETED, STUCK, UNDONE] * 20):
                await write(store, [number], then)
            await store.append([("order-1", e.SagaStarted("1", "no saga's stream", 1, None))])
            assert await SagaIndex(store).advance() == named(*range(0, 80, 4))
            cold = await every(store)
            await (await caught_up(store, keep_every=1)).keep()
            await store.append(
                [("saga-000004", e.SagaCompleted()), ("saga-000002", e.SagaRetried("up again", "ada", 0.0))]
            )
            return cold, await every(store)

    cold, warm = run(main())
    assert cold == named(*range(0, 80, 4))
    assert warm == named(0, *range(8, 80, 4), 2)


def test_what_ended_after_the_index_was_written_is_not_believed_to_be_open() -> None:
    """The log of each saga is asked before anybody drives it."""

    async def main() -> tuple[str, list[str]]:
        store = MemoryStore()
        await write(store, range(3))
        await (await caught_up(store)).keep()
        await store.append([("saga-000000", e.SagaCompleted()), ("saga-000001", e.SagaStuck("pay", "no"))])
        index = SagaIndex(store)
        await index.advance()
        return await anext(unfinished(store)), list(index.open)

    assert run(main()) == ("000002", named(0, 1, 2))


BOUNDARIES: Sequence[object] = (
    e.SagaStuck("pay", "no"),
    e.SagaRetried("again", "ada", 0.0),
    e.SagaTurnedBack("operator", "enough", "ada"),
    e.StepResolved("pay", "succeeded", "seen it", "ada", 0.0),
    e.StepSkippedByHand("pay", "not needed", "ada", 0.0),
    e.SagaAbandoned("enough", "ada"),
    e.SagaCompleted(),
    e.CompensationCompleted(),
)


@settings(deadline=None, max_examples=60)
@given(
    moves=st.lists(st.tuples(st.integers(0, 5), st.sampled_from(BOUNDARIES)), max_size=60),
    page=st.integers(1, 7),
    keep_every=st.integers(1, 9),
    cuts=st.lists(st.integers(0, 20), max_size=6),
)
def test_however_often_it_is_written_and_taken_up_it_knows_what_the_log_says(
    moves: list[tuple[int, object]], page: int, keep_every: int, cuts: list[int]
) -> None:
    """Several keepers, each reads on a little and is gone; then one that reads everything, from what they left."""

    async def main() -> None:
        store = MemoryStore()
        await write(store, range(6))
        keepers = [SagaIndex(store, page=page, keep_every=keep_every) for _ in range(2)]
        for number, (saga, event) in enumerate(moves):
            await store.append([(f"saga-{saga:06}", event)])
            if number in cuts:
                keepers[number % 2] = SagaIndex(store, page=page, keep_every=keep_every)
            await keepers[number % 2].advance()
        warm, cold = await caught_up(store), SagaIndex(MemoryStore())
        cold._begun = True
        cold._take_in(await store.read_all(where=indexing.BOUNDS))
        assert (warm.open, warm.stuck) == (cold.open, cold.stuck)
        assert list(warm.open) == list(cold.open)

    run(main())


@pytest.mark.parametrize("made", [False, True])
def test_a_keeper_that_is_gone_in_the_middle_of_writing_leaves_an_index_that_is_whole(
    made: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut before, or right after, each change of a record; and nothing of what was cut short stays for ever."""
    monkeypatch.setattr(kept, "PIECE", 5)

    async def main(cut: int) -> bool:
        store = MemoryStore()
        await write(store, range(12))
        await write(store, range(20, 23), STUCK)
        await (await caught_up(store)).keep()
        await write(store, range(30, 42))
        counting = Counting(store)
        counting.counted.cut, counting.counted.made = cut, made
        index = await caught_up(counting)
        was_cut = False
        try:
            await index.keep()
        except Gone:
            was_cut = True
        found = await caught_up(store)
        assert list(found.open) == named(*range(12), *range(30, 42))
        assert list(found.stuck) == named(20, 21, 22)
        await write(store, [50])
        await (await caught_up(store)).keep()
        assert len(await store.records.list(kept.KIND)) == 1 + 5 + 1
        return was_cut

    cuts = [run(main(cut)) for cut in range(1, 15)]
    assert cuts == [True] * 11 + [False] * 3


def test_who_reads_while_another_writes_anew_begins_again_and_misses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "PIECE", 5)

    async def main() -> set[str]:
        store = MemoryStore()
        await write(store, range(12))
        await (await caught_up(store)).keep()
        walking = unfinished(store)
        found = [await anext(walking)]
        await write(store, range(20, 32))
        await (await caught_up(store)).keep()
        found += [saga_id async for saga_id in walking]
        return set(found)

    assert run(main()) == set(named(*range(12), *range(20, 32)))


def test_who_is_late_writes_nothing_and_the_index_never_goes_back() -> None:
    async def main() -> list[int]:
        store = MemoryStore()
        await write(store, range(3))
        late = await caught_up(store)
        await write(store, range(3, 6))
        early = await caught_up(store)
        await early.keep()
        changes = Counting(store)
        await late.keep()
        kept_at = await kept.Kept(store).begin()
        await write(store, range(6, 9))
        both = [await caught_up(changes) for _ in range(2)]
        await asyncio.gather(*(index.keep() for index in both))
        return [kept_at, await kept.Kept(store).begin(), len(await store.records.list(kept.KIND))]

    assert run(main()) == [12, 18, 2]


class Meeting(Counting):
    """Lets *other* write as well, while somebody writes: when he puts something, or when he begins to sweep."""

    other: SagaIndex | None = None

    def meet(self, call: str) -> None:
        real = getattr(self.counted, call)

        async def meeting(*args: Any, **options: Any) -> Any:
            if (other := self.other) is not None:
                self.other = None
                await other.keep()
            return await real(*args, **options)

        setattr(self.counted, call, meeting)


async def both_keep(call: str) -> tuple[list[str], int]:
    """Who knows less writes, and at his *call* who knows more does. What is found then, and how many records."""
    store = Meeting(MemoryStore())
    store.meet(call)
    await write(store, range(3))
    early = await caught_up(store)
    await write(store, range(3, 6))
    store.other = await caught_up(store)
    await early.keep()
    counting = Counting(store)
    index = await caught_up(counting)
    assert counting.events == 0
    return list(index.open), len(await store.records.list(kept.KIND))


def test_who_sweeps_leaves_alone_what_somebody_has_written_since() -> None:
    found, _ = run(both_keep("list"))
    assert found == named(*range(6))


def test_of_two_who_write_at_once_one_stands_and_nothing_of_the_other_is_left() -> None:
    assert run(both_keep("put")) == (named(*range(6)), 2)


def test_a_piece_that_is_missing_costs_a_walk_through_the_log_and_is_mended() -> None:
    async def main() -> tuple[list[str], list[str], int]:
        store = MemoryStore()
        await write(store, range(3))
        await (await caught_up(store)).keep()
        (piece,) = [record for record in await store.records.list(kept.KIND) if record.key != "head"]
        await store.records.delete(kept.KIND, piece.key, version=piece.version)
        index = await caught_up(store)
        await index.keep()
        counting = Counting(store)
        return list(index.open), list((await caught_up(counting)).open), counting.events

    assert run(main()) == (named(0, 1, 2), named(0, 1, 2), 0)


def test_an_index_of_another_log_is_not_believed() -> None:
    """The records were taken over from a store that had come further."""

    async def main() -> list[str]:
        other, store = MemoryStore(), MemoryStore()
        await write(other, range(50))
        await (await caught_up(other)).keep()
        store.records = other.records
        await write(store, range(3))
        return await every(store)

    assert run(main()) == named(0, 1, 2)


class Away(MemoryStore):
    """Every second page fails."""

    pages = 0

    async def read_all(self, *args: object, **options: object) -> list[StoredEvent]:
        self.pages += 1
        if self.pages % 2:
            raise StoreUnavailable(self.name, "away")
        return await super().read_all(*args, **options)  # type: ignore[arg-type]


def test_a_store_that_is_away_for_a_moment_is_asked_again_and_nothing_is_left_out() -> None:
    async def main() -> list[str]:
        store = Away()
        await write(store, range(3))
        walking, found = unfinished(store), []
        while True:
            with contextlib.suppress(StoreUnavailable):
                try:
                    found.append(await anext(walking))
                except StopAsyncIteration:
                    return found

    assert run(main()) == named(0, 1, 2)


def test_the_more_sagas_are_open_the_more_seldom_they_are_written() -> None:
    """So writing them costs a bounded part of reading them, however many there are."""

    async def main() -> list[int]:
        store = MemoryStore()
        await write(store, range(300))
        writes = []
        for keep_every in (10, 1000):
            counting = Counting(store)
            await caught_up(counting, keep_every=keep_every, page=1)
            writes.append(counting.counted.changes)
        return writes

    few, none = run(main())
    assert none == 0
    assert 0 < few < 30


def test_stuck_sagas_are_told_with_the_reason_and_since_when() -> None:
    async def main() -> list[tuple[str, str | None]]:
        store = MemoryStore()
        await write(store, [1], STUCK)
        await (await caught_up(store)).keep()
        index = await caught_up(store)
        assert index.stuck["000001"].since == (await store.read("saga-000001"))[-1].occurred_at
        return [(entry.saga_id, entry.reason) for entry in index.stuck.values()]

    assert run(main()) == [("000001", "pay: nobody answers")]


def test_every_event_that_opens_or_ends_a_saga_is_one_that_there_is() -> None:
    bounds = (*indexing.OPENING, *indexing.STICKING, *indexing.ENDING)
    assert [name for name in bounds if not hasattr(e, name)] == []
    assert len(set(bounds)) == len(bounds)


def test_an_index_without_pages_is_refused() -> None:
    with pytest.raises(InvalidValue, match="page of the index of sagas"):
        SagaIndex(MemoryStore(), page=0)


def test_a_walk_ends_where_the_log_ended_when_it_began() -> None:
    """What is started meanwhile is for whoever started it."""

    async def main() -> list[str]:
        store = MemoryStore()
        await write(store, range(3))
        walking = Unfinished(store, SagaIndex(store, page=2))
        first = await anext(walking)
        await write(store, range(3, 6))
        return [first, *[saga_id async for saga_id in walking]]

    assert run(main()) == named(0, 1, 2)
