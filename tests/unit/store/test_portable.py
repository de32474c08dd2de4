"""A store comes out as lines and goes in again exactly; and what is damaged is found."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from types import MappingProxyType

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventlab.codec import Encoded
from eventlab.errors import ExportInvalid, StoreFailed, StoreUnavailable
from eventlab.store import (
    EVERYTHING,
    Filter,
    MemoryStore,
    Metadata,
    PortableStore,
    Receipt,
    StoredEvent,
    archive,
    open_store,
)
from eventlab.store.model import KeptReceipt
from eventlab.store.portable import check, export, import_, survey, verify
from eventlab.store.portable.lines import Foot, encoded
from eventlab.testing import run
from eventlab.testing.stores.vocabulary import Counted, Noted

TEXTS = st.text(max_size=20)
EVENTS = st.one_of(
    st.builds(Noted, TEXTS),
    st.builds(Counted, st.integers(-(2**53), 2**53)),
    st.builds(
        Encoded, st.just("Foreign"), st.integers(1, 9), st.sampled_from([b"{}", b'{"a": 1}\n', b"\xff\x00", b"[1,2]"])
    ),
)
APPENDS = st.lists(
    st.tuples(
        st.lists(st.tuples(st.sampled_from(["a-1", "b-ä", "c"]), EVENTS), min_size=1, max_size=4),
        st.none() | TEXTS.filter(bool),
        st.builds(Metadata, actor=st.none() | TEXTS, headers=st.dictionaries(TEXTS, TEXTS, max_size=2)),
    ),
    max_size=8,
)


async def lines_of(store: PortableStore) -> list[bytes]:
    lines: list[bytes] = []
    await export(store, lines.append)
    return lines


async def filled(store: PortableStore | None = None, events: int = 3) -> PortableStore:
    store = store or MemoryStore("source")
    for number in range(events):
        await store.append([("a-1", Noted(str(number))), ("b-1", Counted(number))], command_id=f"c-{number}")
    return store


async def content(store: PortableStore) -> tuple[list[StoredEvent], list[KeptReceipt]]:
    return await store.read_all(limit=10_000), await store.receipts(limit=10_000)


@given(APPENDS)
@settings(max_examples=60, deadline=None)
def test_what_is_exported_and_imported_is_the_same_to_the_byte(
    appends: list[tuple[list[tuple[str, object]], str | None, Metadata]],
) -> None:
    async def main() -> None:
        source, target = MemoryStore("shop"), MemoryStore("shop")
        used: set[str] = set()
        for events, command_id, metadata in appends:
            fresh = command_id if command_id not in used else None
            await source.append(events, command_id=fresh, metadata=metadata)
            used.add(fresh or "")
        lines = await lines_of(source)
        await import_(target, lines)
        assert await content(target) == await content(source)
        assert await lines_of(target) == lines

    run(main())


def test_memory_and_sqlite_give_the_same_export(tmp_path: Path) -> None:
    async def main() -> None:
        source = await filled()
        sqlite = open_store(f"sqlite:///{tmp_path}/shop.db", name="source")
        await import_(sqlite, await lines_of(source))
        assert await lines_of(sqlite) == await lines_of(source)
        again = await sqlite.append([("a-1", Noted("0")), ("b-1", Counted(0))], command_id="c-0")
        assert again.repeated  # receipts came along
        await sqlite.close()

    run(main())


def test_an_interrupted_import_is_repeated() -> None:
    async def main() -> None:
        source, target = await filled(events=5), MemoryStore("source")
        lines = await lines_of(source)
        with pytest.raises(ExportInvalid, match="ends too early"):
            await import_(target, lines[:4])
        await target.restore([one for one in (await source.read_all()) if one.position <= 4])
        done = await import_(target, lines)
        assert (done.events, done.present) == (6, 4)
        assert await content(target) == await content(source)
        assert (await import_(target, lines)).events == 0

    run(main())


def test_an_import_over_other_events_is_refused_and_changes_nothing() -> None:
    async def main() -> None:
        target = MemoryStore("other")
        await target.append([("a-1", Noted("mine"))])
        before = await content(target)
        with pytest.raises(ExportInvalid, match=r"export:2: position 1 holds another event already"):
            await import_(target, await lines_of(await filled()))
        assert await content(target) == before

    run(main())


def damaged(lines: Sequence[bytes], how: str) -> list[bytes]:
    kept = list(lines)
    match how:
        case "cut short":
            return kept[:-1]
        case "a line is missing":
            return kept[:3] + kept[4:]
        case "a line was changed":
            return [*kept[:2], kept[2].replace(b'"number":0', b'"number":1'), *kept[3:]]
        case "no JSON":
            return [*kept[:2], b"{broken\n", *kept[2:]]
        case "no head":
            return kept[1:]
        case "something after the end":
            return [*kept, kept[1]]
        case "a newer format":
            return [kept[0].replace(b'"format":1', b'"format":2'), *kept[1:]]
    raise AssertionError(how)


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("cut short", r"export:10: the export ends too early"),
        ("a line is missing", r"the lines before are not those that were exported"),
        ("a line was changed", r"export:11: the lines before are not those"),
        ("no JSON", r"export:3: no line of an export"),
        ("no head", r"export:1: an export begins with"),
        ("something after the end", r"export:12: there are lines after the end"),
        ("a newer format", r"export:1: format 2 is newer than 1"),
    ],
)
def test_a_damaged_export_is_found_before_anything_is_written(how: str, says: str) -> None:
    lines = run(_lines())
    check(lines)
    with pytest.raises(ExportInvalid, match=says):
        check(damaged(lines, how))


async def _lines() -> list[bytes]:
    return await lines_of(await filled())


def test_an_export_is_of_one_moment_while_others_write() -> None:
    """A receipt of an append that came after the head was taken is left out, like its events."""

    class Growing(MemoryStore):
        async def receipts(self, after: str = "", *, limit: int = 1000) -> list[KeptReceipt]:
            if not after:
                await self.append([("late-1", Noted("late"))], command_id="late")
            return await super().receipts(after, limit=limit)

    async def main() -> None:
        lines = await lines_of(await filled(Growing("source")))
        assert not any(b"late" in line for line in lines)
        check(lines)

    run(main())


def test_a_survey_tells_of_every_stream() -> None:
    async def main() -> None:
        store = await filled()
        await archive(store, "b-1")
        assert [(one.stream, one.version, one.is_archived) for one in await survey(store)] == [
            ("a-1", 3, False),
            ("b-1", 4, True),
        ]

    run(main())


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
        ({"type": "Foreign", "data": b"\xff"}, "holds no JSON"),
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
        assert [(one.position, one.what) for one in found.shown if "cannot be read" in one.what] == says
        assert (found.events, found.head, found.gaps) == (6 - len(bad), 6, 0)

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


class Overtaken(MemoryStore):
    """Each thing that is to be restored was just restored by another import."""

    async def restore(self, events: Sequence[StoredEvent], receipts: Sequence[KeptReceipt] = ()) -> None:
        there = [kept for kept in receipts if await self.receipt(kept.command_id) is not None]
        if not there:
            await super().restore(events[:4], receipts)
        if there or receipts:
            raise StoreFailed("sqlite:///a.db", "UNIQUE constraint failed")
        await super().restore(events, receipts)


def test_two_imports_at_once_both_end_well() -> None:
    async def main() -> None:
        source, target = await filled(), Overtaken("target")
        done = await import_(target, await lines_of(source))
        assert (done.events + done.present, done.receipts) == (6, 0)
        assert await content(target) == await content(source)

    run(main())


def test_a_receipt_that_differs_is_refused() -> None:
    async def main() -> None:
        source, target = await filled(), MemoryStore("target")
        await target.restore([], [KeptReceipt("c-1", b"x", Receipt((9,), {}))])
        with pytest.raises(ExportInvalid, match="export:9: command id 'c-1' has another receipt already"):
            await import_(target, await lines_of(source))

    run(main())


@pytest.mark.parametrize("broken_within_a_line", [False, True])
def test_an_import_cut_short_says_how_much_is_in(broken_within_a_line: bool) -> None:
    async def main() -> None:
        source, target = await filled(events=600), MemoryStore("target")
        lines = (await lines_of(source))[:1101]
        if broken_within_a_line:
            lines[-1] = lines[-1][:20]
        with pytest.raises(ExportInvalid, match=r"ends too early.*; 1,000 events are in the store, and importing it"):
            await import_(target, lines)
        assert await target.head() == 1000
        assert (await import_(target, await lines_of(source))).events == 200

    run(main())


def test_an_export_does_not_depend_on_what_the_store_is_called() -> None:
    async def main() -> None:
        source, target = await filled(), MemoryStore("other")
        lines = await lines_of(source)
        await import_(target, lines)
        assert await lines_of(target) == lines

    run(main())


def test_an_export_that_names_its_store_is_taken_in_as_well() -> None:
    async def main() -> None:
        head, *body = (await lines_of(await filled()))[:-1]
        lines = [head.replace(b'"head"', b'"store":"shop","head"'), *body]
        digest = blake2b(b"".join(lines), digest_size=16).hexdigest()
        assert (await import_(MemoryStore("target"), [*lines, encoded(Foot(6, 3, digest))])).events == 6

    run(main())


@pytest.mark.parametrize("work", [lambda store: export(store, lambda _: None), survey, verify])
def test_others_have_their_turn_between_pages(
    work: Callable[[PortableStore], Awaitable[object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("exporting", "survey", "walking"):
        monkeypatch.setattr(sys.modules[f"eventlab.store.portable.{module}"], "PAGE", 2)

    async def main() -> None:
        store = await filled(events=10)
        turns = 0

        async def count() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        async with asyncio.TaskGroup() as group:
            counting = group.create_task(count())
            await work(store)
            counting.cancel()
        assert turns >= 10

    run(main())
