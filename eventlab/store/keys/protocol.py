"""What a keeper of keys does."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from ...errors import InvalidValue

KEY_BYTES = 64
"""AES-256-SIV takes two keys of 32 bytes."""

SUBJECT_CHARACTERS_MAX = 255


class Keys(Protocol):
    """One key for each subject, by the id of the subject."""

    async def find(self, subjects: Collection[str]) -> dict[str, bytes]:
        """The keys of those of *subjects* that have one."""

    async def make(self, subjects: Collection[str]) -> dict[str, bytes]:
        """The keys of all *subjects*, made for those that had none. Raises SubjectErased, and then makes none."""

    async def erase(self, subject: str) -> None:
        """Remove the key of *subject* for good. What was sealed with it can be read by nobody any more.

        Returns once it is done, also if it had been done before, or there was
        no key. `make` refuses the subject from then on.
        """

    async def close(self) -> None:
        """Let go of files."""


def check_subject(subject: str) -> None:
    if not 0 < len(subject) <= SUBJECT_CHARACTERS_MAX or "\0" in subject:
        raise InvalidValue("subject", subject, f"an id of 1 to {SUBJECT_CHARACTERS_MAX} characters")
