"""What a simulated world cannot do."""

from __future__ import annotations

from collections.abc import Sequence

from .base import SimulationError


class Deadlock(SimulationError):
    """Nothing can ever run again. *waiting* names each task and what it waits for."""

    def __init__(self, waiting: Sequence[str]) -> None:
        super().__init__(tuple(waiting))
        self.waiting = tuple(waiting)

    def __str__(self) -> str:
        lines = "".join(f"\n  {line}" for line in self.waiting)
        return f"nothing can ever run again, and the main coroutine has not ended{lines}"


class BudgetSpent(SimulationError):
    """A run went as far as it may and had not ended: nobody knows whether it ever would. *waiting* as in Deadlock."""

    def __init__(self, budget: str, waiting: Sequence[str]) -> None:
        super().__init__(budget, tuple(waiting))
        self.budget, self.waiting = budget, tuple(waiting)

    def __str__(self) -> str:
        lines = "".join(f"\n  {line}" for line in self.waiting)
        return f"the run had not ended after {self.budget}, which is its budget{lines}"


class NotSimulated(SimulationError):
    """A way out of the simulation was tried. *instead* says what to use."""

    def __init__(self, what: str, instead: str) -> None:
        super().__init__(what, instead)
        self.what, self.instead = what, instead

    def __str__(self) -> str:
        return f"{self.what} would leave the simulated world; {self.instead}"


class EntropyRead(SimulationError):
    """*what* was asked at *place*, and no seed answers it: no run could be repeated. *instead* says what to use."""

    def __init__(self, what: str, place: str, instead: str) -> None:
        super().__init__(what, place, instead)
        self.what, self.place, self.instead = what, place, instead

    def __str__(self) -> str:
        return f"{self.what} in a simulated world is not answered by its seed, at {self.place}; {self.instead}"


class WorldReentered(SimulationError):
    """A world was run from inside itself."""

    def __str__(self) -> str:
        return "this world is running already; start tasks in it with node.start() instead"


class ScriptMisfit(SimulationError):
    """A script of choices names a task that is not there: the program is not the one that was recorded."""

    def __init__(self, number: int, choice: int, ready: int) -> None:
        super().__init__(number, choice, ready)
        self.number, self.choice, self.ready = number, choice, ready

    def __str__(self) -> str:
        return (
            f"choice {self.number} of the script is {self.choice}, and only {self.ready} tasks were ready: "
            "it was recorded from another program; Scripted(choices, strict=False) takes the oldest task instead"
        )


class NodeCrashed(SimulationError):
    """What was asked of a node ended when the node crashed."""

    def __init__(self, node: str) -> None:
        super().__init__(node)
        self.node = node

    def __str__(self) -> str:
        return f"node {self.node!r} crashed"


class WorkerLost(SimulationError):
    """A process that shared in the runs died, and what it ran is lost."""

    def __str__(self) -> str:
        return (
            "a process that shared in the runs died, killed or short of memory: start again with fewer workers; "
            "in a script, only under if __name__ == '__main__'"
        )
