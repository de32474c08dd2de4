"""What a check answers, with its reason and its evidence."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

WITNESSES_MAX = 5
"""How many witnesses an answer carries. A reader needs one; a file needs a limit."""


class CheckResult(msgspec.Struct, frozen=True):
    """Valid, invalid, or unknown (None) when what was found does not decide it.

    *because* is a sentence; *witnesses* are the smallest pieces of evidence,
    the first few of them, each readable by itself.
    """

    name: str
    valid: bool | None
    because: str
    witnesses: tuple[Any, ...] = ()

    def __str__(self) -> str:
        answer = {True: "valid", False: "invalid", None: "unknown"}[self.valid]
        evidence = "".join(f"\n  {witness}" for witness in self.witnesses)
        return f"{self.name}: {answer}, because {self.because}{evidence}"


def held(name: str, because: str) -> CheckResult:
    return CheckResult(name, True, because)


def broken(name: str, because: str, witnesses: Iterable[Any]) -> CheckResult:
    return CheckResult(name, False, because, tuple(witnesses)[:WITNESSES_MAX])


def undecided(name: str, because: str, witnesses: Iterable[Any] = ()) -> CheckResult:
    return CheckResult(name, None, because, tuple(witnesses)[:WITNESSES_MAX])


def verdict(results: Iterable[CheckResult]) -> bool | None:
    """One answer for many: invalid if any is, else unknown if any is, else valid."""
    answers = [result.valid for result in results]
    if False in answers:
        return False
    return None if None in answers else True
