"""A limiter belongs to one event loop: who waits for it in another is told, and nobody waits for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest

from eventlab.errors import InvalidValue
from eventlab.resilience import Bulkhead, RateLimiter, Shedder
from tests.unit.resilience.breaker_threads import PATIENCE_S

LIMITERS: dict[str, Callable[[], Bulkhead | Shedder]] = {
    "bulkhead": lambda: Bulkhead("stock", 1, waiting_max=2),
    "shedder": lambda: Shedder("stock", 1),
}


@contextmanager
def somebody_inside(limiter: Bulkhead | Shedder) -> Iterator[None]:
    """In an event loop of its own."""
    with closing(asyncio.new_event_loop()) as loop:
        block = limiter.admit()
        loop.run_until_complete(block.__aenter__())
        yield
        loop.run_until_complete(block.__aexit__(None, None, None))


def waits(limiter: Bulkhead | Shedder, loop: asyncio.AbstractEventLoop) -> asyncio.Task[str]:
    task = loop.create_task(limiter.call(asyncio.sleep, 0, "let in"))
    loop.run_until_complete(asyncio.sleep(0))
    return task


@pytest.mark.parametrize("name", LIMITERS)
def test_whoever_waits_in_another_loop_is_told_so(name: str) -> None:
    limiter = LIMITERS[name]()
    with closing(asyncio.new_event_loop()) as other:
        with somebody_inside(limiter):
            task = waits(limiter, other)
        with pytest.raises(InvalidValue, match="event loop of a limiter"):
            other.run_until_complete(asyncio.wait_for(task, PATIENCE_S))
    assert (limiter.inside, limiter.waiting) == (0, 0)


@pytest.mark.parametrize("name", LIMITERS)
def test_whose_loop_is_over_waits_no_more_and_keeps_nobody(name: str) -> None:
    limiter = LIMITERS[name]()
    with somebody_inside(limiter):
        with closing(asyncio.new_event_loop()) as other:
            task = waits(limiter, other)
    task._log_destroy_pending = False  # type: ignore[attr-defined]  # it is meant to be
    task.get_coro().close()  # type: ignore[union-attr]
    assert (limiter.inside, limiter.waiting) == (0, 0)


def test_one_loop_after_another_may_use_a_limiter() -> None:
    shelf, mails = Bulkhead("shelf", 1, waiting_max=1), RateLimiter("mails", 1e6, burst=9)

    async def two() -> list[str]:
        async def one(text: str) -> str:
            await mails.acquire()
            return await shelf.call(asyncio.sleep, 0, text)

        return await asyncio.gather(one("a"), one("b"))

    assert [asyncio.run(two()) for _ in range(2)] == [["a", "b"]] * 2
