"""One event loop at a time uses a store: its connections know nothing of two threads."""

from __future__ import annotations

import asyncio
import threading

from ...errors import InvalidValue


class OneLoop:
    """Which loop uses the store at *url*, and on which thread. Another one may when that one runs no more."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0

    def enter(self, loop: asyncio.AbstractEventLoop) -> None:
        """*loop*, which is running here, is going to use it. Raises InvalidValue while another thread's loop does.

        A loop inside another one, as that of a world, has the thread to itself meanwhile.
        """
        if loop is self._loop:
            return
        before, here = self._loop, threading.get_ident()
        if before is not None and before.is_running() and self._thread != here:
            raise InvalidValue(
                "a SQLite store", self._url, "one event loop at a time; let each loop open the file for itself"
            )
        self._loop, self._thread = loop, here
