"""Laws of taking a log in exactly as it was elsewhere, and of giving it out. They ask for a `PortableStore`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, cast

from msgspec.structs import replace

from eventlab.errors import ArchivedStreamError, CommandIdReused, InvalidStreamId, InvalidValue, VersionConflict
from eventlab.runtime import new_id
from eventlab.store import MemoryStore, Metadata, PortableStore, Receipt, StoredEvent, archive
from eventlab.store.model import KeptReceipt

from .vocabulary import Counted, Law, Noted, OpenStore, opened, raised, texts

EAST = timezone(timedelta(hours=5, minutes=30))
NO_APPEND_LEAVES: dict[str, list[Any]] = {
    "position": [True, "1", 2**63],
    "stream": [" a-1"],
    "version": [True, "1"],
    "id": [None, "x"],
    "type": [None, "", "a\0"],
    "schema_version": [0, -1, "1", 2**31],
    "data": [None, "{}"],
    "metadata": [None, {}],
    "occurred_at": [None, "2026-01-01T00:00:00Z", datetime(2026, 1, 1)],
}


async def a_copy_is_exact(open_store: OpenStore) -> None:
    """Ids, times, metadata, and positions with gaps."""
    events, receipts = await _elsewhere()
    async with _portable(open_store) as store:
        await store.restore(events, receipts)
        assert await store.read_all() == events
        for name in ("a-1", "b-1"):
            assert await store.read(name) == [stored for stored in events if stored.stream == name]
        assert await store.head() == events[-1].position
        assert await store.receipts() == receipts


async def a_copy_may_come_in_parts(open_store: OpenStore) -> None:
    events, receipts = await _elsewhere()
    async with _portable(open_store) as store:
        for begin in range(0, len(events), 2):
            await store.restore(events[begin : begin + 2])
        await store.restore([], receipts[:1])
        await store.restore([], receipts[1:])
        assert (await store.read_all(), await store.receipts()) == (events, receipts)


async def what_is_given_out_makes_the_same_store_elsewhere(open_store: OpenStore) -> None:
    async with _portable(open_store) as store:
        await _fill(store)
        other = MemoryStore()
        await other.restore(await store.read_all(), await store.receipts())
        assert await other.read_all() == await store.read_all()
        assert await other.receipts() == await store.receipts()
        assert (await other.append([("a-1", Noted("1")), ("b-1", Counted(2))], command_id="c-1")).repeated


async def receipts_are_given_out_in_pages(open_store: OpenStore) -> None:
    async with _portable(open_store) as store:
        for command_id in ("c-2", "C-1", "c-10", "ä", "c-1"):
            await store.append([("a-1", Noted(command_id))], command_id=command_id)
        found: list[KeptReceipt] = []
        while page := await store.receipts(found[-1].command_id if found else "", limit=2):
            assert len(page) <= 2
            found += page
        assert [kept.command_id for kept in found] == ["C-1", "c-1", "c-10", "c-2", "ä"]
        assert not any(kept.receipt.repeated for kept in found)


async def receipts_that_were_taken_in_still_answer(open_store: OpenStore) -> None:
    events, receipts = await _elsewhere()
    async with _portable(open_store) as store:
        await store.restore(events, receipts)
        again = await store.append([("a-1", Noted("1")), ("b-1", Counted(2))], command_id="c-1")
        assert again.repeated and again == await store.receipt("c-1")
        assert (again.positions, again.versions) == (receipts[0].receipt.positions, receipts[0].receipt.versions)
        await raised(CommandIdReused, store.append([("a-1", Noted("other"))], command_id="c-2"))
        assert await store.head() == events[-1].position


async def appends_go_on_after_what_was_taken_in(open_store: OpenStore) -> None:
    events, receipts = await _elsewhere()
    async with _portable(open_store) as store:
        await store.restore(events, receipts)
        await raised(VersionConflict, store.append([("b-1", Noted("x"))], expect={"b-1": 0}))
        receipt = await store.append([("b-1", Noted("new")), ("c-1", Noted("new"))], expect={"b-1": 2})
        assert receipt.versions == {"b-1": 3, "c-1": 1}
        assert events[-1].position < receipt.positions[0] < receipt.positions[1] == await store.head()
        assert texts(await store.read_all(events[-1].position)) == ["new", "new"]


async def pages_and_windows_mind_the_gaps(open_store: OpenStore) -> None:
    events, _ = await _elsewhere()
    async with _portable(open_store) as store:
        await store.restore(events)
        for after in range(events[-1].position + 1):
            following = [stored for stored in events if stored.position > after]
            assert await store.read_all(after, limit=2) == following[:2]


async def a_moment_is_a_prefix_also_where_the_clock_stepped_back(open_store: OpenStore) -> None:
    """Versions were decided one after the other, whatever the clock said: no event without those before it."""
    began = datetime(2026, 1, 1, tzinfo=UTC)
    (first, *_), _ = await _elsewhere()
    events = [
        replace(
            first, position=n, version=n, id=new_id(), occurred_at=(began + timedelta(minutes=minutes)).astimezone(EAST)
        )
        for n, minutes in enumerate((0, 5, 2, 5, 9), 1)
    ]
    async with _portable(open_store) as store:
        await store.restore(events)
        for minutes, count in ((-1, 0), (0, 1), (2, 1), (4, 1), (5, 4), (8, 4), (9, 5)):
            moment = began + timedelta(minutes=minutes)
            assert await store.read("a-1", at=moment) == events[:count]
            for after in range(5):  # whatever is left out, what comes before it counts
                assert await store.read("a-1", at=moment, after=after) == events[after:count]
                latest = await store.read("a-1", at=moment, after=after, backwards=True, limit=2)
                assert latest == events[after:count][::-1][:2]


async def archived_streams_stay_archived_in_a_copy(open_store: OpenStore) -> None:
    source = MemoryStore()
    await source.append([("a-1", Noted("1")), ("b-1", Noted("2"))])
    await archive(source, "a-1")
    async with _portable(open_store) as store:
        await store.restore(await source.read_all())
        await raised(ArchivedStreamError, store.append([("a-1", Noted("x"))]))
        await store.append([("b-1", Noted("3"))])


async def a_wrong_position_is_refused_and_nothing_written(open_store: OpenStore) -> None:
    events, receipts = await _elsewhere()
    async with _portable(open_store) as store:
        await store.restore(events[:2])
        head = await store.head()
        for wrong in (head, head - 1, 0, -5):
            await raised(InvalidValue, store.restore([replace(events[2], position=wrong)], receipts))
        backwards = [events[2], replace(events[3], position=events[2].position)]
        await raised(InvalidValue, store.restore(backwards, receipts))
        assert (await store.read_all(), await store.receipts()) == (events[:2], [])
        await store.restore(events[2:], receipts)


async def a_wrong_version_is_refused_and_nothing_written(open_store: OpenStore) -> None:
    events, receipts = await _elsewhere()
    async with _portable(open_store) as store:
        await store.restore(events[:2])
        for version in (0, 1, 2, 4, 7):  # the third event of a-1 is due, after its second
            wrong = [events[2], replace(events[3], version=version)]
            await raised(InvalidValue, store.restore(wrong, receipts))
        assert (await store.read_all(), await store.receipts()) == (events[:2], [])


async def a_name_that_no_stream_may_have_is_refused_and_nothing_written(open_store: OpenStore) -> None:
    events, _ = await _elsewhere()
    async with _portable(open_store) as store:
        named = replace(events[1], stream="b-*", version=1)
        await raised(InvalidStreamId, store.restore([events[0], named]))
        assert await store.read_all() == []


async def what_no_store_gives_is_not_taken_in(open_store: OpenStore) -> None:
    events, receipts = await _elsewhere()
    wrong: list[Any] = [None, 7, ["a-1"], [None], [*events, receipts[0]]]
    async with _portable(open_store) as store:
        for each in wrong:
            await raised(InvalidValue, store.restore(each))
            await raised(InvalidValue, store.restore(events, each))
        for field, values in NO_APPEND_LEAVES.items():
            for value in values:
                await raised(InvalidValue, store.restore([replace(events[0], **{field: value})]))
        for kept in (
            [receipts[0], receipts[0]],
            [replace(receipts[0], command_id="a\0")],
            [replace(receipts[0], fingerprint="text")],
            [replace(receipts[0], receipt=Receipt((2**63,)))],
        ):
            await raised(InvalidValue, store.restore(events, kept))
        assert (await store.read_all(), await store.receipts()) == ([], [])


async def a_page_of_receipts_begins_after_a_text_and_holds_something(open_store: OpenStore) -> None:
    async with _portable(open_store) as store:
        await _fill(store)
        after: list[Any] = [None, 7, [], "a\0"]
        for each in after:
            await raised(InvalidValue, store.receipts(each))
        limits: list[Any] = [None, 0, -1, "1", 1.5]
        for limit in limits:
            await raised(InvalidValue, store.receipts(limit=limit))


async def _fill(store: PortableStore) -> None:
    given = Metadata("talk-1", "cause-1", "clerk", "00-ab-cd-01", headers={"tenant": "x", "ä": "雪"})
    await store.append([("a-1", Noted("1")), ("b-1", Counted(2))], command_id="c-1", metadata=given)
    await store.append([("a-1", Noted("3 \x00 – 雪"))], command_id="c-2")
    await store.append([("a-1", Counted(4)), ("b-1", Noted("5"))])


async def _elsewhere() -> tuple[list[StoredEvent], list[KeptReceipt]]:
    """The content of another store; its positions have gaps, as those of PostgreSQL have."""
    source = MemoryStore()
    await _fill(source)
    events = [replace(stored, position=stored.position * 3 - 1) for stored in await source.read_all()]
    kept = [
        replace(each, receipt=replace(each.receipt, positions=tuple(p * 3 - 1 for p in each.receipt.positions)))
        for each in await source.receipts()
    ]
    return events, kept


@asynccontextmanager
async def _portable(open_store: OpenStore) -> AsyncIterator[PortableStore]:
    async with opened(open_store) as store:
        yield cast(PortableStore, store)


RESTORING: tuple[Law, ...] = (
    a_copy_is_exact,
    a_copy_may_come_in_parts,
    what_is_given_out_makes_the_same_store_elsewhere,
    receipts_are_given_out_in_pages,
    receipts_that_were_taken_in_still_answer,
    appends_go_on_after_what_was_taken_in,
    pages_and_windows_mind_the_gaps,
    a_moment_is_a_prefix_also_where_the_clock_stepped_back,
    archived_streams_stay_archived_in_a_copy,
    a_wrong_position_is_refused_and_nothing_written,
    a_wrong_version_is_refused_and_nothing_written,
    a_name_that_no_stream_may_have_is_refused_and_nothing_written,
    what_no_store_gives_is_not_taken_in,
    a_page_of_receipts_begins_after_a_text_and_holds_something,
)
