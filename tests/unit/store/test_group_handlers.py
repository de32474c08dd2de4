"""What a handler of a group may be, and whom it may hold up: what ends its worker, and what does not."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import pytest

from eventlab.errors import HandlerCancelled, InvalidValue, LeaseLost, StoreBusy, StoreUnavailable
from eventlab.resilience import Constant
from eventlab.simulation import World
from eventlab.store import ConsumerGroup, EventStore, MemoryStore, Park, Retrying, Stop, StoredEvent, parked
from eventlab.store.sharing import share_of
from eventlab.store.working import Share, Worker
from eventlab.testing import run
from tests.unit.store.group_stories import nothing, numbered
from tests.unit.store.turns import turns_of_others


async def cancelled_at_three(stored: StoredEvent) -> None:
    """What it waits for is cancelled by somebody else; its own task is not."""
    if stored.event.number == 3:
        part = asyncio.ensure_future(asyncio.sleep(60))
        asyncio.get_running_loop().call_soon(part.cancel)
        await part


async def three_is_cancelled(store: EventStore, failing: Any) -> None:
    await numbered(store, *range(6))
    async with asyncio.timeout(60):
        await ConsumerGroup(store, "mailer", shares=1, failing=failing).run(cancelled_at_three, worker="w")


def test_a_handler_whose_part_is_cancelled_has_failed_and_its_worker_is_not_cancelled() -> None:
    async def main() -> None:
        with pytest.raises(HandlerCancelled, match="position 4, though nobody cancelled the worker"):
            await three_is_cancelled(MemoryStore(), Stop())
        store = MemoryStore()
        with pytest.raises(TimeoutError):
            await three_is_cancelled(store, Retrying(Constant(1), attempts_max=3, then=Park()))
        (one,) = await parked(store, "mailer")
        assert one.position == 4
        assert one.reason.startswith("the handler of group 'mailer' ended with a CancelledError at position 4")
        (share,) = await ConsumerGroup(store, "mailer", shares=1).progress()
        assert share.lag_events == 0

    World(seed=1).run(main())


def test_a_worker_that_is_cancelled_while_it_handles_is_cancelled_whatever_the_policy() -> None:
    async def main() -> None:
        store = MemoryStore()
        await numbered(store, 1)

        async def sleeping(stored: StoredEvent) -> None:
            await asyncio.sleep(3600)

        task = asyncio.ensure_future(ConsumerGroup(store, "mailer", failing=Park()).run(sleeping, worker="w"))
        await asyncio.sleep(5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await parked(store, "mailer") == []

    World(seed=1).run(main())


@pytest.mark.parametrize(
    "error", [StoreUnavailable("sqlite:///mails.db", "gone"), LeaseLost("mails", "me", 1, 2), StoreBusy("x", 1)]
)
def test_a_handler_that_fails_like_a_store_stops_its_worker_as_well(error: Exception) -> None:
    """It is the trouble of the handler's own store: to try the group's again would never end."""

    async def main() -> None:
        store = MemoryStore()
        await numbered(store, 1)

        async def handle(stored: StoredEvent) -> None:
            raise error

        with pytest.raises(type(error)) as caught:
            async with asyncio.timeout(60):
                await ConsumerGroup(store, "mailer").run(handle, worker="w")
        assert caught.value is error

    World(seed=1).run(main())


def plain(stored: StoredEvent) -> None:
    raise AssertionError("it is not to be called")


def generating(stored: StoredEvent) -> Any:
    yield stored


async def generating_later(stored: StoredEvent) -> Any:
    yield stored


@pytest.mark.parametrize("handle", [plain, generating, generating_later, "handle", None])
def test_what_cannot_be_waited_for_is_no_handler(handle: Any) -> None:
    async def main() -> None:
        with pytest.raises(InvalidValue, match="expected an `async def` that takes a stored event"):
            await ConsumerGroup(MemoryStore(), "mailer").run(handle, worker="w")

    run(main())


def test_what_turns_out_to_be_no_handler_ends_the_worker_and_parks_nothing() -> None:
    async def main() -> None:
        store = MemoryStore()
        await numbered(store, 1, 2)
        wrong: Any = lambda stored: None  # noqa: E731
        with pytest.raises(InvalidValue, match="expected an `async def` that takes a stored event"):
            async with asyncio.timeout(60):
                await ConsumerGroup(store, "mailer", failing=Park()).run(wrong, worker="w")
        assert await parked(store, "mailer") == []

    World(seed=1).run(main())


def test_whatever_can_be_waited_for_is_a_handler() -> None:
    class Mailer:
        async def __call__(self, stored: StoredEvent) -> None:
            seen.append(stored.position)

        async def handle(self, stored: StoredEvent, times: int = 1) -> None:
            seen.append(stored.position)

    seen: list[int] = []
    mailer = Mailer()

    async def main() -> None:
        handlers: list[Any] = [mailer, mailer.handle, partial(mailer.handle, times=2), lambda stored: mailer(stored)]
        for number, handle in enumerate(handlers):
            store = MemoryStore()
            await numbered(store, 1)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(30):
                    await ConsumerGroup(store, f"mailer {number}").run(handle, worker="w")

    World(seed=1).run(main())
    assert seen == [1, 1, 1, 1]


def test_progress_over_a_long_log_lets_others_have_their_turns() -> None:
    async def main() -> int:
        store = MemoryStore()
        await numbered(store, *range(100))
        return await turns_of_others(ConsumerGroup(store, "mailer", page=5).progress())

    assert run(main()) >= 20


def test_a_worker_that_finds_nothing_for_it_in_a_long_log_lets_others_have_their_turns() -> None:
    async def main() -> int:
        store = MemoryStore()
        await numbered(store, *range(0, 1000, 10))
        group = ConsumerGroup(store, "mailer", page=5)
        worker = Worker(group, 0, nothing, "w")
        lease = await group.leases.acquire("group/mailer/share/0", owner="w", ttl_s=10)
        (idle,) = [Share(number, lease, 0) for number in range(8) if number != share_of("s-0", 8)][:1]
        worker._shares = {idle.number: idle}

        async def rounds() -> None:
            while idle.position < 100:
                await worker._round([idle], idle.position)

        return await turns_of_others(rounds())

    assert run(main()) >= 20
