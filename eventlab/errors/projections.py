"""What can go wrong with a projection."""

from __future__ import annotations

from .base import GiveUp


class ProjectionMisdefined(GiveUp, ValueError):
    """A projection whose tables or handlers could not work."""

    def __init__(self, projection: str, reason: str) -> None:
        super().__init__(projection, reason)
        self.projection, self.reason = projection, reason

    def __str__(self) -> str:
        return f"projection {self.projection!r}: {self.reason}"


class ProjectionFailed(GiveUp):
    """A handler raised, and the projection stopped before that event; its rows are those of all events before.

    *where* names position, stream and type of the event.
    """

    def __init__(self, projection: str, where: str, reason: str) -> None:
        super().__init__(projection, where, reason)
        self.projection, self.where, self.reason = projection, where, reason

    def __str__(self) -> str:
        return f"projection {self.projection!r} stopped at {self.where}: {self.reason}"
