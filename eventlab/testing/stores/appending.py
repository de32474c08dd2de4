"""Laws of appending: all or nothing, over any number of streams, versions without gaps."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

from eventlab import hooks
from eventlab.codec import Encoded
from eventlab.errors import ForeignStreamError, InvalidStreamId, InvalidValue, UnknownEventType
from eventlab.store import EventStore, Metadata, Receipt, StreamId, carrying

from .vocabulary import Counted, Law, Noted, OpenStore, opened, places, raised, texts


async def an_event_comes_back_as_it_was_written(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await store.append([("count-1", Counted(-7, (1, 2)))])
        (stored,) = await store.read("count-1")
        assert stored.event == Counted(-7, (1, 2))
        assert (stored.type, stored.schema_version) == ("eventlab.testing.Counted", 1)
        assert (stored.stream, stored.version) == ("count-1", 1)


async def any_text_comes_back(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        text = 'naïve – 雪 – \U0001f680 – "quoted" – \\ – \n – \x00 – \' --'
        await store.append([("note-ä 雪", Noted(text))], metadata=Metadata(actor=text))
        (stored,) = await store.read("note-ä 雪")
        assert (stored.event.text, stored.metadata.actor) == (text, text)


async def a_large_event_comes_back(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await store.append([("note-1", Noted("x" * 1_000_000))])
        (stored,) = await store.read("note-1")
        assert len(stored.event.text) == 1_000_000


async def versions_count_from_one_without_gaps(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        for number in range(5):
            receipt = await store.append([("a-1", Noted(str(number)))])
            assert receipt.versions == {"a-1": number + 1}
        assert [stored.version for stored in await store.read("a-1")] == [1, 2, 3, 4, 5]


async def several_events_of_one_append_keep_their_order(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        events = [("a-1", Noted("1")), ("b-1", Noted("2")), ("a-1", Noted("3")), ("b-1", Noted("4"))]
        receipt = await store.append(events)
        assert receipt.versions == {"a-1": 2, "b-1": 2}
        assert texts(await store.read_all()) == ["1", "2", "3", "4"]
        assert places(await store.read_all()) == [("a-1", 1), ("b-1", 1), ("a-1", 2), ("b-1", 2)]


async def a_receipt_tells_the_positions(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        first = await store.append([("a-1", Noted("1"))])
        second = await store.append([("b-1", Noted("2")), ("a-1", Noted("3"))])
        log = await store.read_all()
        assert (*first.positions, *second.positions) == tuple(stored.position for stored in log)
        assert first.positions[0] >= 1 and not second.repeated


async def positions_only_grow(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        receipts = await asyncio.gather(*(store.append([(f"a-{n % 3}", Noted(str(n)))] * 3) for n in range(20)))
        log = await store.read_all()
        positions = [stored.position for stored in log]
        assert positions == sorted(set(positions))
        assert sorted(position for receipt in receipts for position in receipt.positions) == positions


async def a_reader_of_the_log_sees_an_append_whole_and_in_its_order_or_not_at_all(open_store: OpenStore) -> None:
    """Events of appends that cross may stand between each other; but at no moment is there half an append."""
    async with opened(open_store) as store:
        writing = True

        async def write(writer: int) -> None:
            for number in range(10):
                text = f"{writer}/{number}"
                await store.append([(f"a-{writer}", Noted(text)), (f"b-{writer}", Noted(text))])
                await asyncio.sleep(0)

        async def look() -> None:
            while writing:
                seen: dict[str, list[str]] = {}
                for stored in await store.read_all():
                    seen.setdefault(stored.event.text, []).append(stored.stream[0])
                assert all(streams == ["a", "b"] for streams in seen.values())
                await asyncio.sleep(0)

        looking = asyncio.create_task(look())
        await asyncio.gather(*(write(writer) for writer in range(4)))
        writing = False
        await looking
        assert len(await store.read_all()) == 80


async def an_event_that_cannot_be_stored_stops_the_whole_append(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await raised(UnknownEventType, store.append([("a-1", Noted("1")), ("a-1", {"text": "2"})]))
        assert await store.read_all() == []


async def a_bad_stream_name_stops_the_whole_append(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        for name in ("", "  ", "x" * 256, "a-*", "a?", "[a", "a]", "a\nb"):
            await raised(InvalidStreamId, store.append([("a-1", Noted("1")), (name, Noted("2"))]))
        assert await store.read_all() == []


async def names_are_trimmed_and_given_back_plain(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        receipt = await store.append([(" a-1 ", Noted("1")), (StreamId("a-1"), Noted("2"))])
        assert receipt.versions == {"a-1": 2}
        stored = await store.read(" a-1")
        assert [type(one.stream) for one in stored] == [str, str]
        assert [type(name) for name in receipt.versions] == [str]


async def ids_are_unique_and_times_are_aware(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        for number in range(10):
            await store.append([("a-1", Noted(str(number)))] * 2)
        log = await store.read_all()
        assert len({stored.id for stored in log}) == 20
        assert [stored.id.version for stored in log] == [7] * 20
        offsets = [stored.occurred_at.utcoffset() for stored in log]
        assert all(offset is not None and offset.total_seconds() == 0 for offset in offsets)


async def metadata_is_stored_as_given(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        given = Metadata("talk-1", "cause-1", "clerk", "00-ab-cd-01", {"tenant": "x"})
        await store.append([("a-1", Noted("1"))], metadata=given)
        await store.append([("a-1", Noted("2"))])
        assert [stored.metadata for stored in await store.read("a-1")] == [given, Metadata()]


async def metadata_that_is_carried_is_stored(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        with carrying(correlation_id="talk-1", headers={"tenant": "x"}):
            with carrying(actor="clerk", headers={"region": "eu"}):
                await store.append([("a-1", Noted("1"))])
        (stored,) = await store.read("a-1")
        assert stored.metadata == Metadata("talk-1", actor="clerk", headers={"tenant": "x", "region": "eu"})


async def metadata_that_nobody_could_read_is_refused(open_store: OpenStore) -> None:
    """It would stand in the log for good, and no page with it could be read any more."""
    senseless: list[dict[str, Any]] = [
        {"actor": 17}, {"actor": object()}, {"correlation_id": "\ud800"}, {"headers": {"tenant": 17}},
        {"headers": None}, {"headers": "tenant"},
    ]  # fmt: skip
    async with opened(open_store) as store:
        for fields in senseless:
            await raised(InvalidValue, store.append([("a-1", Noted("1"))], metadata=Metadata(**fields)))
            await raised(InvalidValue, _carried(store, fields))
        assert await store.read_all() == []


async def metadata_of_kinds_of_text_is_stored_as_text(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        given: dict[str, Any] = {"correlation_id": UUID(int=7), "actor": StreamId("clerk-7")}
        await _carried(store, given)
        await store.append([("a-1", Noted("2"))], metadata=Metadata(**given))
        assert [stored.metadata for stored in await store.read("a-1")] == [
            Metadata("00000000-0000-0000-0000-000000000007", actor="clerk-7")
        ] * 2


async def _carried(store: EventStore, fields: dict[str, Any]) -> None:
    with carrying(**fields):
        await store.append([("a-1", Noted("1"))])


async def what_only_some_stores_could_hold_is_refused(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        contents: list[tuple[Any, Any, Any]] = [
            (1, 1, b"{}"), ("", 1, b"{}"), ("a\0", 1, b"{}"), ("\udc80", 1, b"{}"), ("a", 0, b"{}"),
            ("a", 2**31, b"{}"), ("a", "1", b"{}"), ("a", 1, "{}"), ("a", 1, bytearray(b"{}")),
        ]  # fmt: skip
        for content in contents:
            await raised(InvalidValue, store.append([("a-1", Encoded(*content))]))
        for command_id in ("\ud800", "a\0", "", "x" * 256, 7):
            await raised(InvalidValue, store.append([], command_id=command_id))  # type: ignore[arg-type]
            await raised(InvalidValue, store.receipt(command_id))  # type: ignore[arg-type]
        assert (await store.read_all(), await store.receipt("a")) == ([], None)


async def an_append_of_nothing_gives_an_empty_receipt(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        assert await store.append([]) == Receipt((), {})
        assert await store.read_all() == []


async def a_store_writes_only_what_it_owns(open_store: OpenStore) -> None:
    async with opened(open_store, owns=("order", "customer")) as store:
        await store.append([("order-1", Noted("1")), ("customer", Noted("2"))])
        error = await raised(ForeignStreamError, store.append([("order-1", Noted("3")), ("orders-1", Noted("4"))]))
        assert (error.owner, error.stream, error.owned) == (store.name, "orders-1", ("order", "customer"))
        await raised(ForeignStreamError, store.append([], expect={"stock-1": 0}))
        await raised(ForeignStreamError, store.read_many(["order-1", "stock-1"]))
        assert len(await store.read_all()) == 2


async def a_senseless_expectation_is_refused(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        for senseless in (-1, "1", None, 1.0):
            await raised(InvalidValue, store.append([("a-1", Noted("1"))], expect={"a-1": senseless}))  # type: ignore[dict-item]
        for unmapped in ([("a-1", 0)], "a-1", 5):
            await raised(InvalidValue, store.append([("a-1", Noted("1"))], expect=unmapped))  # type: ignore[arg-type]
        assert await store.read_all() == []


async def listeners_hear_what_was_written_and_nothing_else(open_store: OpenStore) -> None:
    heard: list[hooks.Happening] = []
    async with opened(open_store) as store:
        with hooks.listen(heard.append):
            first = await store.append([("a-1", Noted("1"))])
            second = await store.append([("a-1", Noted("2")), ("b-1", Counted(3)), ("a-1", Noted("4"))], command_id="c")
            await store.append([])
            await store.append([("a-1", Noted("2")), ("b-1", Counted(3)), ("a-1", Noted("4"))], command_id="c")
        noted, counted = "eventlab.testing.Noted", "eventlab.testing.Counted"
        assert heard == [
            hooks.EventsAppended(store.name, first.positions[0], (("a-1", 1, noted),)),
            hooks.EventsAppended(
                store.name, second.positions[-1], (("a-1", 2, noted), ("b-1", 1, counted), ("a-1", 3, noted))
            ),
        ]


APPENDING: tuple[Law, ...] = (
    an_event_comes_back_as_it_was_written,
    any_text_comes_back,
    a_large_event_comes_back,
    versions_count_from_one_without_gaps,
    several_events_of_one_append_keep_their_order,
    a_receipt_tells_the_positions,
    positions_only_grow,
    a_reader_of_the_log_sees_an_append_whole_and_in_its_order_or_not_at_all,
    an_event_that_cannot_be_stored_stops_the_whole_append,
    a_bad_stream_name_stops_the_whole_append,
    names_are_trimmed_and_given_back_plain,
    ids_are_unique_and_times_are_aware,
    metadata_is_stored_as_given,
    metadata_that_is_carried_is_stored,
    metadata_that_nobody_could_read_is_refused,
    metadata_of_kinds_of_text_is_stored_as_text,
    what_only_some_stores_could_hold_is_refused,
    an_append_of_nothing_gives_an_empty_receipt,
    a_store_writes_only_what_it_owns,
    a_senseless_expectation_is_refused,
    listeners_hear_what_was_written_and_nothing_else,
)
