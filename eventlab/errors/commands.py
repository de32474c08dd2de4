"""What can go wrong with a command."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .base import GiveUp

_LINKS_SHOWN = 7


class Refused(GiveUp):
    """A business rule said no. *code* is for programs, *message* for people, *facts* for both."""

    def __init__(self, code: str, message: str = "", facts: Mapping[str, Any] | None = None) -> None:
        super().__init__(code, message, dict(facts or {}))
        self.code, self.message, self.facts = code, message, dict(facts or {})

    def __str__(self) -> str:
        return f"refused ({self.code}): {self.message}" if self.message else f"refused ({self.code})"


class UndeclaredStream(GiveUp):
    """A command writes to a stream that it neither declared nor discovered."""

    def __init__(self, command: str, stream: str, declared: Iterable[str]) -> None:
        super().__init__(command, stream, tuple(declared))
        self.command, self.stream, self.declared = command, stream, tuple(declared)

    def __str__(self) -> str:
        return f"{self.command} writes to {self.stream!r}, but declared only {', '.join(self.declared)}"


class CommandMisdeclared(GiveUp, TypeError):
    """A command class whose declaration could not work: of its streams, of its methods, or of what it returns."""

    def __init__(self, command: str, reason: str) -> None:
        super().__init__(command, reason)
        self.command, self.reason = command, reason

    def __str__(self) -> str:
        return f"command {self.command}: {self.reason}"


class DiscoveryLimit(GiveUp):
    """A command kept on discovering streams. *chain* tells which led to which, from a declared one on."""

    def __init__(self, command: str, limit: int, chain: Iterable[str]) -> None:
        super().__init__(command, limit, tuple(chain))
        self.command, self.limit, self.chain = command, limit, tuple(chain)

    def __str__(self) -> str:
        shown = self.chain if len(self.chain) <= _LINKS_SHOWN else (*self.chain[:2], "…", *self.chain[-4:])
        return f"{self.command} discovered more than {self.limit} streams, at last by {' → '.join(shown)}"
