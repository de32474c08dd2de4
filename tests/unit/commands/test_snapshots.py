"""Keeping a command's state: it saves reading, and decides nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pytest

from eventlab import hooks
from eventlab.codec import EVENTS, Personal
from eventlab.commands import Command, Snapshot, execute
from eventlab.errors import Refused, StoreBusy
from eventlab.store import MemoryStore, Record, StoredEvent, StreamId, open_store
from eventlab.store.records import MemoryRecords
from eventlab.testing import run

from .tally import STREAM, Add, Kind, Tally, keeping, kept, kept_version

KIND = Kind()


class CountingStore(MemoryStore):
    """Counts the events that it hands out."""

    def __init__(self) -> None:
        super().__init__("counting")
        self.read_events = 0

    async def read_many(
        self, streams: Sequence[str], *, after: Mapping[str, int] | None = None
    ) -> dict[str, list[StoredEvent]]:
        found = await super().read_many(streams, after=after)
        self.read_events += sum(map(len, found.values()))
        return found


async def filled(store: MemoryStore, events: int, kind: Kind = KIND) -> None:
    await store.append([(STREAM, kind.first(1, number)) for number in range(1, events + 1)])


def test_a_state_is_kept_when_enough_was_folded_and_the_rest_alone_is_read() -> None:
    add = keeping(every=10)

    async def main() -> None:
        store = CountingStore()
        await filled(store, 9)
        await execute(store, add(STREAM, 1, made=KIND.first))
        assert await kept_version(store) == 0  # it folded 9
        await execute(store, add(STREAM, 1, made=KIND.first))
        assert await kept_version(store) == 10
        for _ in range(9):
            await execute(store, add(STREAM, 1, made=KIND.first))
        assert await kept_version(store) == 10
        store.read_events = 0
        done = await execute(store, add(STREAM, 1, made=KIND.first))
        assert (store.read_events, done.versions, await kept_version(store)) == (11, {STREAM: 21}, 20)
        assert done.events == ((STREAM, KIND.first(1, 21)),)

    run(main())


def test_an_append_expects_the_version_that_the_kept_state_comes_to() -> None:
    class Rival(CountingStore):
        moved = False

        async def append(self, events: Sequence[tuple[str, object]], **options: Any) -> Any:
            if options.get("expect") and not self.moved:
                self.moved = True
                await super().append([(STREAM, KIND.first(5, 9))])
            return await super().append(events, **options)

    async def main() -> None:
        store = Rival()
        await filled(store, 4)
        add = keeping(every=2)
        await execute(store, add(STREAM, 0, made=KIND.first))
        assert await kept_version(store) == 4
        done = await execute(store, add(STREAM, 1, made=KIND.first))
        assert (done.attempts, done.conflicts) == (2, ((STREAM, 4, 5),))
        assert done.events == ((STREAM, KIND.first(1, 10)),)

    run(main())


def test_nothing_is_kept_of_a_command_that_is_refused() -> None:
    async def main() -> None:
        store = CountingStore()
        await filled(store, 4)
        with pytest.raises(Refused):
            await execute(store, keeping(every=2)(STREAM, 1, most=0, made=KIND.first))
        assert await kept(store) is None

    run(main())


@pytest.mark.parametrize("change", ["upcaster", "version", "state"])
def test_after_a_change_of_schema_it_is_passed_over_and_replaced(change: str) -> None:
    kind = Kind()

    @dataclass(frozen=True)
    class Wider(Tally):
        extra: int = 7

    @dataclass(frozen=True)
    class AddToWider(Command[Wider]):
        stream: StreamId
        cents: int
        made: Any = None
        snapshot = Snapshot("tally", every=3)
        initial = lambda self: Wider()  # noqa: E731  # the same fold, of another type
        apply = Add.apply
        handle = Add.handle
        most = 10**9

    async def main() -> None:
        store = CountingStore()
        await filled(store, 3, kind)
        await execute(store, keeping(every=3)(STREAM, 0, made=kind.first))
        before = await kept(store)
        later: Any = keeping(every=3, version=2 if change == "version" else 1)
        if change == "upcaster":
            kind.reform()
        elif change == "state":
            later = AddToWider
        store.read_events = 0
        await execute(store, later(STREAM, 0, made=kind.first))
        after = await kept(store)
        assert before is not None and after is not None and after != before and after.version == 3
        assert store.read_events == 3
        store.read_events = 0
        await execute(store, later(STREAM, 0, made=kind.first))
        assert (store.read_events, await kept(store)) == (1, after)

    run(main())


def test_a_stream_that_is_shorter_than_what_is_kept_of_it_is_read_from_its_beginning() -> None:
    """So it is after a backup was restored beside newer records; and so it stays when the stream has grown again."""

    async def main() -> None:
        store, restored = CountingStore(), CountingStore()
        await filled(store, 10)
        add = keeping(every=3)
        await execute(store, add(STREAM, 0, made=KIND.first))
        restored.records = store.records
        await filled(restored, 4)
        done = await execute(restored, add(STREAM, 1, made=KIND.first))
        assert done.events == ((STREAM, KIND.first(1, 5)),)
        assert await kept_version(restored) == 4

    run(main())


def test_another_stream_of_the_same_name_and_length_is_told_from_the_one_that_was_folded() -> None:
    async def main() -> None:
        store, other = CountingStore(), CountingStore()
        await filled(store, 5)
        await execute(store, keeping(every=3)(STREAM, 0, made=KIND.first))
        other.records = store.records
        await other.append([(STREAM, KIND.first(2, 2 * number)) for number in range(1, 8)])
        done = await execute(other, keeping(every=3)(STREAM, 1, made=KIND.first))
        assert done.events == ((STREAM, KIND.first(1, 15)),)

    run(main())


def test_what_is_no_kept_state_at_all_is_replaced() -> None:
    async def main() -> None:
        store = CountingStore()
        await filled(store, 5)
        await store.records.put("snapshot", f"tally|{STREAM}", b"rubbish", version=0)
        done = await execute(store, keeping(every=3)(STREAM, 1, made=KIND.first))
        assert (done.events, await kept_version(store)) == (((STREAM, KIND.first(1, 6)),), 5)

    run(main())


def heard(story: Callable[[], Any]) -> list[hooks.Happening]:
    told: list[hooks.Happening] = []
    kinds = (hooks.SnapshotTaken, hooks.SnapshotNotTaken)
    with hooks.listen(lambda what: told.append(what) if isinstance(what, kinds) else None):
        run(story())
    return told


class BrokenRecords(MemoryRecords):
    async def put(self, kind: str, key: str, value: bytes, *, version: int) -> Record:
        raise StoreBusy("memory:", 5.0)


def test_a_failure_to_keep_it_changes_nothing_but_is_told() -> None:
    async def main() -> None:
        store = CountingStore()
        store.records = BrokenRecords()
        await filled(store, 5)
        done = await execute(store, keeping(every=3)(STREAM, 1, made=KIND.first))
        assert (done.attempts, done.versions) == (1, {STREAM: 6})

    (told,) = heard(main)
    assert isinstance(told, hooks.SnapshotNotTaken)
    assert (told.store, told.snapshot, told.stream, told.version) == ("counting", "tally", STREAM, 5)
    assert told.reason.startswith("StoreBusy: ")


def test_keeping_it_is_told() -> None:
    async def main() -> None:
        store = CountingStore()
        await filled(store, 5)
        await execute(store, keeping(every=3)(STREAM, 1, made=KIND.first))

    assert heard(main) == [hooks.SnapshotTaken("counting", "tally", STREAM, 5)]


def test_a_state_that_would_not_come_back_as_it_is_is_not_kept() -> None:
    """A dict that counts by itself equals a plain one, but `apply` would fail on the plain one."""
    from collections import Counter

    @dataclass(frozen=True)
    class Count(Command[dict[str, int]]):
        stream: StreamId
        snapshot = Snapshot("count", every=1)

        def initial(self) -> dict[str, int]:
            return Counter()

        def apply(self, state: dict[str, int], stored: StoredEvent) -> dict[str, int]:
            state[stored.type] += 1
            return state

        def handle(self, state: dict[str, int]) -> Iterable[tuple[str, object]]:
            return ()

    async def main() -> None:
        store = CountingStore()
        await filled(store, 5)
        await execute(store, Count(STREAM))

    (told,) = heard(main)
    assert isinstance(told, hooks.SnapshotNotTaken) and "comes back from JSON as it went" in told.reason


@dataclass(frozen=True)
class Moved:
    customer: str
    address: Annotated[str | None, Personal("customer")]

    def worth(self) -> int:
        return 1


def test_nothing_is_kept_of_personal_events_and_what_was_kept_before_they_were_goes() -> None:
    @dataclass(frozen=True)
    class Open:
        """What `Moved` was before anybody said that it tells about a person."""

        customer: str
        address: str | None

        def worth(self) -> int:
            return 1

    async def main() -> None:
        store = CountingStore()
        add = keeping(every=2)
        EVENTS.register(Open, "tests.Moved", 1)
        await store.append([(STREAM, Open("ada", "1 Lane"))] * 5)
        await execute(store, add(STREAM, 0))
        assert await kept_version(store) == 5
        EVENTS.register(Moved, "tests.Moved", 2)
        EVENTS.upcaster("tests.Moved", 1)(lambda data: data)
        await execute(store, add(STREAM, 0))
        assert await kept(store) is None
        await store.append([(STREAM, EVENTS.encode(Moved("ada", "2 Lane"), to_seal=True))] * 5)
        await execute(store, add(STREAM, 0))
        assert await kept(store) is None

    run(main())


def test_two_folds_under_one_name_do_not_take_each_others_states() -> None:
    @dataclass(frozen=True)
    class Twice(Add):
        snapshot = Snapshot("tally", every=2)

        def apply(self, state: Tally, stored: StoredEvent) -> Tally:
            return Tally(state.total + 2 * stored.event.worth())

    async def main() -> None:
        store = CountingStore()
        await filled(store, 5)
        await execute(store, keeping(every=2)(STREAM, 0, made=KIND.first))
        done = await execute(store, Twice(STREAM, 1, made=KIND.first))
        assert done.events == ((STREAM, KIND.first(1, 11)),)

    run(main())


def test_nothing_is_left_running_behind_a_command_that_has_returned() -> None:

    async def main() -> int:
        store = CountingStore()
        await filled(store, 5)
        await execute(store, keeping(every=3)(STREAM, 1, made=KIND.first))
        return len(asyncio.all_tasks())

    assert run(main()) == 1


def test_without_the_declaration_nothing_is_kept() -> None:
    async def main() -> list[Record]:
        store = CountingStore()
        await filled(store, 500)
        await execute(store, Add(STREAM, 1, made=KIND.first))
        return await store.records.list("snapshot")

    assert run(main()) == []


def test_a_state_is_found_again_when_a_file_is_opened_again(tmp_path: Path) -> None:
    async def main() -> None:
        url = f"sqlite:///{tmp_path / 'tallies.db'}"
        for life in (1, 2):
            store = open_store(url)
            for number in range(5):
                done = await execute(store, keeping(every=4)(STREAM, 1, made=KIND.first))
                assert done.events == ((STREAM, KIND.first(1, 5 * (life - 1) + number + 1)),)
            assert await kept_version(store) == 4 * life
            await store.close()

    run(main())


def test_what_a_decision_does_to_the_state_it_is_given_is_not_kept() -> None:
    @dataclass(frozen=True)
    class Grow(Command[list[int]]):
        stream: StreamId
        snapshot = Snapshot("grown", every=2)

        def initial(self) -> list[int]:
            return []

        def apply(self, state: list[int], stored: StoredEvent) -> list[int]:
            state.append(stored.event.total)
            return state

        def handle(self, state: list[int]) -> Iterable[tuple[str, object]]:
            state.append(len(state) + 1)  # as it will be
            return [(self.stream, KIND.first(1, state[-1]))]

    async def main() -> None:
        store = CountingStore()
        for total in range(1, 8):
            done = await execute(store, Grow(STREAM))
            assert done.events == ((STREAM, KIND.first(1, total)),)
        assert store.read_events < 21

    run(main())
