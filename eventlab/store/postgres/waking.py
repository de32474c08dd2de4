"""Telling other programs that the log has grown, and being told: wake-ups, on which nothing depends."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import psycopg

from ...errors import EventlabError
from ..cancelling import heed_cancelling
from ..wakeups import Wakeups
from .connecting import NotSent, Statement, connect
from .pool import Connections
from .settings import Settings

CHANNEL = "eventlab_events"
GAP_S = 0.02
"""Between two wake-ups that are sent. One inside each append would halve the rate of eight writers."""
AGAIN_S = 1.0
"""Until a lost connection is opened again to listen on. Who waits looks by himself meanwhile."""

# Nothing is lost with a wake-up, so nobody waits for the disk because of one.
_NOTIFY = Statement("notify", f"SELECT set_config('synchronous_commit', 'off', true), pg_notify('{CHANNEL}', '')", [])


class Notifier:
    """Sends a wake-up soon after what was committed, from the loop on which that was known first."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._tellings: dict[asyncio.AbstractEventLoop, _Telling] = {}
        self._latest: _Telling | None = None

    def due(self) -> None:
        """Something was committed."""
        loop = asyncio.get_running_loop()
        telling = self._latest  # another thread may turn to its own loop at any time
        if telling is None or telling.loop is not loop:
            telling = self._latest = self._on(loop)
        if not telling.is_due:
            telling.begin()

    async def finish(self) -> None:
        """Send what is still due on this loop."""
        telling = self._tellings.pop(asyncio.get_running_loop(), None)
        if telling is not None:
            await telling.finish()

    def _on(self, loop: asyncio.AbstractEventLoop) -> _Telling:
        for other in [other for other in list(self._tellings) if other.is_closed()]:
            self._tellings.pop(other, None)
        return self._tellings.setdefault(loop, _Telling(loop, self._connections))


class _Telling:
    """The wake-ups of one loop: at most one is under way, for however many appends."""

    def __init__(self, loop: asyncio.AbstractEventLoop, connections: Connections) -> None:
        self.loop = loop
        self.is_due = False
        self._connections = connections
        self._last_s = 0.0
        self._sending: asyncio.Task[None] | None = None

    def begin(self) -> None:
        self.is_due = True
        self.loop.call_at(max(self._last_s + GAP_S, self.loop.time()), self._send)

    async def finish(self) -> None:
        if self._sending is not None:
            await asyncio.gather(self._sending, return_exceptions=True)
        if self.is_due:
            self.is_due = False
            await self._notify()

    def _send(self) -> None:
        if not self.is_due:
            return
        if self._sending is not None and not self._sending.done():
            self.loop.call_at(self.loop.time() + GAP_S, self._send)
            return
        self.is_due, self._last_s = False, self.loop.time()
        self._sending = self.loop.create_task(self._notify())

    async def _notify(self) -> None:
        try:
            session = await self._connections.take()
            try:
                await session.ask(_NOTIFY, ())
            finally:
                self._connections.give(session)
        except (EventlabError, psycopg.Error, NotSent):
            return  # who waits looks by himself


class Listener:
    """Wakes those who wait here when another program tells that it wrote. It has a connection of its own."""

    def __init__(self, settings: Settings, wakeups: Wakeups) -> None:
        self._settings, self._wakeups = settings, wakeups
        self._tasks: dict[asyncio.AbstractEventLoop, asyncio.Task[None]] = {}
        self._finished = False

    def begin(self) -> None:
        """Listen from now on, unless it does already, or is not to any more."""
        loop = asyncio.get_running_loop()
        if self._finished or (loop in self._tasks and not self._tasks[loop].done()):
            return
        for other in [other for other in list(self._tasks) if other.is_closed()]:
            self._tasks.pop(other, None)
        self._tasks[loop] = loop.create_task(_listen(self._settings, self._wakeups), name="eventlab listener")

    async def finish(self) -> None:
        """Listen no more, on any loop: who still waits there looks once more, and would begin anew."""
        self._finished = True
        here = self._tasks.pop(asyncio.get_running_loop(), None)
        for loop, task in list(self._tasks.items()):
            with suppress(RuntimeError):  # it was closed, and its tasks with it
                loop.call_soon_threadsafe(task.cancel)
        if here is not None:
            here.cancel()
            await asyncio.gather(here, return_exceptions=True)


async def _listen(settings: Settings, wakeups: Wakeups) -> None:
    while True:
        try:
            driver = await connect(settings)
            try:
                await driver.execute(f"LISTEN {CHANNEL}".encode())
                wakeups.wake()  # for what was told while nobody listened
                async for _ in driver.notifies():
                    wakeups.wake()
            finally:
                driver.pgconn.finish()
        except (EventlabError, psycopg.Error):
            heed_cancelling()
            await asyncio.sleep(AGAIN_S)
