"""What can be wrong with what a person wrote."""

from __future__ import annotations

from collections.abc import Sequence

from .base import GiveUp

SHOWN_MAX = 1_000
"""So many characters of a wrong value are shown; what is longer is not read."""


class InvalidValue(GiveUp, ValueError):
    """A setting outside its domain: which one, its value, and what would do."""

    def __init__(self, name: str, value: object, expected: str) -> None:
        super().__init__(name, value, expected)
        self.name, self.value, self.expected = name, value, expected

    def __str__(self) -> str:
        return f"{self.name} is {_shown(self.value)}; expected {self.expected}"


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except Exception as error:  # what is wrong with a value may be this
        return f"{object.__repr__(value)}, which cannot be shown ({error})"
    return text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]}…"


class ScenarioInvalid(GiveUp, ValueError):
    """A scenario, or a file it names, has problems. *problems* are finished lines, one each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(tuple(problems))
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return "\n".join(self.problems)


class RunRefused(GiveUp):
    """A run that would tell a false story, or overwrite an earlier one. Says what would do."""
