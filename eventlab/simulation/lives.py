"""Whose life a handle is of: dead ones never run again, paused ones later. Asked only where that may be."""

from __future__ import annotations

from contextvars import Context
from typing import Any

from .handles import SimulationTask
from .incarnation import INCARNATION, Incarnation


class Lives:
    """The part of a loop that holds back what belongs to nodes that are dead or paused."""

    _ready: Any

    def __init__(self) -> None:
        super().__init__()
        self.fenced = False
        """True once a node has crashed, and while one is paused: then every handle is asked whose life it is of."""
        self.crashed, self.pauses = False, 0
        self.slowed = False
        """True once a node was slow: from then on whoever works asks how slow its node is."""
        self.graveyard: list[Any] = []
        """What belongs to dead nodes, kept so that no destructor runs a line of theirs."""

    def guard(self, more_pauses: int) -> None:
        """So many more nodes are paused, or fewer: ask for the life of every handle for as long as that is needed."""
        self.pauses += more_pauses
        self.fenced = self.crashed or self.pauses > 0

    def abandon(self, task: SimulationTask[Any], context: Context) -> None:
        """Never run *task* again, whose own *context* this is, nor let it be destroyed: as if its node had crashed."""
        task.incarnation = Incarnation(task.get_name(), 0)
        task.incarnation.dead = True
        context.run(INCARNATION.set, task.incarnation)
        self.graveyard.append(task)
        self.crashed = self.fenced = True

    def go_on(self, deferred: list[Any]) -> None:
        """Make ready what a pause has held back, behind what is ready already."""
        append = self._ready.append
        for handle in deferred:
            append(handle)

    def _is_held(self, handle: Any) -> bool:
        """Whether the handle belongs to a life that has ended, or to one that is paused.

        The former is kept for ever and never run; the latter waits for the end of the pause, in its place.
        """
        life = handle._context.get(INCARNATION)
        if life is None or (life.deferred is None and not life.dead):
            return False
        (self.graveyard if life.dead else life.deferred).append(handle)
        return True
