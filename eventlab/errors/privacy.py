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


class PersonalUnsealed(GiveUp):
    """An event with personal fields on its way into a store that seals nothing. Nothing was written."""

    def __init__(self, type_name: str) -> None:
        super().__init__(type_name)
        self.type_name = type_name

    def __str__(self) -> str:
        return (
            f"event {self.type_name!r} has personal fields, and this store would keep them in the clear for good; "
            'open it with keys, as in open_store(url, keys="sqlite:///keys.db")'
        )
