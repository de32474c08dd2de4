"""Keys in memory: for tests and worlds."""

from __future__ import annotations

from collections.abc import Collection

from ...errors import SubjectErased
from ...runtime import secret_bytes
from .protocol import KEY_BYTES, check_subject


class MemoryKeys:
    """Keys as long as the object lives. What is sealed with them is lost with it."""

    def __init__(self) -> None:
        self._keys: dict[str, bytes] = {}
        self._erased: set[str] = set()

    async def find(self, subjects: Collection[str]) -> dict[str, bytes]:
        return {subject: self._keys[subject] for subject in subjects if subject in self._keys}

    async def make(self, subjects: Collection[str]) -> dict[str, bytes]:
        for subject in subjects:
            check_subject(subject)
            if subject in self._erased:
                raise SubjectErased(subject)
        for subject in subjects:
            if subject not in self._keys:
                self._keys[subject] = secret_bytes(KEY_BYTES)
        return await self.find(subjects)

    async def erase(self, subject: str) -> None:
        check_subject(subject)
        self._erased.add(subject)
        self._keys.pop(subject, None)

    async def close(self) -> None:
        """Nothing to let go of."""
