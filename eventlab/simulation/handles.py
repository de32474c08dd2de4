"""asyncio's handles and tasks, as light as the world needs them and in an order of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import Context, copy_context
from typing import Any, TypeVar

from .incarnation import Incarnation

T = TypeVar("T")


class Handle(asyncio.Handle):
    """asyncio's handle without its debug bookkeeping: these two are the hottest allocations there are."""

    __slots__ = ()

    _loop = _repr = _source_traceback = None

    def __init__(self, callback: Callable[..., object], args: tuple[Any, ...], context: Context | None) -> None:
        self._callback = callback
        self._args = args
        self._context = copy_context() if context is None else context
        self._cancelled = False

    def cancel(self) -> None:
        self._cancelled = True
        self._callback = self._args = None  # type: ignore[assignment]


class Timer(asyncio.TimerHandle):
    """A timer that lies in SimPy's heap itself."""

    __slots__ = ()

    _repr = _source_traceback = None

    def __init__(
        self, when: float, callback: Callable[..., object], args: tuple[Any, ...], loop: Any, context: Context | None
    ) -> None:
        self._callback = callback
        self._args = args
        self._loop = loop
        self._context = copy_context() if context is None else context
        self._cancelled = False
        self._when = when
        self._scheduled = True

    def cancel(self) -> None:
        if not self._cancelled:
            self._cancelled = True
            self._callback = self._args = None  # type: ignore[assignment]
            if self._scheduled:
                self._loop._timer_handle_cancelled(self)


class SimulationTask(asyncio.Task[T]):
    """A task hashed by its number of creation, so that sets of tasks have one order; it knows whose life it lives."""

    number: int
    incarnation: Incarnation | None

    def __hash__(self) -> int:
        return self.number

    def __eq__(self, other: object) -> bool:
        return self is other
