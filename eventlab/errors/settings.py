"""What can be wrong with what a person wrote."""

from __future__ import annotations

from collections.abc import Sequence

from .base import GiveUp


class InvalidValue(GiveUp, ValueError):
    """A setting outside its domain: which one, its value, and what would do."""

    def __init__(self, name: str, value: object, expected: str) -> None:
        super().__init__(name, value, expected)
        self.name, self.value, self.expected = name, value, expected

    def __str__(self) -> str:
        return f"{self.name} is {self.value!r}; expected {self.expected}"


class ScenarioInvalid(GiveUp, ValueError):
    """A scenario, or a file it names, has problems. *problems* are finished lines, one each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(tuple(problems))
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return "\n".join(self.problems)


class RunRefused(GiveUp):
    """A run that would tell a false story, or overwrite an earlier one. Says what would do."""
