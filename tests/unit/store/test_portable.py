"""A store comes out as lines and goes in again exactly; and what is damaged is found."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Sequence
from hashlib import blake2b
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventlab.codec import Encoded
from eventlab.errors import ExportInvalid, StoreFailed
from eventlab.store import (
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
from tests.unit.store.filled import filled
from tests.unit.store.turns import turns_of_others

TEXTS = st.text(max_size=20)
EVENTS = st.one_of(
    st.builds(Noted, TEXTS),
    st.builds(Counted, st.integers(-(2**53), 2**53)),
    st.builds(
        Encoded,
        st.just("Foreign"),
        st.integers(1, 9),
        st.sampled_from([b"{}", b'{"a": 1}\n', b"\xff\x00", b"[1,2]", b"[" * 100_000 + b"]" * 100_000]),
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
        await source.append([("a-1", Noted("bare"))], metadata=Metadata())
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
        assert await turns_of_others(work(store)) >= 10

    run(main())
