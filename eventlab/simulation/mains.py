"""What is run: a coroutine, or a function that gives one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from ..errors import InvalidValue

T = TypeVar("T")


def coroutine_of(
    name: str, main: Callable[[], Coroutine[Any, Any, T]] | Coroutine[Any, Any, T]
) -> Coroutine[Any, Any, T]:
    """The coroutine that *main* is, or gives when it is called. Raises InvalidValue where that is none."""
    made: object = main() if callable(main) else main
    if not asyncio.iscoroutine(made):
        raise InvalidValue(name, made, "a coroutine function, or its coroutine")
    return made
