"""Waiting for the server's answers on a socket that stays watched.

The driver's own waiting watches the socket anew for each answer, and sets an
alarm each time: two calls of the system, and half of what an append costs in
this process. Here the loop watches it as long as the connection is used, and
what comes is read in the loop's callback.
"""

from __future__ import annotations

import asyncio
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
        self._socket = -1
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
        loop = self._loop or self._watch()
        self._asking, self._answer = asking, loop.create_future()
        try:
            return await self._answer
        except asyncio.CancelledError:
            self.pause()
            await self._stopped()
            raise
        finally:
            self._asking = self._answer = None

    def has_just_answered(self) -> bool:
        """Whether it is watched, and an answer came a moment ago."""
        return self._loop is not None and self._loop.time() - self._answered_s < JUST_S

    def pause(self) -> None:
        """Watch no longer: somebody else waits on the socket."""
        if self._loop is not None:
            self._loop.remove_reader(self._socket)
            self._loop = None

    def end(self, finish: Callable[[], None]) -> None:
        """Watch no longer, and *finish*; on the thread of the loop that watches, if that is running elsewhere."""
        loop = self._loop
        if loop is not None and loop.is_running() and asyncio._get_running_loop() is not loop:
            loop.call_soon_threadsafe(self.end, finish)
            return
        if loop is not None and not loop.is_closed():
            loop.remove_reader(self._socket)
        self._loop = None
        finish()

    def _watch(self) -> asyncio.AbstractEventLoop:
        self._loop, self._socket = asyncio.get_running_loop(), self._driver.pgconn.socket
        self._loop.add_reader(self._socket, self._readable)
        return self._loop

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
        """Ask the server to stop, and take its answer. What still runs then is closed by whoever takes it back."""
        if self._driver.pgconn.transaction_status != TransactionStatus.ACTIVE:
            return
        try:
            async with asyncio.timeout(STOPPING_PATIENCE_S):
                await self._driver.cancel_safe(timeout=STOPPING_PATIENCE_S)
                await self._driver.wait(generators.execute(self._driver.pgconn))
        except (psycopg.Error, TimeoutError):
            return
