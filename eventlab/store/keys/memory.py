"""Keys in memory: for tests and worlds."""

from __future__ import annotations

from collections.abc import Collection

from ...errors import SubjectErased
from ...runtime import secret_bytes
from ..closing import Closing
from .belonging import new_identity
from .protocol import KEY_BYTES, Subject, check_subject, subject_text


class MemoryKeys(Closing):
    """Keys as long as the object lives. What is sealed with them is lost with it."""

    def __init__(self) -> None:
        self.name = "keys in memory"
        self._identity: str | None = None
        self._keys: dict[str, bytes] = {}
        self._erased: set[str] = set()

    async def identity(self, *, make: bool = False) -> str | None:
        if self._identity is None and make:
            self._identity = new_identity()
        return self._identity

    async def find(self, subjects: Collection[str]) -> dict[str, bytes]:
        return {subject: self._keys[subject] for subject in subjects if subject in self._keys}

    async def erased(self, subjects: Collection[str]) -> set[str]:
        return self._erased.intersection(subjects)

    async def make(self, subjects: Collection[str]) -> dict[str, bytes]:
        for subject in subjects:
            check_subject(subject)
            if subject in self._erased:
                raise SubjectErased(subject)
        for subject in subjects:
            if subject not in self._keys:
                self._keys[subject] = secret_bytes(KEY_BYTES)
        return await self.find(subjects)

    async def erase(self, subject: Subject) -> bool:
        known = subject_text(subject)
        self._erased.add(known)
        return self._keys.pop(known, None) is not None

    async def close(self) -> None:
        """Nothing to let go of."""
