"""What holds for as long as a block lasts, and says so where it was called and no block was begun."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import wraps
from types import TracebackType
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Block(AbstractContextManager[T]):
    """One call of what `as_block` made. Thrown away unbegun it warns, as a coroutine does that was never awaited."""

    def __init__(self, called: str, held: AbstractContextManager[T, bool | None]) -> None:
        self._called, self._held, self._begun = called, held, False

    def __enter__(self) -> T:
        self._begun = True
        return self._held.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        return self._held.__exit__(kind, error, traceback)

    def __del__(self) -> None:
        if not self._begun:
            message = f"{self._called} changed nothing: it holds for as long as a block lasts, so say `with` before it"
            warnings.warn(message, RuntimeWarning, stacklevel=2)


def as_block(function: Callable[P, Iterator[T]]) -> Callable[P, Block[T]]:
    """`contextmanager` for a method whose call alone does nothing, which is easily taken for done."""
    managed = contextmanager(function)

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> Block[T]:
        given = ", ".join(map(str, args[1:]))
        return Block(f"{function.__name__}({given})", managed(*args, **kwargs))

    return call
