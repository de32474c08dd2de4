"""Who waits for what, in words: for the moment when nothing can ever run again."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

_ASYNCIO = Path(asyncio.__file__).parent


def describe_waiting(loop: asyncio.AbstractEventLoop, *, in_vain: bool = True) -> list[str]:
    """One line for each unfinished task, oldest first: its name, its place, what it awaits, *in_vain* or not."""
    tasks = [task for task in asyncio.all_tasks(loop) if not _is_dead(task)]
    return [_describe(task, in_vain) for task in sorted(tasks, key=lambda task: getattr(task, "number", 0))]


def _is_dead(task: asyncio.Task[Any]) -> bool:
    incarnation = getattr(task, "incarnation", None)
    return incarnation is not None and incarnation.dead


def _describe(task: asyncio.Task[Any], in_vain: bool) -> str:
    life = getattr(task, "incarnation", None)
    if life is not None and life.pauses:
        return f"{task.get_name()} at {_place(task.get_coro())} is held back: node {life.node} is paused"
    waits_for = getattr(task, "_fut_waiter", None)
    if waits_for is None:
        awaited = "nothing it could name" if in_vain else "its turn"
    else:
        resolved = isinstance(waits_for, asyncio.Task) or not in_vain
        awaited = _name(waits_for) + ("" if resolved else " that nobody resolves")
    return f"{task.get_name()} at {_place(task.get_coro())} waits for {awaited}"


def _name(waits_for: Any) -> str:
    if isinstance(waits_for, asyncio.Task):
        ended = f", which ended with node {waits_for.incarnation.node}" if _is_dead(waits_for) else ""  # type: ignore[attr-defined]
        return f"task {waits_for.get_name()}{ended}"
    return f"a {type(waits_for).__name__}"


def _place(coro: Any) -> str:
    """Where the innermost coroutine stands that is not asyncio's own: ``file.py:12 in fetch (asyncio's Lock.acquire)``.

    What it called of asyncio comes without a line, for that differs between versions of Python.
    """
    frame = inside = None
    while coro is not None:
        here = getattr(coro, "cr_frame", None) or getattr(coro, "ag_frame", None)
        if here is not None and (frame is None or not _is_asyncio(here)):
            frame, inside = here, None
        elif here is not None and inside is None:
            inside = here
        coro = getattr(coro, "cr_await", None) or getattr(coro, "ag_await", None)
    if frame is None:
        return "an unknown place"
    return _line(frame) + (f" (asyncio's {inside.f_code.co_qualname})" if inside is not None else "")


def _is_asyncio(frame: Any) -> bool:
    return Path(frame.f_code.co_filename).parent == _ASYNCIO


def _line(frame: Any) -> str:
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno} in {frame.f_code.co_name}"
