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

    *where* names position, stream and type of the event. Where the log ends
    before the rows, since it was restored, *where* is the position of the rows.
    """

    def __init__(self, projection: str, where: str, reason: str) -> None:
        super().__init__(projection, where, reason)
        self.projection, self.where, self.reason = projection, where, reason

    def __str__(self) -> str:
        return f"projection {self.projection!r} stopped at {self.where}: {self.reason}"


class ProjectionOutdated(GiveUp):
    """The rows were made by another definition of the projection: they are rebuilt, and never mixed.

    *found* is the version that made them, *wanted* that of this program; where
    they are the same, *changed* says what differs all the same.
    """

    def __init__(self, projection: str, found: int, wanted: int, changed: str = "") -> None:
        super().__init__(projection, found, wanted, changed)
        self.projection, self.found, self.wanted, self.changed = projection, found, wanted, changed

    def __str__(self) -> str:
        made = f"the rows of projection {self.projection!r} were made by version {self.found}"
        if self.found > self.wanted:
            return f"{made}, newer than {self.wanted}, which this program has; update it"
        if self.found < self.wanted:
            return f"{made}, and this program has {self.wanted}: rebuild() or reset() makes them anew"
        return f"{made}, with other {self.changed} than now; give the projection version {self.found + 1}"
