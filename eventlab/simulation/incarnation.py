"""One life of a node. Tasks carry it in a contextvar; when it ends, they are never resumed."""

from __future__ import annotations

from contextvars import ContextVar


class Incarnation:
    """The *number*-th life of *node*. Once dead it stays dead; a restart is another one."""

    __slots__ = ("dead", "node", "number")

    def __init__(self, node: str, number: int) -> None:
        self.node, self.number, self.dead = node, number, False

    def __repr__(self) -> str:
        return f"<{self.node}#{self.number}{' dead' if self.dead else ''}>"


INCARNATION: ContextVar[Incarnation | None] = ContextVar("eventlab_incarnation", default=None)
"""Whose life the running code belongs to; None for the world's own code."""
