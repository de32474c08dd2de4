"""Waking those who wait for the log to grow, whatever loop or thread they wait on."""

from __future__ import annotations

import asyncio


class Wakeups:
    """Futures that the next append completes.

    Register first, then look whether there is anything new already, then
    wait: so nothing that is written in between is overlooked.
    """

    def __init__(self) -> None:
        self._waiting: dict[asyncio.Future[None], None] = {}

    def register(self) -> asyncio.Future[None]:
        """A future that is done after the next `wake`. Hand it to `forget` when it is not needed any more."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[future] = None
        return future

    def forget(self, future: asyncio.Future[None]) -> None:
        self._waiting.pop(future, None)

    def wake(self) -> None:
        """Complete every registered future; may be called on any thread."""
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, {}
        here = asyncio._get_running_loop()
        for future in list(waiting):  # at once: another thread may have been registering there just now
            loop = future.get_loop()
            if loop is here:
                _done(future)
                continue
            try:
                loop.call_soon_threadsafe(_done, future)
            except RuntimeError:
                continue  # that loop was closed, and whoever waited there is gone


def _done(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
