"""Connections that are held open: a few per event loop, lent to one caller at a time.

They are the driver's own, taken from no other pool: SQLAlchemy's would put a
greenlet between each call and the loop, and ties its connections to one loop
as well. Why not: docs/decisions/0017-positions-on-postgresql.md.
"""

from __future__ import annotations

import asyncio
from collections import deque

from ...errors import NotSimulated, StoreFailed
from ...hooks.gauges import gauge
from ...runtime import in_simulation
from .connecting import Session, open_session
from .settings import Settings


class Connections:
    """The connections of a store, at most ``settings.pool`` on each loop that it is used from.

    A loop that was closed takes its connections with it: they are closed when
    the store is next used on another.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pools: dict[asyncio.AbstractEventLoop, Pool] = {}
        self._latest: tuple[asyncio.AbstractEventLoop | None, Pool] = None, Pool(settings)
        self._closed = False
        gauge("eventcore_active_connections", self.opened, target=settings.database)

    def opened(self) -> int:
        """How many there are, lent or free, on all loops."""
        return sum(pool.opened for pool in list(self._pools.values()))

    async def take(self) -> Session:
        """A connection for the caller alone, who must `give` it back.

        Raises StoreUnavailable, SchemaOutdated and other StoreFailed, and
        NotSimulated inside a world.
        """
        running = asyncio.get_running_loop()
        loop, pool = self._latest  # as one: another thread may turn to the pool of its own loop at any time
        if loop is not running:
            pool = self._turned_to(running)
        if self._closed:
            raise StoreFailed(self._settings.url, "the store was closed")
        return pool.free() or await pool.take()

    def give(self, session: Session) -> None:
        session.pool.give(session)

    def close(self) -> None:
        self._closed = True
        for loop, pool in list(self._pools.items()):
            if loop.is_closed():
                pool.abandon()
            else:
                pool.close()
        self._pools.clear()
        self._latest = None, self._latest[1]

    def _turned_to(self, loop: asyncio.AbstractEventLoop) -> Pool:
        refuse_in_a_world()
        for other in [other for other in list(self._pools) if other.is_closed()]:
            if (left := self._pools.pop(other, None)) is not None:
                left.abandon()
        pool = self._pools.setdefault(loop, Pool(self._settings))
        self._latest = loop, pool
        return pool


def refuse_in_a_world() -> None:
    if in_simulation():
        raise NotSimulated("a store on PostgreSQL", "use 'memory:' or 'sqlite:///PATH' in a simulation")


class Pool:
    """The connections on one loop. Who finds none free waits in line."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._all: list[Session] = []
        self._free: list[Session] = []
        self._waiting: deque[asyncio.Future[Session | None]] = deque()
        self._open = 0
        self._closed = False

    @property
    def opened(self) -> int:
        """How many there are, lent or free, or about to be."""
        return self._open

    def free(self) -> Session | None:
        """One that is free and works; those that the server has ended meanwhile are left aside."""
        while self._free:
            session = self._free.pop()
            if session.is_alive():
                return session
            self._let_go(session)
        return None

    async def take(self) -> Session:
        if self._open >= self._settings.pool:
            if (session := await self._handed()) is not None:
                if session.is_alive():
                    return session
                self._let_go(session)
                return self.free() or await self.take()
        else:
            self._open += 1
        try:
            session = await open_session(self._settings)
        except BaseException:
            self._open -= 1
            self._admit()
            raise
        session.pool = self
        self._all.append(session)
        return session

    def give(self, session: Session) -> None:
        """Take back what was lent. What is not idle any more, after an error or a cancelled call, is closed."""
        if self._closed or not session.is_idle():
            self._let_go(session)
            return
        while self._waiting:
            future = self._waiting.popleft()
            if not future.done():
                future.set_result(session)
                return
        self._free.append(session)

    def close(self) -> None:
        self._closed = True
        for session in self._free:
            session.drop()
        self._free.clear()

    def abandon(self) -> None:
        """Its loop was closed: who still has one of them, as a wake-up that came too late, never gives it back."""
        self._closed = True
        for session in self._all:
            session.drop()
        self._all.clear()
        self._free.clear()

    async def _handed(self) -> Session | None:
        """A connection from whoever gives one back; or None, with leave to open one."""
        future: asyncio.Future[Session | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():  # handed over at the very moment of being cancelled
                if (session := future.result()) is not None:
                    self.give(session)
                else:
                    self._open -= 1
                    self._admit()
            raise

    def _let_go(self, session: Session) -> None:
        session.drop()
        if session in self._all:
            self._all.remove(session)
        self._open -= 1
        self._admit()

    def _admit(self) -> None:
        """Let the next in line open a connection in the place of one that is gone."""
        while self._waiting:
            future = self._waiting.popleft()
            if not future.done():
                self._open += 1
                future.set_result(None)
                return
