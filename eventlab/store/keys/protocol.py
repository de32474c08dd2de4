"""What a keeper of keys does."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol, TypeAlias
from uuid import UUID

from ...codec.encoded import is_storable
from ...errors import InvalidValue
from ..closing import Closing

KEY_BYTES = 64
"""AES-256-SIV takes two keys of 32 bytes."""

SUBJECT_CHARACTERS_MAX = 255


Subject: TypeAlias = str | int | UUID
"""The id of a person, as an event may hold it."""


class Keys(Closing, Protocol):
    """One key for each subject, by the id of the subject. ``async with`` closes them."""

    @property
    def name(self) -> str:
        """Where they are kept, as errors call it."""

    async def identity(self, *, make: bool = False) -> str | None:
        """What tells these keys from all others: drawn once, if somebody asked to *make* it, and kept with them."""

    async def find(self, subjects: Collection[str]) -> dict[str, bytes]:
        """The keys of those of *subjects* that have one."""

    async def erased(self, subjects: Collection[str]) -> set[str]:
        """Those of *subjects* that were erased here. Who is neither here nor found is unknown to these keys."""

    async def make(self, subjects: Collection[str]) -> dict[str, bytes]:
        """The keys of all *subjects*, made for those that had none. Raises SubjectErased, and then makes none."""

    async def erase(self, subject: Subject) -> bool:
        """Remove the key of *subject* for good. What was sealed with it can be read by nobody any more.

        Says whether there was a key: False also if it had been erased before.
        `make` refuses the subject from then on, in either case. Returns once
        it is done.
        """

    async def close(self) -> None:
        """Let go of files."""


def subject_text(subject: Subject) -> str:
    """*subject* as events and keys call it: a number in digits, a UUID as JSON has it. Raises InvalidValue."""
    if isinstance(subject, bool) or not isinstance(subject, (str, int, UUID)):
        raise InvalidValue("subject", subject, "an id that is a str, an int or a UUID")
    text = str(int(subject) if isinstance(subject, int) else subject)
    check_subject(text)
    return text


def check_subject(subject: str) -> None:
    if not 0 < len(subject) <= SUBJECT_CHARACTERS_MAX or not is_storable(subject):
        raise InvalidValue("subject", subject, f"an id of 1 to {SUBJECT_CHARACTERS_MAX} characters")
