"""Laws of expectations: nothing is written unless every stream is where its writer believes it to be."""

from __future__ import annotations

import asyncio

from eventlab.errors import VersionConflict
from eventlab.store import ANY, EXISTS, NONE, Expectation

from .vocabulary import Law, Noted, OpenStore, opened, places, raised, texts


async def an_exact_version_lets_the_append_through(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await store.append([("a-1", Noted("1"))], expect={"a-1": 0})
        await store.append([("a-1", Noted("2"))], expect={"a-1": 1})
        assert texts(await store.read("a-1")) == ["1", "2"]


async def a_stale_version_stops_the_append(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await store.append([("a-1", Noted("1"))] * 3)
        for stale in (0, 1, 2, 4, 99):
            error = await raised(VersionConflict, store.append([("a-1", Noted("x"))], expect={"a-1": stale}))
            assert error.conflicts == (("a-1", stale, 3),)
        assert texts(await store.read("a-1")) == ["1"] * 3


async def none_means_that_there_is_no_event_yet(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await store.append([("a-1", Noted("1"))], expect={"a-1": NONE})
        error = await raised(VersionConflict, store.append([("a-1", Noted("2"))], expect={"a-1": NONE}))
        assert error.conflicts == (("a-1", "NONE", 1),)


async def exists_means_that_there_is_an_event(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        error = await raised(VersionConflict, store.append([("a-1", Noted("1"))], expect={"a-1": EXISTS}))
        assert error.conflicts == (("a-1", "EXISTS", 0),)
        await store.append([("a-1", Noted("1"))])
        await store.append([("a-1", Noted("2"))], expect={"a-1": EXISTS})
        assert texts(await store.read("a-1")) == ["1", "2"]


async def any_is_what_holds_for_a_stream_that_is_left_out(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await store.append([("a-1", Noted("1")), ("b-1", Noted("2"))], expect={"a-1": ANY})
        await store.append([("a-1", Noted("3")), ("b-1", Noted("4"))], expect={"b-1": 1})
        assert texts(await store.read_all()) == ["1", "2", "3", "4"]


async def one_stale_stream_stops_the_events_of_all(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await store.append([("b-1", Noted("1"))])
        events = [("a-1", Noted("2")), ("b-1", Noted("3")), ("c-1", Noted("4"))]
        await raised(VersionConflict, store.append(events, expect={"a-1": 0, "b-1": 0, "c-1": 0}))
        assert places(await store.read_all()) == [("b-1", 1)]
        receipt = await store.append(events)
        assert receipt.versions == {"a-1": 1, "b-1": 2, "c-1": 1}


async def a_conflict_names_every_stale_stream_and_no_other(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await store.append([("a-1", Noted("1")), ("c-1", Noted("1"))])
        expect: dict[str, Expectation] = {"a-1": 0, "b-1": 0, "c-1": NONE, "d-1": 4}
        error = await raised(VersionConflict, store.append([("a-1", Noted("2"))], expect=expect))
        assert error.conflicts == (("a-1", 0, 1), ("c-1", "NONE", 1), ("d-1", 4, 0))


async def a_stream_that_is_only_read_is_checked_too(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await store.append([("rule-1", Noted("allowed"))])
        await store.append([("rule-1", Noted("forbidden"))])
        error = await raised(VersionConflict, store.append([("a-1", Noted("1"))], expect={"a-1": 0, "rule-1": 1}))
        assert error.conflicts == (("rule-1", 1, 2),)
        assert await store.read("a-1") == []
        await store.append([("a-1", Noted("1"))], expect={"a-1": 0, "rule-1": 2})


async def an_append_of_nothing_is_checked_too(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await store.append([("a-1", Noted("1"))])
        await store.append([], expect={"a-1": 1, "b-1": NONE})
        error = await raised(VersionConflict, store.append([], expect={"a-1": 0, "b-1": EXISTS}))
        assert error.conflicts == (("a-1", 0, 1), ("b-1", "EXISTS", 0))


async def of_many_writers_that_read_the_same_version_one_wins(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        appends = [store.append([("a-1", Noted(str(n)))], expect={"a-1": 0}) for n in range(20)]
        outcomes = await asyncio.gather(*appends, return_exceptions=True)
        won = [n for n, outcome in enumerate(outcomes) if not isinstance(outcome, BaseException)]
        lost = [outcome for outcome in outcomes if isinstance(outcome, VersionConflict)]
        assert (len(won), len(lost)) == (1, 19)
        assert texts(await store.read("a-1")) == [str(won[0])]


async def writers_of_different_streams_do_not_disturb_each_other(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        appends = [store.append([(f"a-{n}", Noted(str(n)))], expect={f"a-{n}": 0}) for n in range(20)]
        receipts = await asyncio.gather(*appends)
        assert [receipt.versions for receipt in receipts] == [{f"a-{n}": 1} for n in range(20)]


async def two_that_read_each_others_stream_cannot_both_write(open_store: OpenStore) -> None:
    """Write skew: each writes its own stream on the strength of the other's."""
    async with opened(open_store) as store:
        expect = {"doctor-1": 0, "doctor-2": 0}
        outcomes = await asyncio.gather(
            *(store.append([(name, Noted("went home"))], expect=expect) for name in expect), return_exceptions=True
        )
        assert sum(isinstance(outcome, VersionConflict) for outcome in outcomes) == 1
        assert len(await store.read_all()) == 1


CONFLICTS: tuple[Law, ...] = (
    an_exact_version_lets_the_append_through,
    a_stale_version_stops_the_append,
    none_means_that_there_is_no_event_yet,
    exists_means_that_there_is_an_event,
    any_is_what_holds_for_a_stream_that_is_left_out,
    one_stale_stream_stops_the_events_of_all,
    a_conflict_names_every_stale_stream_and_no_other,
    a_stream_that_is_only_read_is_checked_too,
    an_append_of_nothing_is_checked_too,
    of_many_writers_that_read_the_same_version_one_wins,
    writers_of_different_streams_do_not_disturb_each_other,
    two_that_read_each_others_stream_cannot_both_write,
)
