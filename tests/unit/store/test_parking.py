"""Setting events aside, and giving them again; the rest is in the contract."""

from __future__ import annotations

import asyncio
import functools
from typing import Any

import pytest

from eventlab import hooks
from eventlab.errors import InvalidValue
from eventlab.simulation import World
from eventlab.store import MemoryStore, StoredEvent, parked, parking, redrive
from eventlab.testing.stores.vocabulary import Counted


async def three() -> MemoryStore:
    store = MemoryStore()
    await store.append([(f"s-{number}", Counted(number)) for number in range(3)])
    for stored in reversed(await store.read_all()):
        await parking(store, "mailer").park(stored, "the mail server was down")
    return store


def test_what_is_parked_twice_is_there_once_and_is_told_once() -> None:
    async def main() -> None:
        store = await three()
        await parking(store, "mailer").park((await store.read_all())[1], "another reason")
        assert [(each.position, each.reason) for each in await parked(store, "mailer")] == [
            (position, "the mail server was down") for position in (1, 2, 3)
        ]

    heard: list[hooks.Happening] = []
    with hooks.listen(heard.append):
        World(seed=1).run(main())
    told = [each for each in heard if isinstance(each, hooks.EventParked)]
    assert [(each.consumer, each.position, each.stream) for each in told] == [
        ("mailer", 3, "s-2"),
        ("mailer", 2, "s-1"),
        ("mailer", 1, "s-0"),
    ]


def test_what_fails_again_stays_with_the_new_reason_and_the_others_are_delivered() -> None:
    async def main() -> None:
        store, seen = await three(), []

        async def handle(stored: StoredEvent) -> None:
            seen.append(stored.position)
            if stored.position == 2:
                raise ValueError("no address")

        done = await redrive(store, "mailer", handle)
        assert (seen, done.delivered) == ([1, 2, 3], (1, 3))
        (still,) = await parked(store, "mailer")
        assert done.still_parked == (still,) and still.reason == "ValueError: no address"

    World(seed=1).run(main())


def test_one_whose_waiting_was_cancelled_fails_and_the_others_are_delivered() -> None:
    async def main() -> None:
        async def handle(stored: StoredEvent) -> None:
            if stored.position == 2:
                raise asyncio.CancelledError  # as of a task that it waits for

        store = await three()
        done = await asyncio.ensure_future(redrive(store, "mailer", handle))
        assert done.delivered == (1, 3)
        (still,) = await parked(store, "mailer")
        assert "ended with a CancelledError at position 2" in still.reason

    World(seed=1).run(main())


@pytest.mark.parametrize("handle", [None, print, lambda stored: None])
def test_a_handler_that_cannot_be_waited_for_spoils_no_reason(handle: Any) -> None:
    async def main() -> None:
        store = await three()
        before = await parked(store, "mailer")
        with pytest.raises(InvalidValue, match=r"the handler of consumer 'mailer' is .* an `async def`"):
            await redrive(store, "mailer", handle)
        assert await parked(store, "mailer") == before

    World(seed=1).run(main())


def logged(handle: Any) -> Any:
    @functools.wraps(handle)
    def calls(stored: StoredEvent) -> object:
        return handle(stored)

    return calls


def in_turn(handle: Any) -> Any:
    @functools.wraps(handle)
    async def calls(stored: StoredEvent) -> object:
        return handle(stored)

    return calls


async def waits(stored: StoredEvent) -> None: ...


def waits_not(stored: StoredEvent) -> None: ...


@pytest.mark.parametrize("handle", [logged(waits), in_turn(waits_not)])
def test_a_handler_may_be_decorated(handle: Any) -> None:
    async def main() -> None:
        assert (await redrive(await three(), "mailer", handle)).delivered == (1, 2, 3)

    World(seed=1).run(main())


def test_consumers_whose_names_begin_alike_are_kept_apart() -> None:
    async def main() -> None:
        store = await three()
        assert await parked(store, "mail") == await parked(store, "mailer2") == []
        with pytest.raises(InvalidValue):
            await parking(store, "mail").unpark(1)
        await parking(store, "mailer").unpark(1)
        assert [each.position for each in await parked(store, "mailer")] == [2, 3]

    World(seed=1).run(main())


@pytest.mark.parametrize("name", ["", "a/b", 5, "\ud800"])
def test_a_name_that_could_be_mistaken_is_refused(name: Any) -> None:
    with pytest.raises(InvalidValue):
        parking(MemoryStore(), name)
