"""Following the log, where a store is away, a consumer is slow, or a node dies; the rest is in the contract."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from eventlab import hooks
from eventlab.errors import InvalidValue, StoreBusy, StoreFailed, StoreUnavailable
from eventlab.resilience import Constant
from eventlab.simulation import SimulatedStore, World
from eventlab.store import Filter, MemoryStore, StoredEvent, open_store, subscribe
from eventlab.testing import run
from eventlab.testing.stores.vocabulary import Counted, Noted


class Watched(MemoryStore):
    """Counts what is asked of it, and fails when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, Any]] = []
        self.failures: list[Exception] = []

    async def read_all(self, after: int = 0, **options: Any) -> list[StoredEvent]:
        self.asked.append(("read_all", after))
        if self.failures:
            raise self.failures.pop(0)
        return await super().read_all(after, **options)


async def noted(store: Any, *numbers: int) -> None:
    for number in numbers:
        await store.append([("a-1", Noted(str(number)))])


def test_a_store_that_is_away_is_waited_for_and_nothing_is_lost() -> None:
    async def main() -> list[int]:
        store = Watched()
        await noted(store, 1, 2, 3)
        events = subscribe(store, page=2, backoff=Constant(1))
        seen = [(await anext(events)).position, (await anext(events)).position]
        store.failures = [StoreUnavailable("postgresql://x", "restarted"), StoreBusy("sqlite:///x", 5)] * 2
        seen.append((await anext(events)).position)
        assert world.now_s == 4
        return seen

    heard: list[hooks.Happening] = []
    with World(seed=1) as world, hooks.listen(heard.append):
        assert world.run(main()) == [1, 2, 3]
    assert [each for each in heard if isinstance(each, hooks.SubscriptionResumed)] == [
        hooks.SubscriptionResumed("memory", 2, 4)
    ]


def test_a_store_that_failed_for_good_is_not_waited_for() -> None:
    async def main() -> None:
        store = Watched()
        store.failures = [StoreFailed("sqlite:///x", "it is damaged")]
        with pytest.raises(StoreFailed):
            await anext(subscribe(store))

    World(seed=1).run(main())


def test_a_slow_consumer_holds_one_page_and_reads_no_further() -> None:
    async def main() -> None:
        store = Watched()
        await noted(store, *range(20))
        events = subscribe(store, page=5)
        for _ in range(5):
            await anext(events)
            await asyncio.sleep(60)
        assert store.asked == [("read_all", 0)]
        await anext(events)
        assert store.asked == [("read_all", 0), ("read_all", 5)]

    World(seed=1).run(main())


def test_a_narrow_filter_looks_at_each_part_of_the_log_once() -> None:
    async def main() -> None:
        store = Watched()
        events = subscribe(store, where=Filter(categories=("b",)))
        waiting = asyncio.ensure_future(anext(events))
        for number in range(5):
            await noted(store, number)
            await asyncio.sleep(1)
        assert (events.position, [after for _, after in store.asked]) == (5, [0, 1, 2, 3, 4])
        await store.append([("b-1", Noted("x"))])
        assert (await waiting).position == 6

    World(seed=1).run(main())


class LooksFirst(MemoryStore):
    """Planted: it looks, and only then lets itself be woken."""

    async def changed(self, after: int) -> None:
        if await self.head() > after:
            return
        await asyncio.sleep(0)  # any await will do
        await self._wakeups.register()


def missed(kind: type[MemoryStore]) -> list[int]:
    """After how many steps of the loop an event has to be written so that nobody is woken for it."""

    async def main(steps: int) -> bool:
        store = kind()
        async with subscribe(store) as events:
            waiting = asyncio.ensure_future(anext(events))
            for _ in range(steps):
                await asyncio.sleep(0)
            await noted(store, 1)
            done, _ = await asyncio.wait([waiting], timeout=3600)
            waiting.cancel()
            return bool(done)

    return [steps for steps in range(8) if not World(seed=1).run(main(steps))]


def test_an_event_that_is_written_at_any_step_of_the_wait_is_delivered() -> None:
    assert missed(MemoryStore) == []


def test_whoever_looks_first_and_registers_later_misses_one() -> None:
    assert missed(LooksFirst) != []


def test_two_tasks_cannot_wait_for_one_subscription() -> None:
    async def main() -> None:
        events = subscribe(MemoryStore())
        waiting = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)
        with pytest.raises(InvalidValue, match="two tasks"):
            await anext(events)
        waiting.cancel()
        await asyncio.wait([waiting])

    World(seed=1).run(main())


def test_nobody_is_left_waiting_after_a_subscription_was_closed_or_cancelled() -> None:
    async def main() -> None:
        store = MemoryStore()
        closed = subscribe(store)
        first, second = asyncio.ensure_future(anext(closed)), asyncio.ensure_future(anext(subscribe(store)))
        await asyncio.sleep(1)
        assert len(store._wakeups._waiting) == 2
        await closed.aclose()
        second.cancel()
        ends = await asyncio.gather(first, second, return_exceptions=True)
        assert [type(end) for end in ends] == [StopAsyncIteration, asyncio.CancelledError]
        assert store._wakeups._waiting == {}
        assert len(asyncio.all_tasks()) == 1

    World(seed=1).run(main())


@pytest.mark.parametrize("backend", ["memory", "NORMAL", "FULL"])
def test_a_world_ends_with_its_main_coroutine_whoever_still_follows(backend: str, tmp_path: Path) -> None:
    async def main() -> float:
        store = open_store("memory:" if backend == "memory" else f"sqlite:///{tmp_path / 'a.db'}?synchronous={backend}")
        world.node("n").spawn(follow(subscribe(store)))
        world.spawn(follow(subscribe(store)), name="follower")
        await asyncio.sleep(10)
        world.node("n").crash()
        await noted(store, 1)
        await asyncio.sleep(1)
        return world.now_s

    seen: list[int] = []

    async def follow(events: Any) -> None:
        async for stored in events:
            seen.append(stored.position)

    with World(seed=1) as world:
        assert world.run(main()) == 11
    assert seen == [1]


def test_a_follower_that_crashed_leaves_nothing_behind_and_goes_on_from_its_checkpoint() -> None:
    async def main() -> list[int]:
        disk = MemoryStore()
        store, seen, saved = SimulatedStore(disk), [], [0]

        async def boot(node: Any) -> None:
            async def follow() -> None:
                async for stored in subscribe(store, saved[0]):
                    await asyncio.sleep(0.3)
                    seen.append(stored.position)
                    saved[0] = stored.position

            node.spawn(follow())

        node = world.node("n", boot)
        await node.begin()
        for number in range(20):
            await noted(disk, number)
            await asyncio.sleep(0.2)
            if number in (5, 13):
                node.crash()
                await node.restart()
        await asyncio.sleep(10)
        node.crash()
        await noted(disk, 21)
        assert disk._wakeups._waiting == {}
        return seen

    with World(seed=1) as world:
        assert world.run(main()) == list(range(1, 21))


def test_sixteen_followers_of_one_store_see_the_same_log() -> None:
    async def main() -> None:
        store = MemoryStore()

        async def follow(page: int) -> list[int]:
            return [stored.position async for stored in subscribe(store, page=page, until=500)]

        following = [asyncio.ensure_future(follow(page)) for page in range(1, 17)]
        for number in range(250):
            await store.append([("a-1", Counted(number)), ("b-1", Counted(number))])
            if number % 7 == 0:
                await asyncio.sleep(0)
        assert all(seen == list(range(1, 501)) for seen in await asyncio.gather(*following))

    run(main())
