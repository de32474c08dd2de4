"""Where the messages of a node wait until its code takes them."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any


class Inbox:
    """The messages that have reached a node and were not taken yet, oldest first."""

    def __init__(self) -> None:
        self._messages: deque[Any] = deque()
        self._waiting: deque[asyncio.Future[None]] = deque()

    def __len__(self) -> int:
        return len(self._messages)

    def put(self, message: Any) -> None:
        self._messages.append(message)
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                break

    async def get(self) -> Any:
        """The oldest message, as soon as there is one."""
        while not self._messages:
            waiter = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            await waiter
        return self._messages.popleft()
