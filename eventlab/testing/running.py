"""Running a coroutine from a plain test function."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run *main* to its end on a fresh event loop and give back its result.

    The real clock runs: a test that sleeps belongs into a world instead.
    """
    return asyncio.run(main)
