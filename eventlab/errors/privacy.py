"""What can go wrong with data about people."""

from __future__ import annotations

from .base import GiveUp


class SubjectErased(GiveUp):
    """Personal data about somebody whose key was erased. Nothing was written, and nothing about them ever will be."""

    def __init__(self, subject: str) -> None:
        super().__init__(subject)
        self.subject = subject

    def __str__(self) -> str:
        return (
            f"the key of subject {self.subject!r} was erased, so nothing personal about them is stored any more; "
            "whoever comes back needs a new id"
        )
