"""What a group does with an event that its handler cannot handle: stop, try again, or set it aside."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from eventlab.resilience import Constant
from eventlab.simulation import World
from eventlab.store import (
    ConsumerGroup,
    EventStore,
    MemoryStore,
    Park,
    Retrying,
    Stop,
    StoredEvent,
    parked,
    parking,
    redrive,
)
from eventlab.store.sharing import share_of
from eventlab.testing.stores.subscribing import BROKEN
from eventlab.testing.stores.vocabulary import Counted
from tests.unit.store.group_stories import nothing, numbered


async def within_a_minute(store: EventStore, failing: Any, **options: Any) -> list[int]:
    """What a handler that fails at 3 was given."""
    seen: list[int] = []

    async def handle(stored: StoredEvent) -> None:
        seen.append(stored.event.number)
        if stored.event.number == 3:
            raise ValueError("three")

    try:
        async with asyncio.timeout(60):
            await ConsumerGroup(store, "mailer", shares=1, failing=failing, **options).run(handle, worker="w")
    except TimeoutError:
        pass
    return seen


def test_a_worker_stops_at_the_event_that_its_handler_cannot_handle() -> None:
    async def main() -> None:
        store = MemoryStore()
        await numbered(store, *range(6))
        with pytest.raises(ValueError, match="three") as caught:
            await within_a_minute(store, Stop())
        assert "position 4, stream 's-3' version 1" in caught.value.__notes__[0]
        (share,) = await ConsumerGroup(store, "mailer", shares=1).progress()
        assert (share.owner, share.position, share.lag_events) == ("", 3, 3)

    World(seed=1).run(main())


def test_a_failing_event_is_parked_with_the_reason_and_can_be_given_again() -> None:
    async def main() -> None:
        store = MemoryStore()
        await numbered(store, *range(6))
        assert await within_a_minute(store, Park()) == [0, 1, 2, 3, 4, 5]
        (one,) = await parked(store, "mailer")
        assert (one.position, one.reason) == (4, "ValueError: three")
        assert (await redrive(store, "mailer", nothing)).delivered == (4,)
        assert await parked(store, "mailer") == []

    World(seed=1).run(main())


def test_a_failing_event_is_tried_again_before_it_is_parked() -> None:
    async def main() -> None:
        store = MemoryStore()
        await numbered(store, *range(5))
        seen = await within_a_minute(store, Retrying(Constant(1), attempts_max=3, then=Park()))
        assert seen == [0, 1, 2, 3, 3, 3, 4]
        assert len(await parked(store, "mailer")) == 1

    World(seed=1).run(main())


def test_while_one_share_tries_again_the_others_go_on() -> None:
    async def main() -> None:
        store, seen = MemoryStore(), []

        async def handle(stored: StoredEvent) -> None:
            if stored.stream == "s-3":
                raise ValueError("three")
            seen.append(stored.position)

        task = asyncio.ensure_future(
            ConsumerGroup(store, "mailer", failing=Retrying(Constant(5)), page=4).run(handle, worker="w")
        )
        for _ in range(10):
            await numbered(store, *range(10))
            await asyncio.sleep(1)
        mine = share_of("s-3", 8)
        others = [s.position for s in await store.read_all() if share_of(s.stream, 8) != mine]
        assert sorted(seen) == others
        task.cancel()

    World(seed=1).run(main())


def test_what_cannot_be_decoded_is_set_aside_before_the_handler_sees_it() -> None:
    async def main() -> None:
        store = MemoryStore()
        await store.append([("s-1", Counted(1)), ("s-1", BROKEN), ("s-1", Counted(2))])
        assert await within_a_minute(store, Stop(), undecodable=parking(store, "mailer")) == [1, 2]
        assert [each.version for each in await parked(store, "mailer")] == [2]

    World(seed=1).run(main())
