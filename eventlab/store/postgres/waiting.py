"""Waiting for the server's answers on a socket that stays watched.

The driver's own waiting watches the socket anew for each answer, and sets an
alarm each time: two calls of the system, and half of what an append costs in
this process. Here the loop watches it as long as the connection is used, and
what comes is read in the loop's callback.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable, Generator
from typing import Any, TypeAlias

import psycopg
from psycopg import AsyncConnection, generators
from psycopg.pq import TransactionStatus
from psycopg.pq.abc import PGresult
from psycopg.waiting import Ready, Wait

STOPPING_PATIENCE_S = 5.0
"""How long a cancelled caller waits for the server to stop what it asked for."""

JUST_S = 0.01
"""An answer so long ago says that the server was there."""

_Asking: TypeAlias = Generator[Wait, Ready | int, list[PGresult]]


class Waiting:
    """What was sent on one connection, and the caller who waits for the answer: one at a time."""

    def __init__(self, driver: AsyncConnection[Any]) -> None:
        self._driver = driver
        self._loop: asyncio.AbstractEventLoop | None = None
        """The loop that watches the socket; None while it does not."""
        self._unwatch: weakref.finalize[[asyncio.AbstractEventLoop, int], Waiting] | None = None
        self._asking: _Asking | None = None
        self._answer: asyncio.Future[list[PGresult]] | None = None
        self._answered_s = float("-inf")

    async def results(self) -> list[PGresult]:
        """The results of what was just sent. Raises psycopg.Error if the connection was lost.

        If the caller is cancelled, the server is asked to stop, and waited for.
        """
        asking: _Asking = generators.execute(self._driver.pgconn)
        try:
            wanted = next(asking)
        except StopIteration as done:
            results: list[PGresult] = done.value
            return results
        except psycopg.Error:
            self.pause()  # the socket is closed, and the next one may get its number
            raise
        if wanted != Wait.R:  # it does not fit into the system's buffer: the driver feeds it as there is room
            self.pause()
            return await self._driver.wait(generators.execute(self._driver.pgconn))
        self._watch()
        self._asking, self._answer = asking, asyncio.get_running_loop().create_future()
        try:
            return await self._answer
        except asyncio.CancelledError:
            await self._stopped()
            raise
        finally:
            self._asking = self._answer = None

    def has_just_answered(self) -> bool:
        """Whether it is watched, and an answer came a moment ago."""
        return self._loop is not None and self._loop.time() - self._answered_s < JUST_S

    def pause(self) -> None:
        """Watch no longer: somebody else waits on the socket."""
        if self._unwatch is not None:
            self._unwatch()
            self._loop = self._unwatch = None

    def end(self, finish: Callable[[], None]) -> None:
        """Watch no longer, and *finish*; on the thread of the loop that watches, if that is running elsewhere."""
        loop = self._loop
        if loop is not None and loop.is_running() and asyncio._get_running_loop() is not loop:
            loop.call_soon_threadsafe(self.end, finish)
            return
        self.pause()
        finish()

    def _watch(self) -> None:
        """Let this loop watch the socket, as long as somebody holds the connection."""
        loop = asyncio.get_running_loop()
        if self._loop is loop:
            return
        self.pause()
        socket = self._driver.pgconn.socket
        loop.add_reader(socket, _tell, weakref.WeakMethod(self._readable))
        self._loop, self._unwatch = loop, weakref.finalize(self, _forget, loop, socket)
        self._unwatch.atexit = False

    def _readable(self) -> None:
        """Something has come, or the end. What comes while nobody waits is told by whoever takes the connection."""
        asking, answer = self._asking, self._answer
        try:
            if asking is None:
                self._driver.pgconn.consume_input()
            else:
                asking.send(Ready.R)
        except StopIteration as done:
            self._asking = None
            self._answered_s = asyncio.get_running_loop().time()
            if answer is not None and not answer.done():
                answer.set_result(done.value)
        except Exception as error:
            self.pause()  # there is nothing more to come
            if answer is not None and not answer.done():
                answer.set_exception(error)

    async def _stopped(self) -> None:
        """Ask the server to stop, and take its answer. If there is none in time, the connection is closed."""
        if self._driver.pgconn.transaction_status != TransactionStatus.ACTIVE:
            return
        self._answer = answer = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(STOPPING_PATIENCE_S):
                await self._driver.cancel_safe(timeout=STOPPING_PATIENCE_S)
                await answer
        except (psycopg.Error, TimeoutError):
            self.end(self._driver.pgconn.finish)


def _tell(readable: weakref.WeakMethod[Callable[[], None]]) -> None:
    if (tell := readable()) is not None:
        tell()


def _forget(loop: asyncio.AbstractEventLoop, socket: int) -> None:
    """On the thread of the loop, or while that stands still: a loop that runs elsewhere is not to be touched."""
    if not loop.is_closed() and (not loop.is_running() or asyncio._get_running_loop() is loop):
        loop.remove_reader(socket)
