"""Laws of command ids: what was written under one is written once."""

from __future__ import annotations

import asyncio

from eventlab.errors import CommandIdReused, InvalidValue, VersionConflict
from eventlab.store import Receipt

from .vocabulary import Counted, Law, Noted, OpenStore, opened, raised, texts


async def the_same_command_id_writes_once(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        events = [("a-1", Noted("1")), ("b-1", Noted("2"))]
        first = await store.append(events, command_id="c-1")
        await store.append([("a-1", Noted("3"))])
        again = await store.append(events, command_id="c-1")
        assert (first.repeated, again) == (False, Receipt(first.positions, first.versions, repeated=True))
        assert texts(await store.read_all()) == ["1", "2", "3"]


async def a_repetition_is_answered_before_its_expectations(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await store.append([("a-1", Noted("1"))], expect={"a-1": 0}, command_id="c-1")
        again = await store.append([("a-1", Noted("1"))], expect={"a-1": 0}, command_id="c-1")
        assert again.repeated


async def a_command_id_under_other_events_is_refused(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await store.append([("a-1", Noted("1"))], command_id="c-1")
        for events in (
            [("a-1", Noted("2"))],
            [("a-2", Noted("1"))],
            [("a-1", Counted(1))],
            [("a-1", Noted("1")), ("a-1", Noted("1"))],
            [],
        ):
            error = await raised(CommandIdReused, store.append(events, command_id="c-1"))
            assert error.command_id == "c-1"
        assert texts(await store.read_all()) == ["1"]


async def different_command_ids_write_the_same_events_twice(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await store.append([("a-1", Noted("1"))], command_id="c-1")
        await store.append([("a-1", Noted("1"))], command_id="c-2")
        assert texts(await store.read("a-1")) == ["1", "1"]


async def the_receipt_of_a_command_id_can_be_asked_for(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        assert await store.receipt("c-1") is None
        first = await store.append([("a-1", Noted("1"))], command_id="c-1")
        assert await store.receipt("c-1") == Receipt(first.positions, first.versions, repeated=True)


async def an_append_of_nothing_leaves_a_receipt_too(open_store: OpenStore) -> None:
    """A command that found nothing to do has decided: the same id does not decide again."""
    async with opened(open_store) as store:
        await store.append([], expect={"a-1": 0}, command_id="c-1")
        assert await store.receipt("c-1") == Receipt((), {}, repeated=True)
        assert (await store.append([], expect={"a-1": 7}, command_id="c-1")).repeated
        await raised(CommandIdReused, store.append([("a-1", Noted("1"))], command_id="c-1"))
        assert await store.read_all() == []


async def a_conflict_leaves_no_receipt(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await raised(VersionConflict, store.append([("a-1", Noted("1"))], expect={"a-1": 3}, command_id="c-1"))
        assert await store.receipt("c-1") is None
        receipt = await store.append([("a-1", Noted("2"))], expect={"a-1": 0}, command_id="c-1")
        assert not receipt.repeated


async def a_command_id_that_comes_many_times_at_once_writes_once(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        receipts = await asyncio.gather(*(store.append([("a-1", Noted("1"))], command_id="c-1") for _ in range(10)))
        assert sorted(receipt.repeated for receipt in receipts) == [False] + [True] * 9
        assert texts(await store.read("a-1")) == ["1"]


async def a_senseless_command_id_is_refused(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        for senseless in ("", "c\0", "c" * 256, 5, b"c"):
            await raised(InvalidValue, store.append([("a-1", Noted("1"))], command_id=senseless))  # type: ignore[arg-type]
            await raised(InvalidValue, store.receipt(senseless))  # type: ignore[arg-type]
        assert await store.read_all() == []


RECEIPTS: tuple[Law, ...] = (
    the_same_command_id_writes_once,
    a_repetition_is_answered_before_its_expectations,
    a_command_id_under_other_events_is_refused,
    different_command_ids_write_the_same_events_twice,
    the_receipt_of_a_command_id_can_be_asked_for,
    an_append_of_nothing_leaves_a_receipt_too,
    a_conflict_leaves_no_receipt,
    a_command_id_that_comes_many_times_at_once_writes_once,
    a_senseless_command_id_is_refused,
)
