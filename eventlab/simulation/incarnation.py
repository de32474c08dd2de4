"""One life of a node. Tasks carry it in a contextvar; when it ends, they are never resumed."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any, Protocol


class Belonging(Protocol):
    """What a life holds outside its own tasks, and has to be told when the life ends."""

    def abandon(self, graveyard: list[Any]) -> None:
        """The life is over. What must not be run by a destructor goes into *graveyard*."""


class Incarnation:
    """The *number*-th life of *node*. Once dead it stays dead; a restart is another one."""

    __slots__ = ("belongings", "dead", "deferred", "node", "number", "pauses", "slowness")

    def __init__(self, node: str, number: int, slowness: float = 1.0) -> None:
        self.node, self.number, self.dead = node, number, False
        self.slowness = slowness
        """How many times as long its work takes as on a healthy node."""
        self.pauses = 0
        self.deferred: list[Any] | None = None
        """While it is paused: the handles that wait for the end of that, in the order in which they were due."""
        self.belongings: dict[Belonging, None] = {}

    def __repr__(self) -> str:
        state = " dead" if self.dead else " paused" if self.pauses else ""
        return f"<{self.node}#{self.number}{state}>"

    def end(self, graveyard: list[Any]) -> None:
        """Die: never run again, and let go of what is held elsewhere."""
        self.dead, self.pauses = True, 0
        deferred, self.deferred = self.deferred, None
        graveyard.extend(deferred or ())
        belongings, self.belongings = self.belongings, {}
        for belonging in belongings:
            belonging.abandon(graveyard)


INCARNATION: ContextVar[Incarnation | None] = ContextVar("eventlab_incarnation", default=None)
"""Whose life the running code belongs to; None for the world's own code."""
