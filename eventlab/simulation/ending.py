"""The end of a world: what is unfinished is closed, and what refuses to be closed is left alone for ever."""

from __future__ import annotations

import asyncio
import atexit
import ctypes
import weakref
from inspect import CORO_CREATED, getcoroutinestate, iscoroutine
from typing import Any, Protocol


class _Closable(Protocol):
    def close(self) -> None: ...


CLOSINGS_MAX = 10
"""So many waits on the way out are borne with: a ``finally`` that awaits is one."""

_open: weakref.WeakSet[Any] = weakref.WeakSet()


def close_at_exit(world: _Closable) -> None:
    """Close *world* when the interpreter ends, should it still be open then.

    The interpreter would throw its coroutines away one by one, and with no loop at work: code that
    swallows every error, round and round, would then never come to an end.
    """
    _open.add(world)


def leave_open(world: _Closable) -> None:
    """Never close *world*, not when the interpreter ends either. Whoever asks for this keeps it and its tasks alive."""
    _open.discard(world)


@atexit.register
def _close_all() -> None:
    for world in list(_open):
        world.close()


def close_unbegun(task: asyncio.Task[Any]) -> None:
    """Close what a task was to run, if no line of it ever ran: a destructor would warn that nobody awaited it."""
    coroutine = task.get_coro()
    if iscoroutine(coroutine) and getcoroutinestate(coroutine) == CORO_CREATED:
        coroutine.close()


def close_quietly(task: asyncio.Task[Any]) -> None:
    """Close what a task was running. Its ``finally`` blocks run now, when nothing listens any more.

    For a coroutine that goes on waiting all the same there is nothing more to be done but to keep it: whoever
    throws it away runs its code again.
    """
    coroutine: Any = task.get_coro()
    if coroutine is None:
        return
    for _ in range(CLOSINGS_MAX):
        try:
            coroutine.close()
            return
        except BaseException:  # an error of its own ends it; a wait of its own does not
            if getattr(coroutine, "cr_frame", None) is None:
                return
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(coroutine))
