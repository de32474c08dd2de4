"""Laws of reading: streams, several streams at one moment, and the whole log in pages."""

from __future__ import annotations

import asyncio
from typing import cast

from eventlab.errors import InvalidValue
from eventlab.store import EventStore, Filter

from .vocabulary import Counted, Law, Noted, OpenStore, opened, places, raised, texts

NOTED, COUNTED = "eventlab.testing.Noted", "eventlab.testing.Counted"


async def a_missing_stream_is_empty(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        assert await store.read("a-1") == []
        assert await store.read_many(["a-1", "b-1"]) == {"a-1": [], "b-1": []}
        assert await store.read_all() == []


async def a_stream_is_read_after_a_version_and_up_to_a_limit(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await store.append([("a-1", Noted(str(n))) for n in range(1, 6)])
        assert texts(await store.read("a-1", after=2)) == ["3", "4", "5"]
        assert texts(await store.read("a-1", after=1, limit=2)) == ["2", "3"]
        assert texts(await store.read("a-1", after=5)) == []
        assert texts(await store.read("a-1", after=99, limit=1)) == []


async def a_read_is_a_copy(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await store.append([("a-1", Noted("1"))])
        (await store.read("a-1")).clear()
        (await store.read_many(["a-1"]))["a-1"].clear()
        (await store.read_all()).clear()
        assert len(await store.read("a-1")) == len(await store.read_all()) == 1


async def several_streams_are_read_each_in_its_order(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await store.append([("a-1", Noted("1")), ("b-1", Noted("2")), ("a-1", Noted("3")), ("c-1", Noted("4"))])
        found = await store.read_many(["b-1", "missing", "a-1"])
        assert [(name, texts(events)) for name, events in found.items()] == [
            ("b-1", ["2"]),
            ("missing", []),
            ("a-1", ["1", "3"]),
        ]
        assert await store.read_many([]) == {}


async def several_streams_are_read_at_one_moment(open_store: OpenStore) -> None:
    """Every append writes both streams, so whoever sees them at one moment sees them equally long."""
    async with opened(open_store) as store:

        async def write() -> None:
            for number in range(20):
                await store.append([("a-1", Noted(str(number))), ("b-1", Noted(str(number)))])

        async def compare() -> None:
            for _ in range(20):
                found = await store.read_many(["a-1", "b-1"])
                assert texts(found["a-1"]) == texts(found["b-1"])
                await asyncio.sleep(0)

        await asyncio.gather(write(), compare(), write(), compare())


async def what_was_written_is_read_at_once(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        for number in range(10):
            receipt = await store.append([("a-1", Noted(str(number)))])
            assert len(await store.read("a-1")) == number + 1
            assert (await store.read_all())[-1].position == receipt.positions[0]


async def the_log_is_read_in_pages_that_miss_nothing(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await _write_mixed(store)
        pages, after = [], 0
        while page := await store.read_all(after, limit=3):
            pages.append(len(page))
            assert page == [stored for stored in await store.read_all() if stored.position > after][:3]
            after = page[-1].position
        assert pages == [3, 3, 2]
        assert await store.read_all(after) == []


async def categories_filter_before_the_limit(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await _write_mixed(store)
        assert places(await store.read_all(where=Filter(categories=["b"]), limit=2)) == [("b-1", 1), ("b-2", 1)]
        assert places(await store.read_all(where=Filter(categories=["a"]))) == [("a-1", 1), ("a", 1), ("a-1", 2)]
        assert places(await store.read_all(where=Filter(categories=["a", "c"]), limit=99)) == [
            ("a-1", 1),
            ("a", 1),
            ("a-1", 2),
            ("c-1", 1),
        ]
        assert (
            await store.read_all(where=Filter(categories=["z"]))
            == await store.read_all(where=Filter(categories=[]))
            == []
        )


async def a_category_is_what_stands_before_the_first_dash(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        names = ["order", "order-1", "order-1-2", "orders-1", "order.1", "order 1", "Order-1", "order_1", "-order"]
        await store.append([(name, Noted(name)) for name in names])
        assert texts(await store.read_all(where=Filter(categories=["order"]))) == ["order", "order-1", "order-1-2"]
        assert texts(await store.read_all(where=Filter(categories=[""]))) == ["-order"]


async def types_filter_before_the_limit(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await _write_mixed(store)
        assert places(await store.read_all(where=Filter(types=[COUNTED]), limit=2)) == [("b-1", 1), ("a", 1)]
        assert places(await store.read_all(where=Filter(categories=["a"], types=[COUNTED]))) == [("a", 1)]
        assert len(await store.read_all(where=Filter(types=[COUNTED, NOTED]))) == 8
        assert (
            await store.read_all(where=Filter(types=[])) == await store.read_all(where=Filter(types=["Missing"])) == []
        )


async def filters_go_together_with_a_position(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await _write_mixed(store)
        (first, *others) = await store.read_all(where=Filter(categories=["a"]))
        assert await store.read_all(first.position, where=Filter(categories=["a"])) == others


async def a_page_of_nothing_is_refused(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await raised(InvalidValue, store.read_all(limit=0))
        await raised(InvalidValue, store.read_all(-1))
        for limit in (None, "10", 1.5):
            await raised(InvalidValue, store.read_all(limit=cast(int, limit)))
        await raised(InvalidValue, store.read_all(cast(int, "0")))
        await raised(InvalidValue, store.read("a-1", after=-1))
        await raised(InvalidValue, store.read("a-1", limit=0))
        await raised(InvalidValue, store.read_many(["a-1"], after={"a-1": -1}))
        await raised(InvalidValue, store.read_all(2**63))
        await raised(InvalidValue, store.append([], expect={"a-1": 2**63}))
        await raised(InvalidValue, store.append([("a-1", Noted("last"))], expect={"a-1": 2**63 - 1}))


async def a_tailing_reader_misses_nothing(open_store: OpenStore) -> None:
    """Whoever goes on after the last position that it saw sees every event once, in order."""
    async with opened(open_store) as store:
        seen: list[int] = []

        async def write(writer: int) -> None:
            for number in range(25):
                await store.append([(f"a-{writer}", Counted(number))] * (1 + number % 3))

        async def tail() -> None:
            while len(seen) < 4 * 49:
                page = await store.read_all(seen[-1] if seen else 0, limit=7)
                seen.extend(stored.position for stored in page)
                await asyncio.sleep(0)

        await asyncio.gather(tail(), *(write(writer) for writer in range(4)))
        assert seen == [stored.position for stored in await store.read_all()]


async def _write_mixed(store: EventStore) -> None:
    await store.append([("a-1", Noted("1")), ("b-1", Counted(2)), ("a", Counted(3))])
    await store.append([("b-2", Noted("4"))])
    await store.append([("a-1", Noted("5")), ("c-1", Counted(6)), ("b-2", Counted(7)), ("b-1", Noted("8"))])


READING: tuple[Law, ...] = (
    a_missing_stream_is_empty,
    a_stream_is_read_after_a_version_and_up_to_a_limit,
    a_read_is_a_copy,
    several_streams_are_read_each_in_its_order,
    several_streams_are_read_at_one_moment,
    what_was_written_is_read_at_once,
    the_log_is_read_in_pages_that_miss_nothing,
    categories_filter_before_the_limit,
    a_category_is_what_stands_before_the_first_dash,
    types_filter_before_the_limit,
    filters_go_together_with_a_position,
    a_page_of_nothing_is_refused,
    a_tailing_reader_misses_nothing,
)
