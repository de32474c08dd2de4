"""In which order the tasks that are ready at one moment run: a policy of the loop."""

from __future__ import annotations

import random
from asyncio import Handle, Task
from collections import deque
from typing import Protocol


class ReadyQueue(Protocol):
    """What the loop asks of a policy. Every handle that is put in comes out once."""

    def append(self, handle: Handle, /) -> None: ...
    def popleft(self) -> Handle: ...
    def clear(self) -> None: ...
    def __len__(self) -> int: ...


class Shuffled:
    """Callbacks in their order, then the ready tasks in an order drawn by chance.

    asyncio promises first in, first out for callbacks, and libraries rely on
    it. Between tasks it promises nothing: whoever relies on their order has a
    race, and here it shows.
    """

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._callbacks: deque[Handle] = deque()
        self._tasks: list[Handle] = []

    def append(self, handle: Handle, /) -> None:
        steps_a_task = isinstance(getattr(handle._callback, "__self__", None), Task)  # type: ignore[attr-defined]
        (self._tasks if steps_a_task else self._callbacks).append(handle)

    def popleft(self) -> Handle:
        if self._callbacks:
            return self._callbacks.popleft()
        tasks = self._tasks
        chosen = self._chance.randrange(len(tasks))
        tasks[chosen], tasks[-1] = tasks[-1], tasks[chosen]
        return tasks.pop()

    def clear(self) -> None:
        self._callbacks.clear()
        self._tasks.clear()

    def __len__(self) -> int:
        return len(self._callbacks) + len(self._tasks)
