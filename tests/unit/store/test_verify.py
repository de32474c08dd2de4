"""What is damaged in a store is found, and told with its place."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec
import pytest

from eventlab.codec import Encoded
from eventlab.errors import StoreUnavailable
from eventlab.store import (
    EVERYTHING,
    Filter,
    MemoryStore,
    Receipt,
    StoredEvent,
    archive,
)
from eventlab.store.model import KeptReceipt
from eventlab.store.portable import verify
from eventlab.testing import run
from eventlab.testing.stores.vocabulary import Noted
from tests.unit.store.filled import filled


def test_nothing_is_found_in_a_store_that_is_whole() -> None:
    async def main() -> None:
        store = await filled()
        await archive(store, "b-1")
        found = await verify(store)
        assert (found.count, found.events, found.streams, found.receipts, found.unknown) == (0, 7, 2, 3, {})

    run(main())


class Damaged(MemoryStore):
    """A log in which events were replaced behind the store's back."""

    def plant(self, index: int, **changes: object) -> None:
        self._log[index] = msgspec.structs.replace(self._log[index], **changes)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"version": 5}, "stream 'a-1' version 5 stands where version 2 is due"),
        ({"position": 1}, "stream 'a-1' version 2 stands after position 2"),
        ({"stream": "a *"}, "'*' is reserved"),
        ({"data": b"{nonsense"}, "cannot be decoded"),
        ({"data": b'{"text": 7}'}, "cannot be decoded"),
        ({"type": "Foreign", "data": b"\xff"}, "holds no JSON that can be read"),
        ({"type": "Foreign", "data": b"[" * 100_000 + b"]" * 100_000}, "holds no JSON that can be read"),
    ],
)
def test_each_kind_of_damage_is_found(changes: dict[str, object], says: str) -> None:
    async def main() -> None:
        store = Damaged("damaged")
        await filled(store)
        store.plant(2, **changes)
        found = await verify(store)
        assert any(says in finding.what for finding in found.shown), found.shown

    run(main())


def test_events_of_types_that_nobody_registered_are_counted() -> None:
    async def main() -> None:
        store = await filled()
        await store.append([("a-1", Encoded("Foreign", 3, b"{}"))] * 2)
        found = await verify(store)
        assert (found.count, found.unknown) == (0, {"Foreign version 3": 2})

    run(main())


def test_a_receipt_of_nothing_is_found() -> None:
    async def main() -> None:
        store = await filled()
        await store.restore([], [KeptReceipt("lost", b"x", Receipt((99,), {"a-1": 99}))])
        found = await verify(store)
        assert found.shown[0].what == "command id 'lost' has a receipt for events that are not there"

    run(main())


def test_a_receipt_of_an_event_that_is_missing_in_the_middle_is_found() -> None:
    async def main() -> None:
        store = await filled()
        hollow = Damaged("hollow")
        await hollow.restore([one for one in await store.read_all() if one.stream == "b-1"], await store.receipts())
        found = await verify(hollow)
        assert (found.gaps, found.count) == (3, 3)
        assert found.shown[0].what == "command id 'c-0' has a receipt for events that are not there"

    run(main())


def test_an_event_id_that_is_there_twice_is_found() -> None:
    async def main() -> None:
        store = Damaged("damaged")
        await filled(store)
        (first, *_) = await store.read_all()
        store.plant(3, id=first.id)
        found = await verify(store)
        assert [(one.position, "as another event before it" in one.what) for one in found.shown] == [(4, True)]

    run(main())


class Unread(MemoryStore):
    """A log in which some positions cannot be read; its head neither, if *headless*."""

    bad: Mapping[int, str] = MappingProxyType({})
    headless = False

    async def read_all(self, after: int = 0, *, where: Filter = EVERYTHING, limit: int = 1000) -> list[StoredEvent]:
        found = await super().read_all(after, where=where, limit=limit)
        for stored in found:
            if stored.position in self.bad:
                raise ValueError(self.bad[stored.position])
        return found

    async def head(self) -> int:
        if self.headless:
            raise ValueError("no head")
        return await super().head()


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({3: "x"}, [(3, "cannot be read: ValueError: x")]),
        ({1: "x", 2: "y"}, [(1, "cannot be read: ValueError: x"), (2, "cannot be read: ValueError: y")]),
        ({2: "x", 3: "x", 4: "x"}, [(4, "this and all since 2 cannot be read: ValueError: x")]),
        ({3: "x", 6: "x"}, [(3, "cannot be read: ValueError: x"), (6, "cannot be read: ValueError: x")]),
        (dict.fromkeys(range(1, 7), "x"), [(6, "this and all since 1 cannot be read: ValueError: x")]),
    ],
)
def test_what_cannot_be_read_is_told_with_its_positions(bad: dict[int, str], says: list[tuple[int, str]]) -> None:
    async def main() -> None:
        store = Unread("unread")
        await filled(store)
        store.bad = bad
        found = await verify(store)
        assert [(one.position, one.what) for one in found.shown] == says
        assert (found.events, found.head, found.gaps) == (6 - len(bad), 6, 0)

    run(main())


def test_more_versions_than_could_not_be_read_are_missing() -> None:
    async def main() -> None:
        store = Unread("unread")
        await store.append([("a-1", Noted(text)) for text in "abcdef"])
        store.bad = {3: "x"}
        store._log[4] = msgspec.structs.replace(store._log[4], version=7)
        store._log[5] = msgspec.structs.replace(store._log[5], version=9)
        found = await verify(store)
        assert [(one.position, one.what) for one in found.shown] == [
            (3, "cannot be read: ValueError: x"),
            (5, "stream 'a-1' version 7 stands where version 5 is due"),
            (6, "stream 'a-1' version 9 stands where version 8 is due"),
        ]

    run(main())


def test_one_that_could_not_be_read_stands_for_one_that_is_missing() -> None:
    async def main() -> None:
        store = Unread("unread")
        await store.append([(stream, Noted("text")) for _ in range(2) for stream in ("a-1", "b-1", "c-1")])
        store.bad = {3: "x"}
        for index in (3, 4, 5):
            store._log[index] = msgspec.structs.replace(store._log[index], version=2 + (index < 5))
        found = await verify(store)
        assert [(one.position, one.what) for one in found.shown] == [
            (3, "cannot be read: ValueError: x"),
            (5, "stream 'b-1' version 3 stands where version 2 is due"),
            (6, "stream 'c-1' version 2 stands where version 1 is due"),
        ]

    run(main())


def test_where_the_end_cannot_be_read_either_looking_ends() -> None:
    async def main() -> None:
        store = Unread("unread")
        await filled(store)
        store.bad, store.headless = {5: "x", 10**12: "x"}, True
        store._log[-1] = msgspec.structs.replace(store._log[-1], position=10**12)
        found = await verify(store)
        assert (found.shown[0].position, found.shown[0].what) == (
            5,
            "from here on nothing can be read: ValueError: x",
        )

    run(main())


def test_a_store_that_is_away_is_no_finding() -> None:
    class Away(MemoryStore):
        async def read_all(self, after: int = 0, *, where: Filter = EVERYTHING, limit: int = 1000) -> list[StoredEvent]:
            raise StoreUnavailable("postgresql://h/d", "it is away")

    with pytest.raises(StoreUnavailable):
        run(verify(Away("away")))
