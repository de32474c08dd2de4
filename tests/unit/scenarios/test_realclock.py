"""A scaled clock is one clock for sleeping, for timeouts and for everybody who asks the time."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from eventlab import runtime
from eventlab.errors import InvalidValue
from eventlab.scenarios.realclock import EPOCH, run_scaled

WALL = runtime.Runtime()
FAST = 2000.0


def test_sleeps_and_timeouts_follow_the_scaled_clock() -> None:
    async def main() -> tuple[float, bool]:
        began_s = runtime.monotonic()
        await asyncio.sleep(20)
        slept_s = runtime.monotonic() - began_s
        timed_out = False
        try:
            async with asyncio.timeout(20):
                await asyncio.Event().wait()
        except TimeoutError:
            timed_out = True
        return slept_s, timed_out

    began_s = WALL.monotonic()
    slept_s, timed_out = run_scaled(main(), speed=FAST, seed=1)
    assert slept_s >= 20 and timed_out
    # Forty scaled seconds are 20 ms of the wall; the bound only tells scaled from unscaled.
    assert WALL.monotonic() - began_s < 10


def test_time_of_day_and_loop_time_agree_and_begin_where_the_run_left_off() -> None:
    async def main() -> tuple[float, float, datetime]:
        loop = asyncio.get_running_loop()
        return loop.time(), runtime.monotonic(), runtime.now()

    loop_s, monotonic_s, now = run_scaled(main(), speed=1, seed=1, start_s=120.0)
    assert 120 <= loop_s <= monotonic_s < 125
    assert timedelta(seconds=120) <= now - EPOCH < timedelta(seconds=125)
    assert now.tzinfo is UTC


def test_a_seed_decides_every_draw() -> None:
    async def main() -> float:
        return runtime.random_stream("x").random()

    first, again, other = (run_scaled(main(), speed=10, seed=seed) for seed in (1, 1, 2))
    assert first == again != other


def test_a_wake_up_from_another_thread_does_not_wait_for_a_timer() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        woken = asyncio.Event()
        thread = threading.Thread(target=lambda: loop.call_soon_threadsafe(woken.set))
        thread.start()
        async with asyncio.timeout(3600):  # at speed 1: an hour of the wall, if the wake-up were lost
            await woken.wait()
        thread.join()
        return loop.time()

    assert run_scaled(main(), speed=1, seed=1) < 60


def test_an_interrupt_cancels_cleans_up_and_is_raised() -> None:
    log: list[str] = []

    @contextlib.asynccontextmanager
    async def cleaning() -> AsyncIterator[None]:
        try:
            yield
        finally:
            await asyncio.sleep(0)
            log.append("cleaned up")

    async def main() -> None:
        async with cleaning():
            asyncio.get_running_loop().call_soon(os.kill, os.getpid(), signal.SIGINT)
            await asyncio.sleep(1e9)

    with pytest.raises(KeyboardInterrupt):
        run_scaled(main(), speed=1, seed=1)
    assert log == ["cleaned up"]


@pytest.mark.parametrize("speed", [0, -1, float("inf"), float("nan")])
def test_a_speed_that_is_none_is_refused_by_name(speed: float) -> None:
    async def main() -> None: ...

    with pytest.raises(InvalidValue, match="speed is"):
        run_scaled(main(), speed=speed, seed=1)
