"""Laws of reading a part of a stream: from and to a version, as it was at a moment, forwards and backwards."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta, timezone
from typing import Any, cast

from eventlab.errors import InvalidStreamId, InvalidValue
from eventlab.store import EventStore

from .vocabulary import Law, Noted, OpenStore, opened, raised, texts


async def a_stream_is_read_up_to_a_version(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await _five(store)
        assert texts(await store.read("a-1", to=2)) == ["1", "2"]
        assert texts(await store.read("a-1", to=5)) == texts(await store.read("a-1", to=99)) == list("12345")
        assert await store.read("a-1", to=0) == await store.read("missing-1", to=3) == []


async def a_window_lies_after_one_version_and_up_to_another(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await _five(store)
        assert texts(await store.read("a-1", after=1, to=4)) == ["2", "3", "4"]
        assert texts(await store.read("a-1", after=1, to=4, limit=2)) == ["2", "3"]
        assert texts(await store.read("a-1", after=2, to=3)) == ["3"]
        assert await store.read("a-1", after=3, to=3) == await store.read("a-1", after=4, to=2) == []


async def backwards_is_the_latest_first(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await _five(store)
        assert texts(await store.read("a-1", backwards=True)) == list("54321")
        assert await store.read("missing-1", backwards=True) == []
        assert texts(await store.read("a-1", after=1, to=4, backwards=True)) == ["4", "3", "2"]


async def a_limit_counts_from_where_reading_begins(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await _five(store)
        assert texts(await store.read("a-1", backwards=True, limit=1)) == ["5"]
        assert texts(await store.read("a-1", backwards=True, limit=2)) == ["5", "4"]
        assert texts(await store.read("a-1", after=1, to=4, backwards=True, limit=2)) == ["4", "3"]
        assert texts(await store.read("a-1", backwards=True, limit=99)) == list("54321")


async def a_stream_is_read_as_it_was_at_a_moment(open_store: OpenStore) -> None:
    """What occurred at that very moment belongs to it."""
    async with opened(open_store) as store:
        for number in range(5):
            await store.append([("a-1", Noted(str(number))), ("b-1", Noted("x"))])
            await asyncio.sleep(0)
        whole = await store.read("a-1")
        moments = [stored.occurred_at for stored in whole]
        for moment in [*moments, moments[0] - timedelta(microseconds=1), moments[-1] + timedelta(hours=1)]:
            expected = _prefix(moments, moment)
            assert await store.read("a-1", at=moment) == whole[:expected]
            assert await store.read("a-1", at=moment, backwards=True) == whole[:expected][::-1]
            assert await store.read("a-1", at=moment, after=1, to=3) == whole[1 : min(3, expected)]
        assert await store.read("a-1", at=moments[0] - timedelta(days=1)) == []
        assert await store.read("missing-1", at=moments[0]) == []


async def a_moment_is_the_same_in_every_time_zone(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await _five(store)
        (*_, last) = await store.read("a-1")
        for hours in (-11, 0, 5.5, 13):
            moment = last.occurred_at.astimezone(timezone(timedelta(hours=hours)))
            assert texts(await store.read("a-1", at=moment)) == list("12345")
            assert texts(await store.read("a-1", at=moment - timedelta(days=1))) == []


async def a_senseless_window_is_refused(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await raised(InvalidValue, store.read("a-1", to=-1))
        await raised(InvalidValue, store.read("a-1", at=datetime(2026, 1, 1)))
        await raised(InvalidValue, store.read("a-1", backwards=True, limit=0))
        senseless: list[dict[str, Any]] = [
            {"to": "2"}, {"at": "2026-01-01"}, {"backwards": "yes"}, {"backwards": None}, {"limit": "2"},
            {"after": None},
        ]  # fmt: skip
        for window in senseless:
            await raised(InvalidValue, store.read("a-1", **window))


async def what_names_no_streams_is_refused(open_store: OpenStore) -> None:
    """A name alone is a sequence too: of its letters, each of which could be a stream's name."""
    async with opened(open_store) as store:
        wrong: list[Any] = [None, "a-1", 7, [["a-1"]]]
        for streams in wrong:
            await raised(InvalidValue, store.read_many(streams))
        for stream in (None, 7, ["a-1"]):
            await raised(InvalidStreamId, store.read(cast(str, stream)))
        await raised(InvalidStreamId, store.read_many(cast(list[str], ["a-1", None])))
        for after in (["a-1"], "a-1", 3, {"a-1": "3"}, {"a-1": None}, {"a-1": -1}):
            await raised(InvalidValue, store.read_many(["a-1"], after=cast(dict[str, int], after)))


async def several_streams_are_read_each_after_its_own_version(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await _five(store)
        await store.append([("b-1", Noted("6")), ("b-1", Noted("7")), ("c-1", Noted("8"))])
        found = await store.read_many(["b-1", "a-1", "c-1", "d-1"], after={"a-1": 3, "b-1": 2, "d-1": 1, "e-1": 7})
        assert {name: texts(events) for name, events in found.items()} == {
            "b-1": [],
            "a-1": ["4", "5"],
            "c-1": ["8"],
            "d-1": [],
        }
        assert await store.read_many(["a-1"], after={"a-1": 99}) == {"a-1": []}


async def several_streams_are_called_by_their_trimmed_names(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await _five(store)
        found = await store.read_many([" a-1 ", "a-1", "b-1"], after={" a-1": 4})
        assert {name: texts(events) for name, events in found.items()} == {"a-1": ["5"], "b-1": []}


async def _five(store: EventStore) -> None:
    for number in range(1, 6):
        await store.append([("a-1", Noted(str(number))), ("other-1", Noted("x"))])


def _prefix(moments: list[datetime], moment: datetime) -> int:
    """How many of *moments* come before the first that is later than *moment*."""
    return next((index for index, each in enumerate(moments) if each > moment), len(moments))


WINDOWS: tuple[Law, ...] = (
    a_stream_is_read_up_to_a_version,
    a_window_lies_after_one_version_and_up_to_another,
    backwards_is_the_latest_first,
    a_limit_counts_from_where_reading_begins,
    a_stream_is_read_as_it_was_at_a_moment,
    a_moment_is_the_same_in_every_time_zone,
    a_senseless_window_is_refused,
    what_names_no_streams_is_refused,
    several_streams_are_read_each_after_its_own_version,
    several_streams_are_called_by_their_trimmed_names,
)
