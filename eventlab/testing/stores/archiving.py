"""Laws of archived streams: they can be read, and are never written again."""

from __future__ import annotations

from eventlab.errors import ArchivedStreamError, VersionConflict
from eventlab.store import ANY, EXISTS, EventStore, Expectation, StreamArchived, archive

from .vocabulary import Law, Noted, OpenStore, opened, places, raised, texts


async def an_archived_stream_can_be_read(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        receipt = await _archived(store)
        assert receipt == 3
        (*noted, last) = await store.read("a-1")
        assert (texts(noted), last.event) == (["1", "2"], StreamArchived("moved"))
        assert (await store.read_many(["a-1"]))["a-1"] == await store.read_all() == [*noted, last]


async def an_archived_stream_is_not_written_again(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await _archived(store)
        expectations: tuple[Expectation | None, ...] = (None, 3, ANY, EXISTS)
        for expected in expectations:
            expect = None if expected is None else {"a-1": expected}
            error = await raised(ArchivedStreamError, store.append([(" a-1", Noted("x"))], expect=expect))
            assert (error.stream, error.version) == ("a-1", 3)
        assert len(await store.read_all()) == 3


async def an_archived_stream_stops_the_whole_append(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await _archived(store)
        await store.append([("b-1", Noted("3"))])
        for events in (
            [("b-1", Noted("x")), ("a-1", Noted("x"))],
            [("a-1", Noted("x")), ("c-1", Noted("x"))],
            [("c-1", Noted("x")), ("a-1", Noted("x")), ("b-1", Noted("x"))],
        ):
            await raised(ArchivedStreamError, store.append(events, expect={"b-1": 1}, command_id="c-1"))
        assert places(await store.read_all()) == [("a-1", 1), ("a-1", 2), ("a-1", 3), ("b-1", 1)]
        assert await store.receipt("c-1") is None


async def nothing_comes_after_the_archiving_in_the_same_append(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        late = [("a-1", Noted("1")), ("b-1", Noted("2")), ("a-1", StreamArchived()), ("a-1", Noted("x"))]
        error = await raised(ArchivedStreamError, store.append(late))
        assert error.stream == "a-1"
        assert await store.read_all() == []
        receipt = await store.append([("a-1", Noted("1")), ("a-1", StreamArchived()), ("b-1", Noted("2"))])
        assert receipt.versions == {"a-1": 2, "b-1": 1}
        await raised(ArchivedStreamError, store.append([("a-1", Noted("x"))]))


async def a_stream_is_archived_once(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await _archived(store)
        await raised(ArchivedStreamError, archive(store, "a-1"))
        await raised(ArchivedStreamError, store.append([("b-1", StreamArchived()), ("b-1", StreamArchived())]))
        assert len(await store.read_all()) == 3


async def an_archived_stream_may_still_be_expected(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await _archived(store)
        await store.append([("b-1", Noted("3"))], expect={"a-1": 3, "b-1": 0})
        await store.append([("b-1", Noted("4"))], expect={"a-1": EXISTS})
        await raised(VersionConflict, store.append([("b-1", Noted("x"))], expect={"a-1": 2}))
        assert texts(await store.read("b-1")) == ["3", "4"]


async def a_stale_version_is_told_before_the_archive(open_store: OpenStore) -> None:
    """Whoever has read too little may decide otherwise once he reads that the stream was archived."""
    async with opened(open_store) as store:
        await _archived(store)
        error = await raised(VersionConflict, store.append([("a-1", Noted("x"))], expect={"a-1": 2}))
        assert error.conflicts == (("a-1", 2, 3),)


async def archiving_expects_a_version_like_any_append(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await store.append([("a-1", Noted("1"))])
        await raised(VersionConflict, archive(store, "a-1", expect=0))
        await store.append([("a-1", Noted("2"))])
        assert (await archive(store, "a-1", expect=2)).versions == {"a-1": 3}


async def an_archived_stream_closes_no_other(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await archive(store, "a-1")
        await store.append([(name, Noted(name)) for name in ("a-", "a-11", "A-1", "a-1-b", "a")])
        assert [stored.version for stored in await store.read_all()] == [1] * 6
        await raised(ArchivedStreamError, store.append([("a-1", Noted("x"))]))


async def a_repetition_is_answered_although_the_stream_was_archived(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await store.append([("a-1", Noted("1"))], command_id="c-1")
        await archive(store, "a-1")
        assert (await store.append([("a-1", Noted("1"))], command_id="c-1")).repeated


async def _archived(store: EventStore) -> int:
    """A stream of two events that was archived; its version."""
    await store.append([("a-1", Noted("1")), ("a-1", Noted("2"))])
    return (await archive(store, "a-1", reason="moved")).versions["a-1"]


ARCHIVING: tuple[Law, ...] = (
    an_archived_stream_can_be_read,
    an_archived_stream_is_not_written_again,
    an_archived_stream_stops_the_whole_append,
    nothing_comes_after_the_archiving_in_the_same_append,
    a_stream_is_archived_once,
    an_archived_stream_may_still_be_expected,
    a_stale_version_is_told_before_the_archive,
    archiving_expects_a_version_like_any_append,
    an_archived_stream_closes_no_other,
    a_repetition_is_answered_although_the_stream_was_archived,
)
