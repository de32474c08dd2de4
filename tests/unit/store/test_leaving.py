"""Who is cancelled is gone: soon, whatever the store and the handler make of it, and whoever keeps the cancellation."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

import pytest

from eventlab.errors import StoreBusy, StoreUnavailable
from eventlab.projections import ProjectionRunner, ReadModel
from eventlab.runtime import monotonic
from eventlab.sagas import SagaEngine, SagaWorker
from eventlab.simulation import World
from eventlab.store import ConsumerGroup, EventStore, MemoryStore, StoredEvent, subscribe
from eventlab.store.holding import LEAVING_LIMIT_S
from eventlab.store.postgres import waking
from eventlab.store.postgres.settings import settings_of
from eventlab.store.wakeups import Wakeups
from tests.unit.projections.accounts import a_view
from tests.unit.store.group_stories import nothing, numbered

PATIENCE_S = 30.0
"""How long a law waits, in virtual time, before it calls a worker stuck."""


class Converting(MemoryStore):
    """Its calls take a while, and answer a cancellation with an error of their own, as a driver may."""

    def __init__(self) -> None:
        super().__init__()
        for target, names in ((self, ("read_all", "head", "changed")), (self.records, ("get", "put", "list"))):
            for name in names:
                setattr(target, name, self._slow(getattr(target, name)))

    def _slow(self, real: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def call(*args: Any, **options: Any) -> Any:
            try:
                await asyncio.sleep(0.01)
                return await real(*args, **options)
            except asyncio.CancelledError:
                raise StoreUnavailable("postgresql://away", "the connection was closed") from None

        return call


async def gone_after(running: asyncio.Task[Any]) -> float:
    """Seconds from the cancellation to the end."""
    began_s = monotonic()
    running.cancel()
    await asyncio.wait([running], timeout=PATIENCE_S)
    assert running.done()
    assert running.cancelled() or isinstance(running.exception(), StoreUnavailable)
    return monotonic() - began_s


def test_a_worker_goes_at_whatever_moment_its_store_answers_a_cancellation_with_an_error() -> None:
    async def main() -> None:
        store = Converting()
        await numbered(store, *range(20))
        for step in range(40):
            group = ConsumerGroup(store, "mailer", shares=2)
            running = asyncio.ensure_future(group.run(nothing, worker="w"))
            await asyncio.sleep(0.0073 * step)
            assert await gone_after(running) < 1

    World(seed=1).run(main())


async def read(store: EventStore) -> None:
    async for _ in subscribe(store):
        pass


async def project(store: EventStore) -> None:
    async with ReadModel("memory:") as database:
        await ProjectionRunner(store, a_view(), database).run()


async def drive(store: EventStore) -> None:
    await SagaWorker(SagaEngine(store), worker="w", shares=2).run()


@pytest.mark.parametrize("follow", [read, project, drive])
def test_who_follows_the_log_goes_as_well(follow: Callable[[EventStore], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        store = Converting()
        await numbered(store, *range(3))
        for step in range(40):
            running = asyncio.ensure_future(follow(store))
            await asyncio.sleep(0.0043 * step)
            assert await gone_after(running) < 1

    World(seed=1).run(main())


def test_a_handler_that_keeps_a_cancellation_to_itself_is_given_no_further_event() -> None:
    async def main() -> list[int]:
        store, handled = MemoryStore(), []
        for number in range(50):
            await numbered(store, 10 * number)

        async def handle(stored: StoredEvent) -> None:
            with suppress(asyncio.CancelledError):  # as asyncio.wait_for did before Python 3.12, now and then
                await asyncio.sleep(1)
            handled.append(stored.version)

        group = ConsumerGroup(store, "mailer")
        running = asyncio.ensure_future(group.run(handle, worker="w"))
        await asyncio.sleep(2.5)
        assert await gone_after(running) == 0
        assert running.cancelled()
        running = asyncio.ensure_future(group.run(handle, worker="w"))  # and what it has handled is kept
        await asyncio.sleep(2.5)
        await gone_after(running)
        return handled

    assert World(seed=1).run(main()) == [1, 2, 3, 4, 5, 6]


def test_a_worker_whose_store_stays_busy_goes_all_the_same() -> None:
    """Otherwise each of its shares would wait for it anew."""

    async def main() -> float:
        store = MemoryStore()
        put, busy = store.records.put, False

        async def patient(*args: Any, **options: Any) -> Any:
            if busy:
                await asyncio.sleep(5)
                raise StoreBusy("sqlite:///a.db", 5)
            return await put(*args, **options)

        store.records.put = patient  # type: ignore[method-assign]
        running = asyncio.ensure_future(ConsumerGroup(store, "mailer").run(nothing, worker="w"))
        await asyncio.sleep(2)
        busy = True
        took_s = await gone_after(running)
        assert running.cancelled()
        return took_s

    assert World(seed=1).run(main()) == LEAVING_LIMIT_S


def test_who_listens_for_wake_ups_ends_when_told_to(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    async def lost(settings: object) -> None:
        asked.append(settings)
        try:
            await asyncio.sleep(PATIENCE_S)
        except asyncio.CancelledError:
            if len(asked) > 1:
                raise
            raise StoreUnavailable("postgresql://away", "the connection was closed") from None

    monkeypatch.setattr(waking, "connect", lost)

    async def main() -> None:
        listener = waking.Listener(settings_of("postgresql://nobody@localhost/nowhere"), Wakeups())
        listener.begin()
        await asyncio.sleep(0)
        async with asyncio.timeout(PATIENCE_S):
            await listener.finish()

    World(seed=1).run(main())
    assert len(asked) == 1
