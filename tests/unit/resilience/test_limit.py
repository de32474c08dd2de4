"""A limit cancels what takes too long, and mistakes no other cancellation for its own."""

from __future__ import annotations

import asyncio
import weakref

import pytest

from eventlab.resilience.limit import Limit
from eventlab.simulation import World


def test_what_is_done_in_time_is_left_alone() -> None:
    async def main() -> bool:
        with Limit(1.0) as limit:
            await asyncio.sleep(0.9)
        await asyncio.sleep(1.0)
        return limit.expired

    assert World().run(main) is False


def test_what_takes_too_long_ends_in_a_timeout_at_that_moment() -> None:
    async def main() -> tuple[bool, float, int]:
        limit = Limit(1.0)
        with pytest.raises(TimeoutError), limit:
            await asyncio.sleep(5.0)
        task = asyncio.current_task()
        assert task is not None
        return limit.expired, asyncio.get_running_loop().time(), task.cancelling()

    assert World().run(main) == (True, 1.0, 0)


@pytest.mark.parametrize("seconds", [None, 5.0])
def test_what_is_ended_from_elsewhere_is_as_if_its_time_were_up(seconds: float | None) -> None:
    async def main() -> tuple[bool, float, int]:
        limit, loop = Limit(seconds), asyncio.get_running_loop()
        loop.call_later(1.0, lambda: (limit.end(), limit.end()))  # the second one says nothing new
        with pytest.raises(TimeoutError), limit:
            await asyncio.sleep(3.0)
        await asyncio.sleep(9.0)
        task = asyncio.current_task()
        assert task is not None
        return limit.expired, loop.time(), task.cancelling()

    assert World().run(main) == (True, 10.0, 0)


def test_without_seconds_there_is_no_limit() -> None:
    async def main() -> bool:
        with Limit(None) as limit:
            await asyncio.sleep(10**9)
        return limit.expired

    assert World().run(main) is False


def test_a_cancellation_from_elsewhere_stays_one() -> None:
    async def patient(limit: Limit) -> None:
        with limit:
            await asyncio.sleep(5.0)

    async def main() -> bool:
        limit = Limit(1.0)
        task = asyncio.create_task(patient(limit))
        await asyncio.sleep(0.5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return limit.expired

    assert World().run(main) is False


def test_a_cancellation_that_comes_while_the_limit_ends_the_body_is_not_swallowed() -> None:
    async def patient() -> None:
        task = asyncio.current_task()
        assert task is not None
        with Limit(1.0):
            try:
                await asyncio.sleep(5.0)
            finally:
                task.cancel()

    async def main() -> None:
        with pytest.raises(asyncio.CancelledError):
            await asyncio.create_task(patient())

    World().run(main)


def test_of_two_limits_the_one_that_was_up_is_named() -> None:
    async def main() -> tuple[bool, bool]:
        outer, inner = Limit(1.0), Limit(2.0)
        with pytest.raises(TimeoutError), outer, inner:
            await asyncio.sleep(5.0)
        return outer.expired, inner.expired

    assert World().run(main) == (True, False)


def test_an_error_of_the_body_comes_out_as_it_is() -> None:
    async def main() -> None:
        with pytest.raises(KeyError), Limit(1.0):
            raise KeyError("inside")

    World().run(main)


@pytest.mark.parametrize("cancelled_at_s", [0.5, 9.0])
def test_whoever_was_cut_off_is_forgotten_without_the_collector(cancelled_at_s: float) -> None:
    async def patient() -> None:
        limit = Limit(1.0)
        with limit:
            await asyncio.sleep(5.0)

    async def main() -> object:
        task = asyncio.ensure_future(patient())
        forgotten = weakref.ref(task)
        asyncio.get_running_loop().call_later(cancelled_at_s, task.cancel)
        await asyncio.wait([task])
        await asyncio.sleep(10)
        del task
        return forgotten()

    assert World().run(main) is None
