"""Laws of the log's end: how far it is complete, and how somebody learns that it grew."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

from eventlab.errors import InvalidValue
from eventlab.store import Filter

from .vocabulary import Law, Noted, OpenStore, opened, raised

PATIENCE_S = 10.0
"""How long a store may take to wake somebody before the law calls it hung. Kept laws never wait for it."""

WAKINGS_MAX = 10_000
"""A store may wake somebody for nothing, but not for ever."""


async def an_empty_log_has_its_head_at_zero(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        assert await store.head() == 0


async def the_head_is_the_last_position(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        for number in range(5):
            receipt = await store.append([(f"a-{number % 2}", Noted("1"))] * (1 + number % 3))
            assert await store.head() == receipt.positions[-1] == (await store.read_all())[-1].position


async def what_writes_nothing_does_not_move_the_head(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        await store.append([("a-1", Noted("1"))], command_id="c-1")
        head = await store.head()
        await store.append([])
        await store.append([("a-1", Noted("1"))], command_id="c-1")
        await store.records.put("kind", "key", b"value", version=0)
        assert await store.head() == head


async def the_head_moves_on_past_what_a_filter_leaves_out(open_store: OpenStore) -> None:
    """So whoever waits for one category knows how far he has come while others are busy."""
    async with opened(open_store) as store:
        await store.append([("a-1", Noted("1"))])
        receipt = await store.append([("b-1", Noted("2"))] * 3)
        (wanted,) = await store.read_all(where=Filter(categories=["a"]))
        assert wanted.position < await store.head() == receipt.positions[-1]
        assert await store.read_all(await store.head(), where=Filter(categories=["a"])) == []


async def nobody_waits_for_what_is_there_already(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        receipt = await store.append([("a-1", Noted("1")), ("a-1", Noted("2"))])
        await _soon(store.changed(0))
        await _soon(store.changed(receipt.positions[0]))


async def a_position_that_is_none_is_not_waited_for(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        wrong: list[Any] = [None, "0", [], -1, 0.5]
        for after in wrong:
            await raised(InvalidValue, _soon(store.changed(after)))


async def an_append_wakes_all_who_wait(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        head = await store.head()
        for _ in range(3):
            waiting = [asyncio.ensure_future(store.changed(head)) for _ in range(3)]
            await asyncio.sleep(0)
            head = (await store.append([("a-1", Noted("1"))])).positions[-1]
            await _soon(asyncio.gather(*waiting))


async def nobody_sleeps_through_an_append_that_comes_just_then(open_store: OpenStore) -> None:
    """Between looking and waiting, an append must not be overlooked."""
    async with opened(open_store) as store:

        async def follow() -> None:
            seen = versions = 0
            for _ in range(WAKINGS_MAX):
                await store.changed(seen)
                for stored in await store.read_all(seen):
                    seen, versions = stored.position, stored.version
                if versions == 30:
                    return
                await asyncio.sleep(0)
            raise AssertionError("a store that wakes for nothing, again and again")

        async def write() -> None:
            for number in range(30):
                await store.append([("a-1", Noted("1"))])
                for _ in range(number % 4):
                    await asyncio.sleep(0)

        await _soon(asyncio.gather(follow(), write()))


async def who_is_cancelled_while_waiting_disturbs_nobody(open_store: OpenStore) -> None:
    async with opened(open_store) as store:
        one, other = (asyncio.ensure_future(store.changed(0)) for _ in range(2))
        await asyncio.sleep(0)
        one.cancel()
        await asyncio.gather(one, return_exceptions=True)
        await store.append([("a-1", Noted("1"))])
        await _soon(other)


async def _soon(waiting: Awaitable[object]) -> None:
    try:
        async with asyncio.timeout(PATIENCE_S):
            await waiting
    except TimeoutError:
        raise AssertionError("somebody still waits for an append that was made") from None


FOLLOWING: tuple[Law, ...] = (
    an_empty_log_has_its_head_at_zero,
    the_head_is_the_last_position,
    what_writes_nothing_does_not_move_the_head,
    the_head_moves_on_past_what_a_filter_leaves_out,
    nobody_waits_for_what_is_there_already,
    a_position_that_is_none_is_not_waited_for,
    an_append_wakes_all_who_wait,
    nobody_sleeps_through_an_append_that_comes_just_then,
    who_is_cancelled_while_waiting_disturbs_nobody,
)
