"""What can go wrong with a saga."""

from __future__ import annotations

from .base import GiveUp, UnknownOutcome


class SagaMisdefined(GiveUp, ValueError):
    """Steps in an order, or of a kind, that could not be carried through or undone."""

    def __init__(self, saga: str, reason: str) -> None:
        super().__init__(saga, reason)
        self.saga, self.reason = saga, reason

    def __str__(self) -> str:
        return f"saga {self.saga!r}: {self.reason}"


class SagaInputDiffers(GiveUp):
    """A saga of that id was started before, with another input, or under *another* definition."""

    def __init__(self, saga_id: str, another: str = "") -> None:
        super().__init__(saga_id, another)
        self.saga_id, self.another = saga_id, another

    def __str__(self) -> str:
        if self.another:
            return f"saga {self.saga_id!r} was started before, as one of {self.another!r}; one id is one saga"
        return f"saga {self.saga_id!r} was started before with a different input"


class UnknownSaga(GiveUp):
    """No definition of that name and version is at hand, or no saga of that id was started."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what

    def __str__(self) -> str:
        return f"unknown saga: {self.what}"


class SagaVerbRefused(GiveUp):
    """Somebody wanted to intervene in a saga that is not in a state for it."""

    def __init__(self, saga_id: str, verb: str, reason: str) -> None:
        super().__init__(saga_id, verb, reason)
        self.saga_id, self.verb, self.reason = saga_id, verb, reason

    def __str__(self) -> str:
        saga = f"saga {self.saga_id!r}" if self.saga_id else "the saga"
        return f"cannot {self.verb} {saga}: {self.reason}"


class SagaDiverged(GiveUp):
    """The definition of that version has changed since the saga was begun, and would have gone another way.

    Give changed steps a new version, and keep the old definition for as long as sagas of it are under way.
    """

    def __init__(self, saga_id: str, definition: str, version: int, where: str) -> None:
        super().__init__(saga_id, definition, version, where)
        self.saga_id, self.definition, self.version, self.where = saga_id, definition, version, where

    def __str__(self) -> str:
        return (
            f"saga {self.saga_id!r} was begun under another definition {self.definition!r} version {self.version}: "
            f"{self.where}. Give the changed definition a new version"
        )


class ChildUnsettled(UnknownOutcome):
    """A saga that is a step of another one is stuck: how it ends is for somebody to decide."""

    def __init__(self, saga_id: str, reason: str) -> None:
        super().__init__(saga_id, reason)
        self.saga_id, self.reason = saga_id, reason

    def __str__(self) -> str:
        return f"saga {self.saga_id!r} is stuck: {self.reason}"
