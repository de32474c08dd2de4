"""A fault takes the place of one method of the store in memory.

It is given the method that was there, and what the caller gave.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from fnmatch import fnmatch
from typing import Any

Fault = Callable[..., Awaitable[Any]]
Faults = dict[str, tuple[str, Fault]]
"""By name: which method, and what takes its place."""


def planting(faults: Faults) -> Callable[[str], Callable[[Fault], Fault]]:
    """A decorator for *faults*: the decorated function takes the place of a method of a store, or of its records."""

    def planted(method: str) -> Callable[[Fault], Fault]:
        def plant(fault: Fault) -> Fault:
            faults[fault.__name__] = (method, fault)
            return fault

        return plant

    return planted


def like(name: str, pattern: str) -> bool:
    """As LIKE would do it, in which ``_`` and ``%`` stand for others."""
    return fnmatch(name, pattern.replace("%", "*").replace("_", "?"))
