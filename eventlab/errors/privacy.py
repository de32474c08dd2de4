"""What can go wrong with data about people."""

from __future__ import annotations

from .base import GiveUp
from .store import UndecodableEvent


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


class WrongKeys(GiveUp):
    """A store that is sealed with the keys *wanted* was opened with others. Nothing was read or written with them."""

    def __init__(self, store: str, wanted: str, keys: str, found: str | None) -> None:
        super().__init__(store, wanted, keys, found)
        self.store, self.wanted, self.keys, self.found = store, wanted, keys, found

    def __str__(self) -> str:
        holds = "holds none at all" if self.found is None else f"holds those called {self.found}"
        return (
            f"{self.store} is sealed with the keys called {self.wanted}, and {self.keys} {holds}; "
            "open it with its own keys, or with a backup of them"
        )


class KeyMissing(UndecodableEvent):
    """A sealed event about somebody whose key is not there, though it was not erased."""

    def __init__(self, type_name: str, subject: str, where: str = "") -> None:
        reason = f"the keys hold no key of subject {subject!r}, and it was not erased; they may be another store's"
        super().__init__(type_name, reason, where)
        self.args = (type_name, subject, where)
        self.subject = subject
