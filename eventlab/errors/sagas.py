"""What can go wrong with a saga."""

from __future__ import annotations

from .base import GiveUp


class SagaMisdefined(GiveUp, ValueError):
    """Steps in an order, or of a kind, that could not be carried through or undone."""

    def __init__(self, saga: str, reason: str) -> None:
        super().__init__(saga, reason)
        self.saga, self.reason = saga, reason

    def __str__(self) -> str:
        return f"saga {self.saga!r}: {self.reason}"


class SagaInputDiffers(GiveUp):
    """A saga of that id was started before, with another input."""

    def __init__(self, saga_id: str) -> None:
        super().__init__(saga_id)
        self.saga_id = saga_id

    def __str__(self) -> str:
        return f"saga {self.saga_id!r} was started before with a different input"


class UnknownSaga(GiveUp):
    """No definition of that name and version is at hand, or no saga of that id was started."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what

    def __str__(self) -> str:
        return f"unknown saga: {self.what}"
