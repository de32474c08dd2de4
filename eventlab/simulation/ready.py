"""In which order the tasks that are ready at one moment run: a policy of the loop."""

from __future__ import annotations

import random
from asyncio import Handle, Task
from collections import deque
from typing import Any, Protocol

from ..errors import ScriptMisfit


class ReadyQueue(Protocol):
    """What the loop asks of a policy. Every handle that is put in comes out once."""

    def append(self, handle: Handle, /) -> None: ...
    def popleft(self) -> Handle: ...
    def clear(self) -> None: ...
    def __len__(self) -> int: ...


class Choosing:
    """Callbacks in their order, then the ready tasks as `_choose` says; here the oldest first.

    asyncio promises first in, first out for callbacks, and libraries rely on
    it. Between tasks it promises nothing: whoever relies on their order has a
    race, and here it shows.
    """

    def __init__(self) -> None:
        self._callbacks: deque[Handle] = deque()
        self._tasks: list[Handle] = []
        self.choices: list[int] = []
        """Which of the ready tasks was taken, counted from the oldest, wherever there were several."""

    def append(self, handle: Handle, /) -> None:
        steps_a_task = isinstance(getattr(handle._callback, "__self__", None), Task)  # type: ignore[attr-defined]
        (self._tasks if steps_a_task else self._callbacks).append(handle)

    def popleft(self) -> Handle:
        if self._callbacks:
            return self._callbacks.popleft()
        chosen = self._choose(self._tasks)
        if len(self._tasks) > 1:
            self.choices.append(chosen)
        return self._tasks.pop(chosen)

    def _choose(self, tasks: list[Handle]) -> int:
        return 0

    def clear(self) -> None:
        self._callbacks.clear()
        self._tasks.clear()

    def __len__(self) -> int:
        return len(self._callbacks) + len(self._tasks)


class Shuffled(Choosing):
    """Any of the ready tasks, with equal chances."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self._chance = chance

    def _choose(self, tasks: list[Handle]) -> int:
        return self._chance.randrange(len(tasks))


class Prioritised(Choosing):
    """The ready task of the highest priority; *depth* - 1 times, whoever would be next falls below all others."""

    def __init__(self, chance: random.Random, depth: int, steps: int) -> None:
        super().__init__()
        self._chance, self._step, self._fallen = chance, 0, 0
        self._falls = sorted(chance.randrange(steps) for _ in range(depth - 1))
        self._priorities: dict[int, float] = {}

    def _choose(self, tasks: list[Handle]) -> int:
        priorities = [self._priority(handle) for handle in tasks]
        chosen = priorities.index(max(priorities))
        while self._fallen < len(self._falls) and self._falls[self._fallen] <= self._step:
            self._fallen += 1
            priorities[chosen] = self._priorities[_number(tasks[chosen])] = -float(self._fallen)
            chosen = priorities.index(max(priorities))
        self._step += 1
        return chosen

    def _priority(self, handle: Handle) -> float:
        number = _number(handle)
        found = self._priorities.get(number)
        if found is None:
            found = self._priorities[number] = self._chance.random()
        return found


class Replayed(Choosing):
    """What a script says, choice for choice; after its end the oldest task.

    A choice that cannot be made raises ScriptMisfit where the script is *strict*; else the oldest task runs.
    """

    def __init__(self, script: tuple[int, ...], strict: bool) -> None:
        super().__init__()
        self._script, self._strict = script, strict

    def _choose(self, tasks: list[Handle]) -> int:
        made = len(self.choices)
        wanted = self._script[made] if len(tasks) > 1 and made < len(self._script) else 0
        if wanted < len(tasks):
            return wanted
        if self._strict:
            raise ScriptMisfit(made, wanted, len(tasks))
        return 0


def _number(handle: Any) -> int:
    number: int = getattr(handle._callback.__self__, "number", 0)
    return number
