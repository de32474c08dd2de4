"""What clients did and found, and what chance said."""

from __future__ import annotations

from typing import Any

from .happening import Happening


class OperationInvoked(Happening, frozen=True):
    """A client began an operation; how it ends comes as `OperationEnded` with the same id."""

    id: int
    process: str
    operation: str
    subject: str
    value: Any = None


class OperationLate(Happening, frozen=True):
    """The operation that was just invoked was meant to be so much earlier: a busy clock came late to it."""

    id: int
    late_s: float


class OperationEnded(Happening, frozen=True):
    """How an operation ended: ``ok``, ``failed`` (it did nothing) or ``unknown``."""

    id: int
    outcome: str
    value: Any = None


class Observed(Happening, frozen=True):
    """A final read: what was found under *subject* when the world had settled."""

    subject: str
    value: Any


class Drawn(Happening, frozen=True):
    """A number was drawn from a random stream of a world that records its draws; as text if it has over 53 bits.

    Emitted to those who listen closely.
    """

    stream: str
    value: float | int | str
